import { HostClock } from './host-clock.ts'
import type { VirtualTime } from './virtual-time.ts'

/**
 * A machine with one process on it. What comes in while the process is paused waits and comes in order when it goes
 * on; what comes for a process that is dead never arrives.
 */
export class Host {
  readonly name: string
  readonly dc: number
  readonly clock: HostClock
  readonly #time: VirtualTime
  #inbox: (() => void)[] = []
  #paused = false
  /** Which process runs here now; 0: none. Counts starts. */
  #run = 0
  #alive = false

  constructor(time: VirtualTime, name: string, dc: number) {
    this.#time = time
    this.name = name
    this.dc = dc
    this.clock = new HostClock(time, (wake) => this.deliver(this.#run, wake))
  }

  get alive(): boolean {
    return this.#alive
  }

  get paused(): boolean {
    return this.#paused
  }

  get run(): number {
    return this.#run
  }

  boot(): number {
    this.#run += 1
    this.#alive = true
    return this.#run
  }

  /** SIGKILL: nothing of it runs any more. */
  crash(): void {
    this.#alive = false
    this.#inbox = []
    this.clock.clear()
    if (this.#paused) this.resume()
  }

  pause(monotonicStops: boolean): void {
    this.#paused = true
    if (monotonicStops) this.clock.freeze()
  }

  resume(): void {
    this.#paused = false
    this.clock.thaw()
    this.#next()
  }

  /** Runs `arrive` in process `run`, now or when it goes on. */
  deliver(run: number, arrive: () => void): void {
    if (!this.#alive || run !== this.#run) return
    if (this.#paused || this.#inbox.length > 0) this.#inbox.push(arrive)
    else arrive()
  }

  /** One at a time, as an event each: promise callbacks of one run before the next one arrives. */
  #next(): void {
    if (this.#inbox.length === 0) return
    this.#time.after(0, () => {
      if (this.#paused) return
      this.#inbox.shift()?.()
      this.#next()
    })
  }
}
