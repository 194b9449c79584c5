import { witnessKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { NumberSpace } from '../core/tag.ts'
import type { WitnessRecord } from '../core/witness.ts'
import type { Change, Compare, CoordinatedKeys, Entry } from '../ports/coordinator.ts'
import { parseWitness, printWitness } from './segment-witness.ts'

/**
 * Ends the granting of a tag's numbers in all data centres for good: every witness record is closed, also those that
 * were never made. From then on no database can grant with etcd's knowledge, and without it none goes beyond a ceiling.
 * @returns first number above all that was or may yet be granted
 * @throws IDGEN_COORDINATION_UNAVAILABLE some records may be closed; call again
 * @throws IDGEN_SPACE_MISMATCH a record cannot be read, so nobody can say how far it went
 */
export async function closeWitnesses(
  coordinator: CoordinatedKeys,
  tag: { readonly generation: string; readonly space: NumberSpace },
): Promise<number> {
  const keys = Array.from({ length: tag.space.dcCount }, (_, dc) => witnessKey(tag.generation, dc))
  let highWater = await closeTogether(coordinator, keys)
  if (highWater === undefined) {
    highWater = 0
    for (const [dc, key] of keys.entries())
      highWater = Math.max(highWater, await closeOne(coordinator, key, dc))
  }
  return Math.max(tag.space.startAt, highWater)
}

/** In two calls, however many there are; undefined: one of them moved in between, and nothing was closed. */
async function closeTogether(
  coordinator: CoordinatedKeys,
  keys: readonly string[],
): Promise<number | undefined> {
  const { entries } = await coordinator.transact({ compare: [], change: [], read: keys })
  const witnesses = keys.map((key) => witnessOf(key, entries.get(key)))
  const open = witnesses.filter(({ record }) => record.closed !== true)
  const highWater = Math.max(...witnesses.map(reachedBy))
  if (open.length === 0) return highWater
  const { succeeded } = await coordinator.transact({
    compare: open.map(asRead),
    change: open.map(closing),
  })
  return succeeded ? highWater : undefined
}

/** By itself: data centres that are busy all at once would keep each other's from being closed. */
async function closeOne(coordinator: CoordinatedKeys, key: string, dc: number): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const witness = await witnessAt(coordinator, key)
    if (witness.record.closed === true) return reachedBy(witness)
    const { succeeded } = await coordinator.transact({
      compare: [asRead(witness)],
      change: [closing(witness)],
    })
    if (succeeded) return reachedBy(witness)
  }
  throw new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `Data centre ${dc} moves its witness too fast to close it; delete the tag again.`,
    { retryAfterMs: 1000 },
  )
}

/** A part of a transaction. */
export interface WitnessChange {
  readonly compare: readonly Compare[]
  readonly change: readonly Change[]
}

/** A record as read, or as if it said nothing. */
export interface ReadWitness {
  readonly key: string
  readonly entry: Entry | undefined
  readonly record: WitnessRecord
}

/** @throws IDGEN_COORDINATION_UNAVAILABLE; IDGEN_SPACE_MISMATCH where it cannot be read */
export async function witnessAt(coordinator: CoordinatedKeys, key: string): Promise<ReadWitness> {
  return witnessOf(key, await coordinator.get(key))
}

/** The change of a record to `more`, and what it rests on. */
export function changed(witness: ReadWitness, more: Partial<WitnessRecord>): WitnessChange {
  const { key, record } = witness
  return { compare: [asRead(witness)], change: [{ put: key, value: printWitness({ ...record, ...more }) }] }
}

function witnessOf(key: string, entry: Entry | undefined): ReadWitness {
  return { key, entry, record: entry === undefined ? NOTHING : readable(key, entry.value) }
}

/** First number above all that was or may be granted by it. */
export function reachedBy({ record }: ReadWitness): number {
  return Math.max(record.used, record.ceiling)
}

function asRead({ key, entry }: ReadWitness) {
  return entry === undefined ? { key, createRevision: 0 } : { key, value: entry.value }
}

function closing({ key, record }: ReadWitness) {
  return { put: key, value: printWitness({ ...record, closed: true }) }
}

function readable(key: string, text: string): WitnessRecord {
  try {
    return parseWitness(text)
  } catch (error) {
    throw new IdgenError(
      'IDGEN_SPACE_MISMATCH',
      `The witness ${key} in etcd cannot be read, so nobody can say which numbers were granted: put it right first.`,
      { cause: error },
    )
  }
}

const NOTHING: WitnessRecord = { used: 0, ceiling: 0, history: '' }
/** A busy data centre moves its witness some ten times a second; a try takes milliseconds. */
const ATTEMPTS_MAX = 20
