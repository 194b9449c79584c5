import type { Entry, Follower } from '../../ports/coordinator.ts'

/**
 * What one follower is told, in order, later than the call that caused it: a follower that calls the store from its
 * callback must not find it in the middle of a change.
 */
export class MemoryFollow implements Disposable {
  readonly prefix: string
  readonly #follower: Follower
  #queue: (() => void)[] = []
  #lost = false
  #disposed = false

  constructor(prefix: string, follower: Follower) {
    this.prefix = prefix
    this.#follower = follower
  }

  snapshot(entries: readonly Entry[], revision: number): void {
    this.#lost = false
    this.#add(() => this.#follower.onSnapshot(entries, revision))
  }

  put(entry: Entry): void {
    if (!this.#lost && entry.key.startsWith(this.prefix)) this.#add(() => this.#follower.onPut(entry))
  }

  delete(key: string, revision: number): void {
    if (!this.#lost && key.startsWith(this.prefix)) this.#add(() => this.#follower.onDelete(key, revision))
  }

  /** Once per loss; what happens until the next snapshot is not told. */
  lost(why: string): void {
    if (this.#lost) return
    this.#lost = true
    this.#add(() => this.#follower.onLost(why))
  }

  [Symbol.dispose](): void {
    this.#disposed = true
    this.#queue = []
  }

  #add(tell: () => void): void {
    if (this.#disposed) return
    this.#queue.push(tell)
    if (this.#queue.length === 1) queueMicrotask(() => this.#flush())
  }

  /** The queue is emptied in one go at the end of the current turn, so it is as long as one turn is busy. */
  #flush(): void {
    for (let i = 0; i < this.#queue.length; i += 1) this.#queue[i]?.()
    this.#queue = []
  }
}
