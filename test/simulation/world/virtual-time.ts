import type { Clock } from '../../../service/ports/clock.ts'

interface VirtualEvent {
  readonly atMs: number
  readonly order: number
  run: (() => void) | undefined
}

/**
 * True time of a simulation, and the one queue of all that happens in it. Events of one moment happen in the order in
 * which they were put in; between two of them all promise callbacks run to their end, so that the same seed gives the
 * same run.
 */
export class VirtualTime {
  /** Milliseconds since the simulation began; a fraction is a fraction of a millisecond. */
  nowMs = 0
  /** Events that happened. */
  steps = 0
  readonly #heap: VirtualEvent[] = []
  #order = 0

  at(atMs: number, run: () => void): Disposable {
    const event: VirtualEvent = { atMs: Math.max(atMs, this.nowMs), order: this.#order, run }
    this.#order += 1
    this.#push(event)
    return {
      [Symbol.dispose]: () => {
        event.run = undefined
      },
    }
  }

  after(ms: number, run: () => void): Disposable {
    return this.at(this.nowMs + Math.max(0, ms), run)
  }

  /** What happens until `untilMs`; ends early when `ended` says so, which is asked after every event. */
  async runUntil(untilMs: number, ended: () => boolean = () => false): Promise<void> {
    await microtasks()
    while (!ended()) {
      const event = this.#heap[0]
      if (event === undefined || event.atMs > untilMs) break
      this.#pop()
      if (event.run === undefined) continue
      this.nowMs = event.atMs
      this.steps += 1
      event.run()
      await microtasks()
    }
    if (!ended()) this.nowMs = Math.max(this.nowMs, untilMs)
  }

  /** The clock of a store: it is never wrong, or clocks of instances would have nothing to be compared with. */
  clock(): Clock {
    return {
      nowMs: () => Math.floor(EPOCH_MS + this.nowMs),
      monotonicMs: () => this.nowMs,
      after: (ms, wake) => this.after(ms, wake),
    }
  }

  #push(event: VirtualEvent): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !earlier(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const right = heap[child + 1]
      let below = heap[child]
      if (below === undefined) break
      if (right !== undefined && earlier(right, below)) {
        below = right
        child += 1
      }
      if (!earlier(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

/**
 * Unix time at which every simulation begins: after the first usable millisecond of the default layout, and some seconds
 * before a day ends, which is the last of a month and of a year: dates begin anew within a run.
 */
export const EPOCH_MS = Date.UTC(2026, 0, 1) - 5000

function earlier(a: VirtualEvent, b: VirtualEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** Resolves when no promise callback is left to run: that is when the event loop comes to its next phase. */
function microtasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
