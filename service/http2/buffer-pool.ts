import { OutputBuffer } from './output-buffer.ts'

/** Buffers for answers, lent for a turn of the event loop: as many as connections answer at once, not one for each. */
export class BufferPool {
  readonly #free: OutputBuffer[] = []

  take(): OutputBuffer {
    return this.#free.pop() ?? new OutputBuffer()
  }

  give(buffer: OutputBuffer): void {
    buffer.length = 0
    if (this.#free.length < FREE_MAX && !buffer.isLarge) this.#free.push(buffer)
  }
}

/** 32 KiB each. One serves nearly always; several only when answers that waited come together. */
const FREE_MAX = 16
