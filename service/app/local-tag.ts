import type { IdBatch } from '../core/id-batch.ts'
import type { RatePlace } from '../core/rate-table.ts'
import type { LedgerRow } from './issue-ledger.ts'
import type { RememberedTag } from './issuer.ts'
import type { LiveTag } from './live-tag.ts'
import type { UseCases } from './use-cases.ts'

/** A tag that LocalIssuer remembers for one caller of its. */
export class LocalTag implements RememberedTag {
  readonly #path: string
  readonly #useCases: Pick<UseCases, 'directory' | 'generate' | 'ledger' | 'rates'>
  readonly #place: RatePlace
  #live: LiveTag | undefined
  #row: LedgerRow | undefined

  constructor(path: string, useCases: Pick<UseCases, 'directory' | 'generate' | 'ledger' | 'rates'>) {
    this.#path = path
    this.#useCases = useCases
    this.#place = useCases.rates.placeOfTag(path)
  }

  admit(wanted: number, nowMs: number): number {
    return this.#useCases.rates.admitAtPlace(this.#place, wanted, nowMs)
  }

  tryTake(count: number, batch: IdBatch, nowMs: number): boolean {
    const { directory, generate } = this.#useCases
    let live = this.#live
    // One that was dropped is never served again, and another may stand at its path by now.
    if (live === undefined || live.removed) live = this.#live = directory.peek(this.#path)
    return live !== undefined && generate.tryTake(live, count, batch, count, nowMs)
  }

  countAnswered(keyId: string, commands: number): void {
    this.#row = this.#useCases.ledger.countSingles(this.#row, keyId, this.#path, commands)
  }
}
