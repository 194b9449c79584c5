import type { VirtualTime } from './virtual-time.ts'

/** The last events of a run, for the report of a failure. */
export class Trace {
  readonly #time: VirtualTime
  readonly #lines: string[] = []
  /** Hashed over all lines: two runs of a seed must agree. */
  #digest = 0

  constructor(time: VirtualTime) {
    this.#time = time
  }

  get digest(): number {
    return this.#digest
  }

  note(text: string): void {
    const line = `${this.#time.nowMs.toFixed(2).padStart(10)} ${text}`
    for (let i = 0; i < line.length; i += 1)
      this.#digest = (Math.imul(this.#digest, 31) + line.charCodeAt(i)) >>> 0
    this.#lines.push(line)
    if (this.#lines.length > 2 * LINES_MAX) this.#lines.splice(0, LINES_MAX)
  }

  last(count: number): readonly string[] {
    return this.#lines.slice(-count)
  }
}

/** More than anybody reads; a run has some ten thousand. */
const LINES_MAX = 2000
