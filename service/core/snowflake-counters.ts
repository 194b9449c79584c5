/** Events since the start, for metrics. */
export interface SnowflakeCounters {
  /** Milliseconds stamped before the clock reached them. */
  readonly borrowedMs: number
  /** Times the clock was found 1..4 ms behind: waited. */
  readonly rollbacksWaited: number
  /** Times it was found 5..1000 ms behind: the logical clock went on. */
  readonly rollbacksBridged: number
  /** Times it was found more than 1000 ms behind: refused. */
  readonly rollbacksRefused: number
}
