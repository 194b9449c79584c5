import { IdgenClientError } from '../core/client-error.ts'
import type { TagStock } from '../stock/tag-stock.ts'
import { IdSource } from './id-source.ts'

/** IDs as the service writes them: UUIDs, or whatever the tag issues at the moment. */
export class TextIds extends IdSource<string> {
  readonly #uuidsOnly: boolean

  /** @internal */
  constructor(stock: TagStock, uuidsOnly: boolean) {
    super(stock)
    this.#uuidsOnly = uuidsOnly
  }

  override nextSync(): string {
    const { queue } = this.stock
    const at = queue.offset
    if (at >= queue.limit) return this.#nextSlowly()
    const text = this.#checked(queue.texts[at] ?? '')
    queue.offset = at + 1
    return text
  }

  protected override readInto(ids: string[], count: number): void {
    const { texts, offset } = this.stock.queue
    for (let at = 0; at < count; at += 1) ids.push(this.#checked(texts[offset + at] ?? ''))
  }

  #nextSlowly(): string {
    const { stock } = this
    stock.refresh()
    if (stock.queue.offset < stock.queue.limit) return this.nextSync()
    throw stock.shortage(1)
  }

  #checked(text: string): string {
    // The whole form, not the length: a tag's format may write 36 characters as well.
    if (!this.#uuidsOnly || UUID.test(text)) return text
    throw new IdgenClientError(
      'IDGEN_CLIENT_WRONG_KIND',
      `${this.path} issues numbers (${this.stock.origin?.algorithm ?? 'or degraded to them'}), not UUIDs: ${text}; take them with client.bigints, client.decimals or client.texts.`,
    )
  }
}

/** As the service writes them: version 4 or 7, in small letters. */
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
