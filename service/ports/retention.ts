/** Takes away what is older than it is to be kept, by itself, and nothing that is not written down before. */
export interface Retention {
  /**
   * `record` gets the names of the months (partitions) that are about to go, and says whether that is written down: where it
   * is not, they stay for the next round. Until somebody follows nothing goes; then a round begins.
   */
  follow(record: RecordExpiry): void
}

/** Must not reject. */
export type RecordExpiry = (months: readonly string[]) => Promise<boolean>
