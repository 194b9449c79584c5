import type { Stream } from './stream.ts'

/** The requests under way on one connection, by the number of their stream. */
export class StreamTable {
  readonly #streams = new Map<number, Stream>()
  /** Whose head came with the read that is worked on. */
  readonly #begun: Stream[] = []

  get size(): number {
    return this.#streams.size
  }

  get(id: number): Stream | undefined {
    return this.#streams.get(id)
  }

  values(): Iterable<Stream> {
    return this.#streams.values()
  }

  add(stream: Stream): void {
    this.#streams.set(stream.id, stream)
    this.#begun.push(stream)
  }

  delete(id: number): void {
    this.#streams.delete(id)
  }

  /** Nearly all requests are whole by then, and cost nothing more: who answers the others is told that it must wait. */
  readEnded(): void {
    if (this.#begun.length === 0) return
    for (const stream of this.#begun) stream.headRead()
    this.#begun.length = 0
  }

  /** The process stops, and what has not come whole by now is not waited for. */
  hurry(): void {
    for (const stream of this.values()) stream.hurry()
  }
}
