import type { Random } from '../../../service/ports/random.ts'

/** The one source of chance of a simulation: the same seed gives the same run. mulberry32; never secret. */
export class Prng implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
    // Neighbouring seeds begin alike; a few rounds take them apart.
    for (let round = 0; round < 4; round += 1) this.next()
  }

  /** A generator of its own, so that what one part draws does not move what another part draws. */
  fork(): Prng {
    return new Prng(this.next())
  }

  /** uint32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** An integer in min..max, both included. */
  int(min: number, max: number): number {
    return min + (this.next() % (max - min + 1))
  }

  between(min: number, max: number): number {
    return min + (this.next() / 2 ** 32) * (max - min)
  }

  /** A waiting time whose mean is `mean`: what comes by chance is as likely at once as later. */
  wait(mean: number): number {
    return -Math.log(1 - this.next() / 2 ** 32) * mean
  }

  chance(probability: number): boolean {
    return this.next() / 2 ** 32 < probability
  }

  /** undefined only of an empty list. */
  pick<T>(list: readonly T[]): T | undefined {
    return list[this.next() % Math.max(1, list.length)]
  }

  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = this.next() >>> 24
  }
}
