/** The turns of a thread, injected so that tests own them. */
export interface EventLoop {
  /** Calls once when the thread has read what lies there now. */
  afterReading(run: () => void): void
  /** The same once it has read anything at all. Does not wake it. Left out where something else wakes it all the time. */
  onceRead?(run: () => void): void
}
