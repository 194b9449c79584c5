import { witnessKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { NumberSpace } from '../core/tag.ts'
import type { WitnessRecord } from '../core/witness.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import { parseWitness, printWitness } from './segment-witness.ts'

/**
 * Ends the granting of a tag's numbers in all data centres for good: every witness record is closed, also those that
 * were never made. From then on no database can grant with etcd's knowledge, and without it none goes beyond a ceiling.
 * @returns first number above all that was or may yet be granted
 * @throws IDGEN_COORDINATION_UNAVAILABLE some records may be closed; call again
 * @throws IDGEN_SPACE_MISMATCH a record cannot be read, so nobody can say how far it went
 */
export async function closeWitnesses(
  coordinator: Coordinator,
  tag: { readonly generation: string; readonly space: NumberSpace },
): Promise<number> {
  let highWater = tag.space.startAt
  for (let dc = 0; dc < tag.space.dcCount; dc += 1)
    highWater = Math.max(highWater, await closeOne(coordinator, tag.generation, dc))
  return highWater
}

async function closeOne(coordinator: Coordinator, generation: string, dc: number): Promise<number> {
  const key = witnessKey(generation, dc)
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const entry = await coordinator.get(key)
    const record = entry === undefined ? NOTHING : readable(key, entry.value)
    const highWater = Math.max(record.used, record.ceiling)
    if (record.closed === true) return highWater
    const { succeeded } = await coordinator.transact({
      compare: [entry === undefined ? { key, createRevision: 0 } : { key, value: entry.value }],
      change: [{ put: key, value: printWitness({ ...record, closed: true }) }],
    })
    if (succeeded) return highWater
  }
  throw new IdgenError(
    'IDGEN_COORDINATION_UNAVAILABLE',
    `Data centre ${dc} moves its witness too fast to close it; delete the tag again.`,
    { retryAfterMs: 1000 },
  )
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
