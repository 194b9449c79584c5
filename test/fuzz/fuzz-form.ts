import { randomInt } from 'node:crypto'

/** How long the fuzzers go on, and from which seed. CI runs the short form, `make fuzz` the long one. */

const minutes = Number(process.env['FUZZ_MINUTES'] ?? 0)

export const IS_LONG = minutes > 0
/** Of one fuzzer in the long form, which looks for what nobody knows of yet. */
export const FUZZ_MS = minutes * 60_000
/** Of one fuzzer in the short form, which finds what a change broke: seconds. By count, so that a fast machine tries no more. */
export const SHORT_CASES = 3000
/** The short form is the same every time: CI is not to fail for a change that has nothing to do with it. */
const OWN_SEED = IS_LONG ? randomInt(1, 2 ** 31) : 1
/** Printed when something is found; FUZZ_SEED=… replays it. */
export const SEED = Number(process.env['FUZZ_SEED'] || OWN_SEED)
