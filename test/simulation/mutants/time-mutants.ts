import type { TimeGrant } from '../../../service/core/grant.ts'
import { IdBatch } from '../../../service/core/id-batch.ts'
import { Snowflake } from '../../../service/core/snowflake.ts'
import { SEQUENCES_PER_MS } from '../../../service/core/snowflake-layout.ts'
import type {
  Coordinator,
  CoordinatorOutcome,
  CoordinatorTransaction,
  Entry,
} from '../../../service/ports/coordinator.ts'
import { comparesTime, MutantCoordinator, WithoutCompares } from './mutant-coordinator.ts'

/**
 * No nonce anywhere: holder keys and times say the same for everybody, so only the create-revision tells two holds
 * apart, and that comes again after a restore without a revision bump.
 */
export class WithoutNonces extends MutantCoordinator {
  /** By key: what this process wrote, before the nonce was taken out of it. Everything it reads looks like its own. */
  readonly #own = new Map<string, string>()

  override async transact(
    transaction: CoordinatorTransaction,
    deadlineMs?: number,
  ): Promise<CoordinatorOutcome> {
    const compare = transaction.compare.map((one) =>
      'value' in one ? { ...one, value: withoutNonce(one.key, one.value) } : one,
    )
    const change = transaction.change.map((one) => {
      if (!('put' in one)) return one
      this.#own.set(one.put, one.value)
      return { ...one, value: withoutNonce(one.put, one.value) }
    })
    const outcome = await this.inner.transact({ ...transaction, compare, change }, deadlineMs)
    const entries = new Map([...outcome.entries].map(([key, entry]) => [key, this.#restored(entry)]))
    return { ...outcome, entries }
  }

  #restored(entry: Entry): Entry {
    const own = this.#own.get(entry.key)
    if (own === undefined) return entry
    if (withoutNonce(entry.key, own) === entry.value) return { ...entry, value: own }
    const nonce = NONCE.exec(own)?.[0] ?? NO_NONCE
    return { ...entry, value: entry.value.replace(NO_NONCE, nonce) }
  }
}

function withoutNonce(key: string, value: string): string {
  if (key.startsWith('/workers/')) return '{"nonce":"","holder":"","sinceMs":0}'
  return key.startsWith('/worker-time/') ? value.replace(NONCE, NO_NONCE) : value
}

const NONCE = /"nonce":"[0-9a-f]*"/
const NO_NONCE = '"nonce":""'

/** What the list that chose the worker id said of its time counts, not the transaction that takes it. */
export class TimeOfTheList extends WithoutCompares {
  readonly #listed = new Map<string, Entry>()

  constructor(inner: Coordinator) {
    super(inner, comparesTime)
  }

  override async list(
    prefix: string,
  ): Promise<{ readonly revision: number; readonly entries: readonly Entry[] }> {
    const found = await this.inner.list(prefix)
    if (prefix.startsWith('/worker-time/')) {
      this.#listed.clear()
      for (const entry of found.entries) this.#listed.set(entry.key, entry)
    }
    return found
  }

  override async transact(
    transaction: CoordinatorTransaction,
    deadlineMs?: number,
  ): Promise<CoordinatorOutcome> {
    const outcome = await super.transact(transaction, deadlineMs)
    const [first] = transaction.change
    const acquires = first !== undefined && 'put' in first && first.put.startsWith('/workers/')
    if (!acquires) return outcome
    const entries = new Map(outcome.entries)
    for (const key of transaction.read ?? []) {
      const listed = this.#listed.get(key)
      if (!key.startsWith('/worker-time/')) continue
      if (listed === undefined) entries.delete(key)
      else entries.set(key, listed)
    }
    return { ...outcome, entries }
  }
}

/** The window is not looked at: while the lease runs by this machine's own clock, all time is ours. */
export class LeaseTimerSnowflake extends Snowflake {
  override install(grant: TimeGrant): void {
    super.install({ ...grant, untilMs: grant.untilMs + A_YEAR_MS })
  }
}

/** A thread that has a share of the window and is not told that the process stops. */
export class DeafSnowflake extends Snowflake {
  override revoke(reason: string, soon?: boolean): void {
    if (!reason.includes('shutting down')) super.revoke(reason, soon)
  }
}

/** Takes a run of any length from the millisecond it is in. */
export class LongRunSnowflake extends Snowflake {
  override take(count: number, nowMs: number, out: IdBatch): number {
    const taken = super.take(1, nowMs, out)
    if (taken === 0 || count === 1) return taken
    const first = out.runCount - 1
    const [hi, lo] = [out.runHi(first), out.runLo(first)]
    // Its own cursor moves over the numbers of this millisecond, so that it does not issue them again.
    super.take(Math.min(count - 1, SEQUENCES_PER_MS - 1 - (lo % SEQUENCES_PER_MS)), nowMs, new IdBatch())
    out.pushRun(hi, lo + 1, count - 1)
    return count
  }
}

const A_YEAR_MS = 365 * 86_400_000
