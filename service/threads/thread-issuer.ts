import type { Attempt } from '../app/attempt.ts'
import type { Caller } from '../app/authenticator.ts'
import type { CallSample, CallSampling } from '../app/issue-ledger.ts'
import type { IssuesBy, RememberedTag, TracedIssuer } from '../app/issuer.ts'
import type { IssuingProtocol, ProtocolCounts } from '../app/protocol-counts.ts'
import type { RateLimits } from '../app/rate-limits.ts'
import type { SubBlockBorrower } from '../app/sub-block-borrower.ts'
import type { RequestLimits } from '../app/use-cases.ts'
import { DurationHistogram } from '../core/duration-histogram.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { Clock } from '../ports/clock.ts'
import type { KnownKeys } from './known-keys.ts'
import type { ThreadMeters } from './thread-meters.ts'
import { ThreadTag } from './thread-tag.ts'
import type { ThreadTally } from './thread-tally.ts'

export interface ThreadIssuerOptions {
  readonly limits: RequestLimits
  /** Counts together with those of the other threads. */
  readonly rates: RateLimits
  readonly clock: Clock
  readonly keys: KnownKeys
  readonly borrower: SubBlockBorrower
  readonly tally: ThreadTally
  readonly meters: ThreadMeters
  /** Calls of all listeners of the thread; kept in `meters`. */
  readonly protocols: ProtocolCounts
  /** As TurnWatch.unreadMs. */
  readonly unreadMs: (nowMs: number) => number
  /** Of the listener that has this issuer. */
  readonly protocol: IssuingProtocol
  readonly sampling: CallSampling
  /** Takes a call for the audit log, which `tally` cannot name: of what is counted together nobody knows the trace. */
  readonly onSample: (sample: CallSample) => void
}

/** The issuer of a protocol thread: out of the shares that the main thread lends. */
export class ThreadIssuer implements TracedIssuer {
  readonly limits: RequestLimits
  readonly rates: RateLimits
  readonly #options: ThreadIssuerOptions
  /** Of all protocols of the thread, and of this one. */
  readonly #durations: DurationHistogram
  readonly #ofProtocol: DurationHistogram

  constructor(options: ThreadIssuerOptions) {
    this.limits = options.limits
    this.rates = options.rates
    this.#options = options
    this.#durations = new DurationHistogram(options.meters.durations)
    this.#ofProtocol = options.protocols.durations[options.protocol]
  }

  peekCaller(keyText: string | undefined, digest?: string, nowMs?: number): Caller | undefined {
    return this.#options.keys.peek(keyText, digest, nowMs)
  }

  authenticate(keyText: string | undefined, client: string, attempt?: Attempt): Promise<Caller> {
    return this.#options.keys.authenticate(keyText, client, attempt)
  }

  remember(path: string): RememberedTag {
    return new ThreadTag(path, this.#options)
  }

  // oxlint-disable-next-line max-params -- as the interface
  tryTake(path: string, count: number, batch: IdBatch, requests: number, nowMs?: number): boolean {
    if (!this.#options.borrower.tryTake(path, count, batch, nowMs)) return false
    this.#options.tally.served(path, batch, requests, count)
    this.#ofProtocol.observeInstant(requests)
    return true
  }

  take(path: string, count: number, batch: IdBatch, requests: number): Promise<void> {
    return this.#timed(path, requests, async () => {
      await this.#options.borrower.take(path, count, batch)
      this.#options.tally.served(path, batch, requests, count)
    })
  }

  tryTakeRun(path: string, count: number, batch: IdBatch): boolean {
    if (!this.#options.borrower.tryTakeRun(path, count, batch)) return false
    this.#options.tally.served(path, batch, 1, count)
    this.#ofProtocol.observeInstant(1)
    return true
  }

  takeRun(path: string, count: number, batch: IdBatch): Promise<void> {
    return this.#timed(path, 1, async () => {
      await this.#options.borrower.takeRun(path, count, batch)
      this.#options.tally.served(path, batch, 1, count)
    })
  }

  count(keyId: string, path: string, outcome: 'ok' | ErrorCode, requests: number, ids: number): void {
    const { tally, protocols, protocol, sampling, onSample } = this.#options
    const subject = this.#subjectOf(path, outcome)
    protocols.count(protocol, outcome, requests)
    if (sampling.isDue(requests))
      onSample({ keyId, path: subject, result: outcome, ids: Math.round(ids / requests), traceId: undefined })
    tally.called(keyId, subject, outcome, requests, ids)
  }

  countTaken(commands: number): void {
    this.#ofProtocol.observeInstant(commands)
  }

  countAnswered(commands: number): void {
    const { protocols, protocol } = this.#options
    protocols.count(protocol, 'ok', commands)
  }

  knows(path: string): boolean {
    return this.#options.borrower.knows(path)
  }

  issuesBy(path: string): IssuesBy | undefined {
    return this.#options.borrower.issuesBy(path)
  }

  prepare(path: string): Promise<void> {
    return this.#options.borrower.prepare(path)
  }

  countClients(clientDc: number, calls: number): void {
    this.#options.meters.countClients(clientDc, calls)
  }

  countCall(...[keyId, path, outcome, ids, traceId]: Parameters<TracedIssuer['countCall']>): void {
    const { tally, protocols, protocol, sampling, onSample } = this.#options
    const subject = this.#subjectOf(path, outcome)
    protocols.count(protocol, outcome, 1)
    if (sampling.isDue(1)) onSample({ keyId, path: subject, result: outcome, ids, traceId })
    tally.called(keyId, subject, outcome, 1, ids)
  }

  /** Names out of thin air would fill the tally, and with it the ledger, as fast as a client can invent them. */
  #subjectOf(path: string, outcome: 'ok' | ErrorCode): string {
    return outcome === 'ok' || this.#options.tally.knows(path) ? path : '*'
  }

  /** As GenerateIds counts: those that wait are timed, and of them those that were answered counted as late. */
  async #timed(path: string, requests: number, taken: () => Promise<void>): Promise<void> {
    const { clock, meters, tally, unreadMs } = this.#options
    const nowMs = clock.monotonicMs()
    // A slow tag has no IDs in a thread: after a pause nearly every request of it waits for the main thread, too.
    const fromMs = nowMs - unreadMs(nowMs)
    let answered = false
    try {
      await taken()
      meters.countLate(requests)
      answered = true
    } finally {
      const ms = clock.monotonicMs() - fromMs
      this.#durations.observe(ms, requests)
      this.#ofProtocol.observe(ms, requests)
      // Of more IDs for a request that was counted there is nothing to tell, and of a tag that nobody knows no row is made.
      if (requests > 0 && tally.knows(path)) tally.waited(path, ms, requests, answered)
    }
  }
}
