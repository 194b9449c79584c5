/**
 * `preloadAt` of a tag, 0.3..0.5. Tags that come into use together, at a like rate, would all ask the store in the same
 * moment: a hundred at once kept answers waiting for 60 ms (bench/open-loop.bench.ts). Multiples of the golden ratio lie
 * evenly, whatever ids there are (Knuth, The Art of Computer Programming 6.4).
 */
export function preloadShareOf(tagId: number): number {
  return PRELOAD_EARLIEST - PRELOAD_SPREAD * ((tagId * GOLDEN) % 1)
}

/** Share of a segment left below which the next may be fetched: fetched earlier, it would only lie there. */
export const PRELOAD_EARLIEST = 0.5
/** What is left then is still three times the share at which it is fetched at the latest. */
const PRELOAD_SPREAD = 0.2
const GOLDEN = (Math.sqrt(5) - 1) / 2
