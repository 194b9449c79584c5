/**
 * Decimal text of consecutive values: the digits above the last three are made once in a thousand IDs, because
 * BigInt.toString and String(number) cost several times what the rest of a take does.
 */
export class DecimalText {
  /** Belongs to values from #from to #from + 999 of the run that begins at #first. */
  #prefix = ''
  #first = -1n
  #from = 0

  /** The value at `offset` of the run that begins at `first`. */
  at(first: bigint, offset: number): string {
    const low = offset - this.#from
    // Runs are told apart by their values, which are compared only where the cheap test passes.
    if (low >= 0 && low < THOUSAND && first === this.#first) return this.#prefix + lastDigits(low)
    return this.#anew(first, offset)
  }

  #anew(first: bigint, offset: number): string {
    const value = first + BigInt(offset)
    const high = value / 1000n
    // Below 1000 there are no leading zeros to print.
    if (high === 0n) return String(value)
    const low = Number(value - high * 1000n)
    this.#prefix = String(high)
    this.#first = first
    this.#from = offset - low
    return this.#prefix + lastDigits(low)
  }
}

const THOUSAND = 1000
const LAST_DIGITS = Array.from({ length: THOUSAND }, (_, low) => String(low).padStart(3, '0'))

function lastDigits(low: number): string {
  return LAST_DIGITS[low] ?? ''
}
