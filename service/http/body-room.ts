import { IdgenError } from '../core/errors.ts'

/** Bytes of bodies that one thread keeps while they come and are answered elsewhere, of whoever asks. */
export class BodyRoom {
  #bytes = 0

  /** `moreBytes` came of a body that has `length` by now. @throws IDGEN_OVERLOADED; they count all the same */
  take(moreBytes: number, length: number): void {
    this.#bytes += moreBytes
    if (this.#bytes > ROOM_BYTES && length > SMALL_BYTES)
      throw new IdgenError(
        'IDGEN_OVERLOADED',
        `Bodies of ${ROOM_BYTES} bytes are under way here already, and this one is above ${SMALL_BYTES}; try again.`,
        { retryAfterMs: 1000 },
      )
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

/** Its key is not checked yet: without a limit strangers had as many megabytes as connections. */
const ROOM_BYTES = 33_554_432
/** Nearly all that manages is smaller, and goes on beside those strangers. */
const SMALL_BYTES = 16_384
