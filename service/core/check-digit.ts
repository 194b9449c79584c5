/**
 * One check character over digits of a radix. Both kinds find every single wrong digit, and nearly every swap of two
 * neighbours: all but one pair (in decimal 1 of 45), of Luhn the first and the last digit of the radix, of ISO 7064 one
 * that depends on what stands before them.
 *
 *     luhn      Luhn mod N (N = radix, which is even): the digits doubled from the right, as on payment cards
 *     iso7064   the hybrid systems of ISO 7064: MOD 11,10 for decimal digits, MOD 37,36 for 0-9 A-Z
 */
export const CHECK_KINDS = ['luhn', 'iso7064'] as const
export type CheckKind = (typeof CHECK_KINDS)[number]

/** ISO 7064 has no hybrid system for other radixes: N + 1 must be prime. */
export const ISO7064_RADIXES: readonly number[] = [10, 36]

/** The value (0..radix-1) of the check character after `digits`, each 0..radix-1. */
export function checkValue(kind: CheckKind, digits: readonly number[], radix: number): number {
  return kind === 'luhn' ? luhn(digits, radix) : iso7064(digits, radix)
}

function luhn(digits: readonly number[], radix: number): number {
  let sum = 0
  let factor = 2
  for (let at = digits.length - 1; at >= 0; at -= 1) {
    const product = (digits[at] ?? 0) * factor
    sum += Math.floor(product / radix) + (product % radix)
    factor = 3 - factor
  }
  return (radix - (sum % radix)) % radix
}

function iso7064(digits: readonly number[], radix: number): number {
  let product = radix
  for (const digit of digits) {
    const sum = (product + digit) % radix
    product = ((sum === 0 ? radix : sum) * 2) % (radix + 1)
  }
  return (radix + 1 - product) % radix
}
