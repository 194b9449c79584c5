/** How often something happened, by name: faults, and the paths of the protocols that they led to. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(name: string, times = 1): void {
    if (times > 0) this.#counts.set(name, (this.#counts.get(name) ?? 0) + times)
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  merge(other: Tally): void {
    for (const [name, times] of other.#counts) this.add(name, times)
  }

  /** By name. */
  entries(): readonly (readonly [string, number])[] {
    return [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1))
  }
}
