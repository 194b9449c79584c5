/**
 * A cache of small texts that the instances share. It may forget, and it may bring back what was replaced: never the
 * truth about anything. Every failure is IDGEN_CACHE_UNAVAILABLE.
 */
export interface RecordCache {
  get(key: string): Promise<string | undefined>
  /** Up to 16,384 bytes; an empty text is none. */
  set(key: string, value: string, ttlMs: number): Promise<void>
  remove(key: string): Promise<void>
}
