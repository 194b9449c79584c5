/** Lets a few works run at once; the others wait for their turn, in the order in which they came. */
export class Turns {
  readonly #most: number
  #running = 0
  /** Whoever calls `run` bounds how many wait. */
  readonly #waiting: (() => void)[] = []

  constructor(most: number) {
    this.#most = most
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    // A turn that ends is handed on, so nobody who comes now gets in before those who wait.
    if (this.#running >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running += 1
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}
