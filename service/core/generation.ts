/** 32 lower-case hex digits: 128 random bits, or a UUID without hyphens. */
const GENERATION = /^[0-9a-f]{32}$/

/** What is wrong with the text as a tag's generation, or undefined. */
export function generationFault(text: string): string | undefined {
  return GENERATION.test(text) ? undefined : 'must be 32 hex digits in lower case'
}

/**
 * The tag's number in every database: 52 bits mixed of all of the generation, so that those a person made up differ as
 * well; from 1. Two of 100,000 tags have the same number once in a million installations, and then the second cannot be
 * made: the key refuses it. Not a counter of the database: a restored one
 * would give the numbers of lost tags to others, and processes that still hold a lost tag would be granted numbers of
 * another one under its name.
 */
export function tagIdOf(generation: string): number {
  let high = 0x9e3779b9
  let low = 0x85ebca6b
  for (let at = 0; at < generation.length; at += 8) {
    const word = Number.parseInt(generation.slice(at, at + 8), 16)
    high = scramble(high ^ word)
    low = scramble(Math.imul(low, 0x01000193) ^ high)
  }
  return (high & 0xfffff) * 2 ** 32 + low + 1
}

/** murmur3's last step (Austin Appleby, public domain): every bit of the input moves every bit of the result. */
function scramble(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** Bytes of randomness that `generationOf` takes. */
export const GENERATION_BYTES = 16

/** The generation made of 16 random bytes. */
export function generationOf(bytes: Uint8Array): string {
  return [...bytes.subarray(0, GENERATION_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
