/**
 * How long to rest after the `failures`-th failure in a row (1, 2, …): doubling, half of it by chance, so that clients
 * that failed together do not come back together. `random`: 0 to below 1. `askedMs`: what Retry-After said.
 */
export function restAfter(failures: number, random: number, askedMs = 0): number {
  const full = Math.min(REST_MAX_MS, REST_FIRST_MS * 2 ** (failures - 1))
  return Math.min(ASKED_MAX_MS, Math.max(full * (0.5 + random / 2), askedMs * (1 + random / 10)))
}

/** A round trip within a data centre takes a millisecond or two; what failed once rarely works again sooner. */
const REST_FIRST_MS = 50
/** So soon, at the latest, is it noticed that the service is back. */
const REST_MAX_MS = 2000
/** Whoever says more than this may be wrong about it, or want to keep clients away. */
const ASKED_MAX_MS = 30_000
