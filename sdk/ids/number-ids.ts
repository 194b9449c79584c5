import { IdgenClientError } from '../core/client-error.ts'
import type { CallOptions } from '../stock/waiters.ts'
import { IdSource } from './id-source.ts'

/** IDs as JavaScript numbers, for tags that issue from segments: those stay below 2^53, where every digit is kept. */
export class NumberIds extends IdSource<number> {
  override nextSync(): number {
    const { queue } = this.stock
    const at = queue.offset
    if (at >= queue.safeLimit) return this.#nextSlowly()
    queue.offset = at + 1
    return queue.base + at
  }

  /** Fills the array at once, or takes nothing. @throws IDGEN_CLIENT_EMPTY when too few are in memory */
  takeSync(target: Float64Array): void {
    let filled = 0
    const fill = (count: number): void => {
      this.#fill(target, filled, count)
      filled += count
    }
    this.stock.takeSync(target.length, fill, () => this.#unsafe())
  }

  /** Fills the array, and waits for the service where too few are in memory. */
  async take(target: Float64Array, options?: CallOptions): Promise<void> {
    let filled = 0
    const fill = (count: number): void => {
      this.#fill(target, filled, count)
      filled += count
    }
    this.prepare()
    await this.stock.take(target.length, fill, options)
  }

  protected override prepare(): void {
    const { stock } = this
    stock.refresh()
    if (stock.queue.safe) return
    stock.queue.skipToSafe()
    // For the run that it came to.
    stock.refresh()
  }

  protected override readInto(ids: number[], count: number): void {
    const from = this.#safeFrom()
    for (let at = 0; at < count; at += 1) ids.push(from + at)
  }

  #nextSlowly(): number {
    this.prepare()
    const { stock } = this
    const { queue } = stock
    if (queue.offset < queue.safeLimit) return this.nextSync()
    if (queue.left > 0) throw this.#unsafe()
    throw stock.shortage(1)
  }

  #fill(target: Float64Array, from: number, count: number): void {
    const first = this.#safeFrom()
    for (let at = 0; at < count; at += 1) target[from + at] = first + at
  }

  #safeFrom(): number {
    const { queue } = this.stock
    if (!queue.safe) throw this.#unsafe()
    return queue.base + queue.offset
  }

  /** The tag may have recovered since its last block came. */
  #unsafe(): IdgenClientError {
    const { path, origin } = this.stock
    this.stock.lookForOther()
    return new IdgenClientError(
      'IDGEN_NUMBER_UNSAFE',
      `${path} issues values above 2^53 now (${origin?.algorithm ?? 'by an algorithm that the protocol does not name'}), whose last digits a JavaScript number would lose; take them with client.bigints or client.decimals.`,
    )
  }
}
