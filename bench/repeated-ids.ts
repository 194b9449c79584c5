import { Buffer } from 'node:buffer'

/**
 * Marks of 64 bits instead of IDs, so that ten millions of any form fit into memory. Two different IDs have one mark with
 * a chance of 3 in a million for all ten millions together.
 */
export class IdMarks {
  readonly shared: SharedArrayBuffer
  readonly #words: Uint32Array

  /** The first word of `shared` counts. */
  constructor(shared: SharedArrayBuffer | number) {
    this.shared = typeof shared === 'number' ? new SharedArrayBuffer(8 * (shared + 1)) : shared
    this.#words = new Uint32Array(this.shared)
  }

  get count(): number {
    return this.#words[0] ?? 0
  }

  get room(): boolean {
    return 2 * (this.count + 1) < this.#words.length
  }

  add(id: unknown): void {
    const text = Buffer.isBuffer(id) ? id.toString('hex') : String(id)
    let [a, b] = [0x811c9dc5, 0x9e3779b9]
    for (let i = 0; i < text.length; i += 1) {
      const unit = text.charCodeAt(i)
      a = Math.imul(a ^ unit, 0x01000193)
      b = Math.imul(b ^ unit ^ (a >>> 15), 0x85ebca6b)
      b ^= b >>> 13
    }
    const at = 2 * (this.count + 1)
    this.#words[at] = a ^ (b >>> 16)
    this.#words[at + 1] = b
    this.#words[0] = this.count + 1
  }

  /** The words of what was added. */
  get words(): Uint32Array {
    return this.#words.subarray(2, 2 * (this.count + 1))
  }
}

/** How many marks are there more than different ones. */
export function repeats(all: readonly IdMarks[]): number {
  const marks = new BigUint64Array(all.reduce((sum, { count }) => sum + count, 0))
  const words = new Uint32Array(marks.buffer)
  let at = 0
  for (const { words: own } of all) {
    words.set(own, at)
    at += own.length
  }
  marks.sort()
  let found = 0
  for (let i = 2; i < words.length; i += 2)
    if (words[i] === words[i - 2] && words[i + 1] === words[i - 1]) found += 1
  return found
}
