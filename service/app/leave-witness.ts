import { witnessKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { WitnessRecord } from '../core/witness.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { LedgerRow, LedgerWrite, SegmentLedger } from '../ports/segment-ledger.ts'
import type { Actor } from './actor.ts'
import type { AuditTrail } from './audit-trail.ts'
import { parseWitness } from './segment-witness.ts'

export interface LeaveWitnessOptions {
  readonly ledger: SegmentLedger
  readonly coordinator: Coordinator
  readonly audit: AuditTrail
  /** What TagSync does: tags that the database lost and etcd still has. */
  readonly sync: { compareAll(): Promise<void>; settled(): Promise<void> }
}

/**
 * The numbers' part of `idgen coordination switch --to postgres`: a row that etcd has witnessed is refused by processes
 * without etcd (core/witness.ts). Here each row takes over the highest that either store knows as its ceiling and
 * forgets the history it was promised to, so that such processes go on above it. A process that still asks etcd and
 * allocates afterwards makes the row witnessed again; then this is run again.
 */
export class LeaveWitness {
  readonly #options: LeaveWitnessOptions

  constructor(options: LeaveWitnessOptions) {
    this.#options = options
  }

  /**
   * Of every live tag of the data centre; what was done already is left alone, so an interrupted run is run again.
   * @returns how many tags were changed
   * @throws IDGEN_STORE_UNAVAILABLE | IDGEN_COORDINATION_UNAVAILABLE
   * @throws IDGEN_COORDINATION_MISMATCH a witness record in etcd cannot be read
   */
  async run(actor: Actor, dc: number): Promise<number> {
    const { ledger, audit, sync } = this.#options
    let left = 0
    // A tag that the database lost, or its row alone, would be made again and begin at the first number.
    await sync.compareAll()
    await sync.settled()
    await ledger.initialiseAll(dc)
    for (const { tagId } of await ledger.usage(dc)) if (await this.#leave(tagId, dc)) left += 1
    if (left > 0)
      audit.record({
        ...actor,
        action: 'coordination.leave-witness',
        subject: `dc ${dc}`,
        detail: { tags: left },
      })
    return left
  }

  async #leave(tagId: number, dc: number): Promise<boolean> {
    const { ledger } = this.#options
    try {
      return await ledger.withRow('leaving the witness', tagId, dc, async (row) => {
        // Under the lock of the row: nobody moves the record meanwhile.
        const record = await this.#read(row.generation, dc)
        const write = leave(row, record)
        return { write, result: write !== undefined }
      })
    } catch (thrown) {
      // Deleted since it was listed: it grants no more.
      if (thrown instanceof IdgenError && thrown.code === 'IDGEN_TAG_NOT_FOUND') return false
      throw thrown
    }
  }

  async #read(generation: string, dc: number): Promise<WitnessRecord | undefined> {
    const key = witnessKey(generation, dc)
    const entry = await this.#options.coordinator.get(key)
    if (entry === undefined) return undefined
    try {
      return parseWitness(entry.value)
    } catch (cause) {
      throw new IdgenError(
        'IDGEN_COORDINATION_MISMATCH',
        `The key ${key} in etcd (below etcd.prefix) holds no witness record: ${entry.value.slice(0, TEXT_MAX)}. Delete it if its tag shall go on above what the database knows, then run the switch again.`,
        { cause },
      )
    }
  }
}

function leave(row: LedgerRow, record: WitnessRecord | undefined): LedgerWrite | undefined {
  const { cell, nextValue, ceilingHistory } = row
  const ceiling = Math.max(row.ceiling, record?.ceiling ?? 0, record?.used ?? 0)
  const known = ceiling === row.ceiling || ceiling <= nextValue
  return ceilingHistory === '' && known ? undefined : { cell, nextValue, ceiling, ceilingHistory: '' }
}

const TEXT_MAX = 200
