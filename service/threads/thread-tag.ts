import type { RememberedTag } from '../app/issuer.ts'
import type { SubBlockShelf } from '../app/sub-block-shelf.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { RatePlace } from '../core/rate-table.ts'
import type { ThreadIssuerOptions } from './thread-issuer.ts'
import type { TallyRow } from './thread-tally.ts'

/** A tag that ThreadIssuer remembers for one caller of its. */
export class ThreadTag implements RememberedTag {
  readonly #path: string
  readonly #options: ThreadIssuerOptions
  readonly #place: RatePlace
  #shelf: SubBlockShelf | undefined
  #served: TallyRow | undefined
  #called: TallyRow | undefined

  constructor(path: string, options: ThreadIssuerOptions) {
    this.#path = path
    this.#options = options
    this.#place = options.rates.placeOfTag(path)
  }

  admit(wanted: number, nowMs: number): number {
    return this.#options.rates.admitAtPlace(this.#place, wanted, nowMs)
  }

  tryTake(count: number, batch: IdBatch, nowMs: number): boolean {
    const { borrower, tally } = this.#options
    let shelf = this.#shelf
    if (shelf === undefined || shelf.isClosed) shelf = this.#shelf = borrower.shelfOf(this.#path)
    if (shelf === undefined || !borrower.tryTake(this.#path, count, batch, nowMs, shelf)) return false
    this.#served = tally.servedAt(this.#served, this.#path, batch, count)
    return true
  }

  countAnswered(keyId: string, commands: number): void {
    const { tally, sampling, onSample } = this.#options
    // Each of the commands has one ID.
    if (sampling.isDue(commands))
      onSample({ keyId, path: this.#path, result: 'ok', ids: 1, traceId: undefined })
    this.#called = tally.answeredAt(this.#called, keyId, this.#path, commands)
  }
}
