import { createHmac } from 'node:crypto'
import { IdgenError } from '../core/errors.ts'
import type { RateLimit } from '../core/rate-limit.ts'
import { chargeMs } from '../core/rate-settlement.ts'
import type { RateSpending, Spent } from '../core/rate-spending.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { NAMES_PER_CALL, type RateLevels } from '../ports/rate-levels.ts'
import type { LimitedKind, RateLimits, SharedKind } from './rate-limits.ts'
import type { Trouble } from './readiness.ts'
import { Repeat } from './repeat.ts'

export interface SharedRatesOptions {
  readonly rates: Pick<RateLimits, 'limitOf' | 'spendingOf'>
  readonly levels: RateLevels
  /** 32 bytes that `levels` does not hold; the same in every process of the database. */
  readonly sealKey: Uint8Array
  /** This process, in no other's words. */
  readonly instance: string
  readonly everyMs: number
  readonly clock: Clock
  readonly log: Log
}

/**
 * Limits that hold over all processes of a database (decision 0041): every so often each tells what names used here, and
 * charges them here with what they used elsewhere. Beside the requests, which never wait for it. While the cache is away
 * every process goes on by itself, as without it.
 *
 * Names do not go there: only what they are known by is, hashed with a key that the cache does not hold.
 */
export class SharedRates {
  readonly #options: SharedRatesOptions
  readonly #repeat: Repeat
  readonly #spending: Readonly<Record<SharedKind, RateSpending>>
  readonly #group: string
  /** Why the last round that had something to tell failed. */
  #fault: string | undefined
  /** When a round went well last, or had nothing to tell and none before it had failed; until the first one, when this began. */
  #settledMs: number
  /** When a round that had something to tell failed last; undefined where none has since one went well. */
  #failedMs: number | undefined
  /** As the log was told last. */
  #isAlone = false
  /** Rounds since the start. */
  readonly rounds = { settled: 0, failed: 0 }
  /** Names that were told. */
  names = 0
  /** Names that had to wait for another round, each for each round. */
  readonly leftOver: Record<SharedKind, number> = { address: 0, key: 0, tag: 0 }
  /** Requests that names were charged with here because they were answered elsewhere. */
  readonly charged: Record<SharedKind, number> = { address: 0, key: 0, tag: 0 }

  constructor(options: SharedRatesOptions) {
    const { rates, clock, everyMs, sealKey } = options
    this.#options = options
    this.#settledMs = clock.monotonicMs()
    this.#repeat = new Repeat(clock, everyMs, () => this.settle())
    this.#spending = {
      address: rates.spendingOf('address'),
      key: rates.spendingOf('key'),
      tag: rates.spendingOf('tag'),
    }
    this.#group = hashed(sealKey, 'rates of')
  }

  start(): void {
    this.#repeat.start()
  }

  /** Resolves when the round under way has ended. */
  stop(): Promise<void> {
    return this.#repeat.stop()
  }

  /** What is wrong now, for people: limits hold, but for each process alone. */
  troubles(): readonly Trouble[] {
    return this.#fault === undefined ? [] : [{ what: 'rate limits', why: this.#fault }]
  }

  /**
   * How long no round has gone well: about `everyMs` where limits hold over all processes. Only rounds that were needed
   * count: once one failed it stands still between them, so that pauses of callers neither end it nor make it grow.
   */
  get ageMs(): number {
    return (this.#failedMs ?? this.#options.clock.monotonicMs()) - this.#settledMs
  }

  /** One round. Never rejects. What a round that failed took out is told to nobody: it may have been counted. */
  async settle(): Promise<void> {
    const calls = this.#takeOut()
    if (calls.length === 0) return await this.#nothingToTell()
    try {
      for (const call of calls) await this.#tell(call)
    } catch (thrown) {
      this.rounds.failed += 1
      return this.#failed(IdgenError.from(thrown))
    }
    this.rounds.settled += 1
    for (const { found } of calls) this.names += found.length
    this.#wentWell()
  }

  /** Nothing was used, so nothing was missed: a round that failed before it failed all the same, until the cache is back. */
  async #nothingToTell(): Promise<void> {
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#failedMs === undefined || nowMs - this.#failedMs > FORGOTTEN_MS) return this.#holds()
    if (await this.#answers()) this.#wentWell()
  }

  /** Whether a round would go well: a millisecond is told of a name that nobody has, so that all is asked for that a round asks for. */
  async #answers(): Promise<boolean> {
    const { rates, levels, instance, everyMs, sealKey } = this.#options
    const limit = FEWEST_FIRST.map((kind) => rates.limitOf(kind)).find((one) => one !== undefined)
    if (limit === undefined) return true
    const fullMs = (limit.burst * 1000) / limit.perSecond
    const report = { name: hashed(sealKey, 'rate of nobody'), usedMs: 1, elapsedMs: 0 }
    try {
      await levels.settle({ group: this.#group, instance, everyMs, fullMs }, [report])
      return true
    } catch {
      // The round that failed has told why.
      return false
    }
  }

  #wentWell(): void {
    this.#holds()
    if (this.#isAlone) this.#options.log.info({}, 'rate limits hold over all processes again')
    this.#isAlone = false
  }

  /** As far as anybody needs to know. */
  #holds(): void {
    this.#fault = undefined
    this.#failedMs = undefined
    this.#settledMs = this.#options.clock.monotonicMs()
  }

  /** Of all kinds before the first is told, so that none goes on counting for ever while calls fail. */
  #takeOut(): Call[] {
    const { rates, clock } = this.#options
    const takenMs = clock.monotonicMs()
    const calls: Call[] = []
    const limited = FEWEST_FIRST.flatMap((kind) => {
      const limit = rates.limitOf(kind)
      return limit === undefined ? [] : [{ kind, limit }]
    })
    let left = NAMES_MAX
    for (const [i, { kind, limit }] of limited.entries()) {
      const most = Math.floor(left / (limited.length - i))
      const found = this.#spending[kind].take(takenMs, limit.perSecond / LEAST_SHARE, most)
      this.leftOver[kind] += this.#spending[kind].leftOver
      left -= found.length
      for (let at = 0; at < found.length; at += NAMES_PER_CALL)
        calls.push({ kind, limit, takenMs, found: found.slice(at, at + NAMES_PER_CALL) })
    }
    return calls
  }

  async #tell(call: Call): Promise<void> {
    const { kind, limit, takenMs, found } = call
    const { levels, instance, everyMs, clock } = this.#options
    const names = found.map((spent) => this.#nameOf(call, spent))
    const fullMs = (limit.burst * 1000) / limit.perSecond
    // Hashes and the calls before took their time: what was used is older by that, and has drained.
    const nowMs = clock.monotonicMs()
    const sinceMs = nowMs - takenMs
    const reports = found.map((spent, i) => ({
      name: names[i] ?? '',
      usedMs: (spent.requests * 1000) / limit.perSecond,
      elapsedMs: spent.elapsedMs + sinceMs,
    }))
    const { instances, levelsMs } = await levels.settle(
      { group: this.#group, instance, everyMs, fullMs },
      reports,
    )
    for (const [i, spent] of found.entries()) {
      const ownMs = Math.max(0, spent.levelMs - sinceMs)
      const ms = chargeMs({ ownMs, allMs: levelsMs[i] ?? 0, fullMs, instances })
      if (ms === 0) continue
      this.#spending[kind].charge(spent, ms, nowMs)
      this.charged[kind] += (ms * limit.perSecond) / 1000
    }
  }

  /** With the limit, for levels are times: processes that hold another one have other buckets. */
  #nameOf({ kind, limit }: Call, { low, high }: Spent): string {
    const { perSecond, burst } = limit
    return hashed(this.#options.sealKey, `rate ${kind} ${perSecond} ${burst} ${low} ${high}`)
  }

  #failed({ message }: IdgenError): void {
    if (!this.#isAlone) this.#options.log.warn({ why: message }, 'rate limits hold for this process alone')
    this.#isAlone = true
    this.#failedMs = this.#options.clock.monotonicMs()
    this.#fault = `they hold for this process alone: ${message}`
  }
}

/** What one call tells. */
interface Call {
  readonly kind: SharedKind
  readonly limit: RateLimit
  readonly takenMs: number
  readonly found: readonly Spent[]
}

/** For newRateTables: every process of the database knows a name by the same fingerprint. */
export function sharedSeeds(sealKey: Uint8Array): (seeds: Uint8Array, kind: LimitedKind) => void {
  return (seeds, kind) =>
    seeds.set(createHmac('sha256', sealKey).update(`rate seeds ${kind}`).digest().subarray(0, seeds.length))
}

/** 16 bytes: none of a database's names meets another. */
function hashed(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest().subarray(0, 16).toString('base64url')
}

/**
 * So long after the last round that was needed nobody needs to know that it failed: twice as long as the alert
 * IdgenRateLimitsNotShared waits for, so that callers who come every few minutes are still told of.
 */
const FORGOTTEN_MS = 600_000
/** A name is told once it used a hundredth of what it may in a second: with less it takes nothing from anybody. */
const LEAST_SHARE = 100
/** Of a round, those that used most: 2 ms of this thread for their hashes; the others go on counting. */
const NAMES_MAX = 1000
/**
 * Each kind may tell its part of them and what those before it left: whoever floods with addresses, which cost him nothing,
 * takes nothing from keys and tags.
 */
const FEWEST_FIRST = ['tag', 'key', 'address'] as const satisfies readonly SharedKind[]
