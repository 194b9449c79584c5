import { PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { HeapUse } from '../../ports/heap-use.ts'

/** Of the thread that makes it: each has a heap and a collector of its own, which the figures of the main thread leave out. */
export class HeapWatch {
  #collectedMs = 0
  readonly #observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) this.#collectedMs += duration
  })

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  /** Takes some microseconds. */
  get use(): HeapUse {
    return { usedBytes: getHeapStatistics().used_heap_size, collectedMs: this.#collectedMs }
  }

  stop(): void {
    this.#observer.disconnect()
  }
}
