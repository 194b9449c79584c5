import { ERRORS, isErrorCode } from '../core/errors.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { MinuteCount } from './minute-counts.ts'

export interface IssueLedgerOptions {
  readonly audit: AuditTrail
  /** Every n-th call is also recorded in full; 0 = none. */
  readonly sampleEvery: number
}

/** One call, as the audit log shows it in full. */
export interface CallSample {
  readonly keyId: string
  readonly path: string
  /** `ok` or an error code. */
  readonly result: string
  readonly ids: number
  /** undefined: the call bears none. */
  readonly traceId: string | undefined
}

/** Of which calls there are samples: every n-th, over all of one thread. Of several at once at most one. */
export class CallSampling {
  sampleEvery: number
  #calls = 0

  constructor(sampleEvery: number) {
    this.sampleEvery = sampleEvery
  }

  isDue(calls: number): boolean {
    const { sampleEvery } = this
    const before = this.#calls
    this.#calls += calls
    return sampleEvery > 0 && Math.floor(this.#calls / sampleEvery) > Math.floor(before / sampleEvery)
  }
}

/** What one key asked of one tag, with one outcome, since counts were last written. */
export interface LedgerRow {
  readonly keyId: string
  readonly path: string
  readonly result: string
  requests: number
  ids: number
  /** Counts no more. */
  written: boolean
}

/**
 * Counts who was given how many IDs of which tag, and writes the counts to the audit log once a minute:
 * a record per call would cost more than the call.
 */
export class IssueLedger implements MinuteCount {
  readonly #options: IssueLedgerOptions
  readonly #sampling: CallSampling
  readonly #byKey = new Map<string, Map<string, LedgerRow>>()
  /** By error code, since the start. */
  readonly #failures = new Map<string, number>()
  /** Through no fault of the caller, by tag. */
  readonly #failuresOfTags = new Map<string, number>()
  #counts = 0

  constructor(options: IssueLedgerOptions) {
    this.#options = options
    this.#sampling = new CallSampling(options.sampleEvery)
  }

  /** Live configuration: counts from the next call on. */
  configure({ sampleEvery }: Pick<IssueLedgerOptions, 'sampleEvery'>): void {
    this.#sampling.sampleEvery = sampleEvery
  }

  get sampleEvery(): number {
    return this.#sampling.sampleEvery
  }

  /** `result` is `ok` or an error code; `ids` is 0 for an error. `traceId` goes into sampled records only. */
  count(keyId: string, path: string, result: string, ids: number, traceId: string | undefined): void {
    if (this.#sampling.isDue(1)) this.sample({ keyId, path, result, ids, traceId })
    this.#add(keyId, path, result, { requests: 1, ids })
  }

  /** As many calls with one outcome as `requests` says, `ids` for all of them; at most one of them is a sample. */
  countMany(keyId: string, path: string, result: string, calls: { requests: number; ids: number }): void {
    this.#sampleOne(keyId, path, result, calls)
    this.#add(keyId, path, result, calls)
  }

  /**
   * As countMany of `calls` that were answered with one ID each. `row`: what this answered for the same tag the last time;
   * it saves the look-ups.
   */
  countSingles(row: LedgerRow | undefined, keyId: string, path: string, calls: number): LedgerRow {
    this.#sampleOne(keyId, path, 'ok', { requests: calls, ids: calls })
    const counted =
      row === undefined || row.written || row.keyId !== keyId ? this.#find(keyId, path, 'ok') : row
    counted.requests += calls
    counted.ids += calls
    return counted
  }

  #sampleOne(
    keyId: string,
    path: string,
    result: string,
    { requests, ids }: { requests: number; ids: number },
  ): void {
    if (this.#sampling.isDue(requests))
      this.sample({ keyId, path, result, ids: Math.round(ids / requests), traceId: undefined })
  }

  /** The same of a thread that takes its samples itself, since it knows their traces. */
  countSampled(keyId: string, path: string, result: string, calls: { requests: number; ids: number }): void {
    this.#add(keyId, path, result, calls)
  }

  /** With its workspace, by which who may read that part alone finds it. */
  sample({ keyId: actor, path: subject, result, ids, traceId }: CallSample): void {
    this.#options.audit.record({
      actor,
      action: 'generate',
      subject,
      workspace: subject.split('/')[0],
      result,
      traceId,
      detail: { ids },
    })
  }

  #add(
    keyId: string,
    path: string,
    result: string,
    { requests, ids }: { requests: number; ids: number },
  ): void {
    const count = this.#find(keyId, path, result)
    count.requests += requests
    count.ids += ids
    if (result !== 'ok') this.#countFailure(path, result, requests)
  }

  /** Requests that ended in an error, by its code. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures
  }

  /** Requests that failed through no fault of their caller, by tag; of tags beyond the bound together. */
  get failuresOfTags(): ReadonlyMap<string, number> {
    return this.#failuresOfTags
  }

  #countFailure(path: string, code: string, requests: number): void {
    this.#failures.set(code, (this.#failures.get(code) ?? 0) + requests)
    if (isErrorCode(code) && ERRORS[code].http < 500) return
    const hasRoom = this.#failuresOfTags.size < FAILING_TAGS_MAX || this.#failuresOfTags.has(path)
    const tag = hasRoom ? path : OTHER_TAGS
    this.#failuresOfTags.set(tag, (this.#failuresOfTags.get(tag) ?? 0) + requests)
  }

  write(): void {
    for (const counts of this.#byKey.values())
      for (const row of counts.values()) {
        const { keyId, path, result, requests, ids } = row
        row.written = true
        this.#options.audit.record({
          actor: keyId,
          action: 'generate.count',
          subject: path,
          workspace: path.split('/')[0],
          result,
          detail: { requests, ids },
        })
      }
    this.#byKey.clear()
    this.#counts = 0
  }

  /** Two map look-ups and no new string for a successful call: this is on the path of every ID. */
  #find(keyId: string, path: string, result: string): LedgerRow {
    const ofKey = this.#byKey.get(keyId) ?? this.#newKey(keyId)
    const name = result === 'ok' ? path : `${path} ${result}`
    const found = ofKey.get(name)
    if (found !== undefined) return found
    if (this.#counts >= COUNTS_MAX) {
      this.write()
      return this.#find(keyId, path, result)
    }
    const count: LedgerRow = { keyId, path, result, requests: 0, ids: 0, written: false }
    ofKey.set(name, count)
    this.#counts += 1
    return count
  }

  #newKey(keyId: string): Map<string, LedgerRow> {
    const counts = new Map<string, LedgerRow>()
    this.#byKey.set(keyId, counts)
    return counts
  }
}

/** No path of a tag: those have two slashes. */
export const OTHER_TAGS = '_other'
/** The first so many that fail keep a series of their own, so that none ever becomes less. */
const FAILING_TAGS_MAX = 1000
/** Pairs of key and tag kept in memory; beyond it they are written early, so memory stays bounded. */
const COUNTS_MAX = 10_000
