import type { CachedBlock } from '../../../service/ports/block-cache.ts'
import type { CoordinatorOutcome, CoordinatorTransaction } from '../../../service/ports/coordinator.ts'

/** What became of every block that was put aside, by its nonce: for the limits of the promise. */
export class BlockChecks {
  readonly #taken = new Set<string>()
  readonly #pops = new Map<string, number>()

  popped({ nonce }: CachedBlock): void {
    this.#pops.set(nonce, (this.#pops.get(nonce) ?? 0) + 1)
  }

  /** A record that was deleted while it said the nonce: from then on somebody owns the block. */
  transacted({ compare, change }: CoordinatorTransaction, { succeeded }: CoordinatorOutcome): void {
    const [first] = change
    const [compared] = compare
    if (!succeeded || first === undefined || !('delete' in first) || !first.delete.startsWith('/blocks/'))
      return
    if (compared !== undefined && 'value' in compared) this.#taken.add(nonceOf(compared.value))
  }

  isTaken(nonce: string): boolean {
    return this.#taken.has(nonce)
  }

  /** How often Redis handed it out. */
  pops(nonce: string): number {
    return this.#pops.get(nonce) ?? 0
  }
}

/** The record of a block is `{hi}:{nonce}`. */
export function nonceOf(record: string): string {
  return record.slice(record.indexOf(':') + 1)
}
