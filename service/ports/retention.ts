/** Takes away what is older than it is to be kept, by itself. */
export interface Retention {
  /** `tell` gets the names of the months (partitions) that are gone, also of those that went before anybody followed. */
  follow(tell: (months: readonly string[]) => void): void
}
