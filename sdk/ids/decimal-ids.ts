import { DecimalText } from '../core/decimal-text.ts'
import { IdSource } from './id-source.ts'

/** IDs as decimal text, for every tag that issues numbers: safe in JSON and in every language. */
export class DecimalIds extends IdSource<string> {
  readonly #text = new DecimalText()

  override nextSync(): string {
    const { queue } = this.stock
    const at = queue.offset
    if (at >= queue.limit) return this.#nextSlowly()
    queue.offset = at + 1
    return this.#text.at(queue.first, at)
  }

  protected override readInto(ids: string[], count: number): void {
    const { first, offset } = this.stock.queue
    for (let at = 0; at < count; at += 1) ids.push(this.#text.at(first, offset + at))
  }

  #nextSlowly(): string {
    const { stock } = this
    stock.refresh()
    if (stock.queue.offset < stock.queue.limit) return this.nextSync()
    throw stock.shortage(1)
  }
}
