/** 32 lower-case hex digits: 128 random bits, or a UUID without hyphens. */
const GENERATION = /^[0-9a-f]{32}$/

/** What is wrong with the text as a tag's generation, or undefined. */
export function generationFault(text: string): string | undefined {
  return GENERATION.test(text) ? undefined : 'must be 32 hex digits in lower case'
}

/**
 * The tag's number in every database: of 52 of its random bits, from 1. Not a counter of the database: a restored one
 * would give the numbers of lost tags to others, and processes that still hold a lost tag would be granted numbers of
 * another one under its name.
 */
export function tagIdOf(generation: string): number {
  return Number.parseInt(generation.slice(0, 13), 16) + 1
}

/** Bytes of randomness that `generationOf` takes. */
export const GENERATION_BYTES = 16

/** The generation made of 16 random bytes. */
export function generationOf(bytes: Uint8Array): string {
  return [...bytes.subarray(0, GENERATION_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
