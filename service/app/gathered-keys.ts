import { IdgenError } from '../core/errors.ts'
import type { RowResult } from '../core/row-result.ts'
import type { Clock } from '../ports/clock.ts'
import {
  type CoordinatedKeys,
  type CoordinatorOutcome,
  type CoordinatorTransaction,
  type Entry,
  OPERATIONS_MAX,
} from '../ports/coordinator.ts'
import type { Gathering } from './gathering.ts'
import { Turns } from './turns.ts'

export interface GatheredKeysOptions {
  readonly coordinator: CoordinatedKeys
  readonly gathering: Gathering
  readonly clock: Clock
}

/**
 * The coordinator as the rows of a batch see it: their transactions go in one, where none of them names a key of another one. It
 * takes effect where all of them would, at one revision, as if they had come one after the other. Where one would not, nothing
 * was changed, and each is sent by itself. Of one without an answer nothing is known, as of each of its parts.
 *
 * A batch that had no answer once asks no more: what comes after is refused at once, instead of after a deadline each. So is what
 * comes after LASTS_MS. A batch ends thus at the latest one deadline of the coordinator (`etcd.timeout`) after LASTS_MS, but for
 * its database, which has deadlines of its own.
 */
export class GatheredKeys implements CoordinatedKeys {
  readonly #coordinator: CoordinatedKeys
  readonly #clock: Clock
  readonly #ask: (transaction: CoordinatorTransaction) => Promise<CoordinatorOutcome>
  readonly #turns = new Turns(PARALLEL)
  readonly #endMs: number
  #silent = false

  constructor({ coordinator, gathering, clock }: GatheredKeysOptions) {
    this.#coordinator = coordinator
    this.#clock = clock
    this.#endMs = clock.monotonicMs() + LASTS_MS
    this.#ask = gathering.desk((transactions) => this.#together(transactions))
  }

  async get(key: string): Promise<Entry | undefined> {
    return (await this.#ask({ compare: [], change: [], read: [key] })).entries.get(key)
  }

  transact(transaction: CoordinatorTransaction): Promise<CoordinatorOutcome> {
    return this.#ask(transaction)
  }

  async #together(
    transactions: readonly CoordinatorTransaction[],
  ): Promise<readonly RowResult<CoordinatorOutcome>[]> {
    const results = new Map<CoordinatorTransaction, RowResult<CoordinatorOutcome>>()
    await Promise.all(
      packed(transactions).map(async (parts) => {
        for (const [part, result] of await this.#carryOut(parts)) results.set(part, result)
      }),
    )
    return transactions.map(
      (one) => results.get(one) ?? { refused: new IdgenError('IDGEN_INTERNAL', 'lost') },
    )
  }

  async #carryOut(
    parts: readonly CoordinatorTransaction[],
  ): Promise<(readonly [CoordinatorTransaction, RowResult<CoordinatorOutcome>])[]> {
    const whole = await this.#call(joined(parts))
    if ('refused' in whole) return parts.map((part) => [part, whole])
    if (whole.value.succeeded || parts.length === 1)
      return parts.map((part) => [part, { value: partOf(whole.value, part) }])
    return await Promise.all(parts.map(async (part) => [part, await this.#call(part)] as const))
  }

  async #call(transaction: CoordinatorTransaction): Promise<RowResult<CoordinatorOutcome>> {
    return await this.#turns.run(async () => {
      if (this.#silent) return { refused: notAsked('another step of the batch had no answer') }
      if (this.#clock.monotonicMs() >= this.#endMs)
        return { refused: notAsked(`a batch takes ${LASTS_MS / 1000} s at most`) }
      try {
        return { value: await this.#coordinator.transact(transaction) }
      } catch (thrown) {
        this.#silent = true
        return { refused: IdgenError.from(thrown) }
      }
    })
  }
}

function notAsked(why: string): IdgenError {
  return new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', `etcd was not asked any more: ${why}.`, {
    retryAfterMs: 1000,
  })
}

/** In as few as the coordinator takes. Reads go apart: they may be asked for again where there is no answer. */
function packed(transactions: readonly CoordinatorTransaction[]): CoordinatorTransaction[][] {
  const groups: Group[] = []
  for (const transaction of transactions) {
    const keys = keysOf(transaction)
    const group = groups.find((one) => fits(one, transaction, keys)) ?? newGroup(groups, transaction)
    group.parts.push(transaction)
    group.compares += comparesOf(transaction)
    group.operations += operationsOf(transaction)
    for (const key of keys) group.keys.add(key)
  }
  return groups.map(({ parts }) => parts)
}

interface Group {
  readonly parts: CoordinatorTransaction[]
  readonly reads: boolean
  readonly keys: Set<string>
  compares: number
  operations: number
}

function newGroup(groups: Group[], transaction: CoordinatorTransaction): Group {
  const group = { parts: [], reads: isRead(transaction), keys: new Set<string>(), compares: 0, operations: 0 }
  groups.push(group)
  return group
}

function fits(group: Group, transaction: CoordinatorTransaction, keys: readonly string[]): boolean {
  return (
    group.reads === isRead(transaction) &&
    group.compares + comparesOf(transaction) <= OPERATIONS_MAX &&
    group.operations + operationsOf(transaction) <= OPERATIONS_MAX &&
    !keys.some((key) => group.keys.has(key))
  )
}

function comparesOf({ compare }: CoordinatorTransaction): number {
  return compare.length
}

function isRead({ compare, change }: CoordinatorTransaction): boolean {
  return compare.length === 0 && change.length === 0
}

function operationsOf({ change, read = [] }: CoordinatorTransaction): number {
  return change.length + read.length
}

function keysOf({ compare, change, read = [] }: CoordinatorTransaction): string[] {
  return [
    ...compare.map(({ key }) => key),
    ...change.map((one) => ('put' in one ? one.put : one.delete)),
    ...read,
  ]
}

function joined(parts: readonly CoordinatorTransaction[]): CoordinatorTransaction {
  return {
    compare: parts.flatMap(({ compare }) => compare),
    change: parts.flatMap(({ change }) => change),
    read: parts.flatMap(({ read = [] }) => read),
  }
}

function partOf(
  { succeeded, revision, entries }: CoordinatorOutcome,
  { read = [] }: CoordinatorTransaction,
): CoordinatorOutcome {
  const own = read.flatMap((key) => {
    const entry = entries.get(key)
    return entry === undefined ? [] : [[key, entry] as const]
  })
  return { succeeded, revision, entries: new Map(own) }
}

/** Calls at once: two hundred rows take some twenty for their longest step; more would keep the coordinator from others. */
const PARALLEL = 8
/** Who waits for a page gives up about then, and proxies soon after; fifty rows take a twentieth of it. */
const LASTS_MS = 10_000
