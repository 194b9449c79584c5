import type { CallOptions } from '../stock/waiters.ts'
import { IdSource } from './id-source.ts'

/** IDs as bigint, for every tag that issues numbers. */
export class BigIntIds extends IdSource<bigint> {
  override nextSync(): bigint {
    const { queue } = this.stock
    const at = queue.offset
    if (at >= queue.limit) return this.#nextSlowly()
    queue.offset = at + 1
    return queue.first + BigInt(at)
  }

  /** Fills the array at once, or takes nothing. @throws IDGEN_CLIENT_EMPTY when too few are in memory */
  takeSync(target: BigUint64Array): void {
    let filled = 0
    this.stock.takeSync(target.length, (count) => {
      this.#fill(target, filled, count)
      filled += count
    })
  }

  /** Fills the array, and waits for the service where too few are in memory. */
  async take(target: BigUint64Array, options?: CallOptions): Promise<void> {
    let filled = 0
    const fill = (count: number): void => {
      this.#fill(target, filled, count)
      filled += count
    }
    await this.stock.take(target.length, fill, options)
  }

  protected override readInto(ids: bigint[], count: number): void {
    const { queue } = this.stock
    const first = queue.first + BigInt(queue.offset)
    for (let at = 0; at < count; at += 1) ids.push(first + BigInt(at))
  }

  #nextSlowly(): bigint {
    const { stock } = this
    stock.refresh()
    if (stock.queue.offset < stock.queue.limit) return this.nextSync()
    throw stock.shortage(1)
  }

  #fill(target: BigUint64Array, from: number, count: number): void {
    const { queue } = this.stock
    const first = queue.first + BigInt(queue.offset)
    if (LITTLE_ENDIAN)
      fillHalves(new Uint32Array(target.buffer, target.byteOffset + from * 8, count * 2), first)
    else for (let at = 0; at < count; at += 1) target[from + at] = first + BigInt(at)
  }
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
const TWO_32 = 2 ** 32

/** A tenth of what a bigint for each value costs. */
function fillHalves(words: Uint32Array, first: bigint): void {
  const firstLow = Number(BigInt.asUintN(32, first))
  const high = Number(first >> 32n)
  for (let at = 0; at < words.length; at += 2) {
    const low = firstLow + at / 2
    words[at] = low
    words[at + 1] = low < TWO_32 ? high : high + 1
  }
}
