import type { TagStock } from '../stock/tag-stock.ts'
import type { CallOptions } from '../stock/waiters.ts'
import { countArgument } from './count-argument.ts'

/**
 * IDs of one tag, in one form. Every method takes IDs from those in memory and brings more in time, so an ID costs a
 * few nanoseconds; no ID is given out twice, whichever methods and forms of a tag are mixed. Forms that are numbers take them from
 * the same blocks, forms that are texts from others.
 */
export abstract class IdSource<T> implements AsyncIterable<T> {
  protected readonly stock: TagStock

  /** @internal */
  constructor(stock: TagStock) {
    this.stock = stock
  }

  /** workspace/group/tag */
  get path(): string {
    return this.stock.path
  }

  /** How many IDs are in memory. */
  get available(): number {
    return this.stock.queue.left
  }

  /** Which algorithm issued the IDs that came last, and whether that is the tag's first choice; undefined before any. */
  get origin(): { readonly algorithm: string | undefined; readonly degraded: boolean } | undefined {
    return this.stock.origin
  }

  /** The next ID, at once. @throws IDGEN_CLIENT_EMPTY when none is in memory: more are on their way then */
  abstract nextSync(): T

  /** The next ID; waits for the service where none is in memory. */
  next(options?: CallOptions): Promise<T> {
    const { queue } = this.stock
    if (options === undefined && queue.offset < queue.limit) {
      try {
        return Promise.resolve(this.nextSync())
      } catch (error) {
        return Promise.reject(error)
      }
    }
    return this.#wait(options)
  }

  /** `count` IDs, up to a million. */
  async batch(count: number, options?: CallOptions): Promise<T[]> {
    countArgument('batch', count, BATCH_MAX)
    const ids: T[] = []
    this.prepare()
    await this.stock.take(count, (n) => this.readInto(ids, n), options)
    return ids
  }

  /** Waits until `count` IDs are in memory: before a first `nextSync`, or a `takeSync`. */
  async prefetch(count: number, options?: CallOptions): Promise<void> {
    countArgument('prefetch', count, BATCH_MAX)
    await this.stock.prefetch(count, options)
  }

  /** Without an end: `break` when you have enough. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    return this.each()
  }

  /** The same with the options of every `next`: a signal that is aborted ends the loop with its reason. */
  async *each(options?: CallOptions): AsyncGenerator<T, void, undefined> {
    for (;;) yield this.next(options)
  }

  /** Before IDs are taken: lets a form pass over what it cannot hold. */
  protected prepare(): void {}

  /** Appends the next `count` IDs of the stock's present run, which has them; the caller moves the cursor. */
  protected abstract readInto(ids: T[], count: number): void

  async #wait(options: CallOptions | undefined): Promise<T> {
    const ids: T[] = []
    this.prepare()
    await this.stock.take(1, (n) => this.readInto(ids, n), options)
    const [id] = ids
    // It was taken, or `take` had thrown.
    return id as T
  }
}

/** An array of more is better made of several. */
const BATCH_MAX = 1_000_000
