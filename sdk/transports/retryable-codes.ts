/**
 * Codes of the service with which the same call may succeed later, for the protocols that do not say so with each
 * error. test/sdk-codes.test.ts holds it against the service's own list.
 */
const RETRYABLE = new Set([
  'IDGEN_STORE_UNAVAILABLE',
  'IDGEN_COORDINATION_UNAVAILABLE',
  'IDGEN_CACHE_UNAVAILABLE',
  'IDGEN_WITNESS_UNAVAILABLE',
  'IDGEN_SEGMENT_UNAVAILABLE',
  'IDGEN_WORKER_UNAVAILABLE',
  'IDGEN_CLOCK_UNUSABLE',
  'IDGEN_ALGORITHMS_EXHAUSTED',
  'IDGEN_SHUTTING_DOWN',
  'IDGEN_OVERLOADED',
  'IDGEN_DEADLINE_EXCEEDED',
])

export function isRetryableCode(code: string): boolean {
  return RETRYABLE.has(code)
}
