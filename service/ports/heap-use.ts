/** What the heap of a thread holds, and what its collector took from the thread. */
export interface HeapUse {
  readonly usedBytes: number
  /** How long the collector stopped the thread since it began; milliseconds. */
  readonly collectedMs: number
}
