/** Of a cache whose map is in the order in which its entries came. A use sets the mark and moves nothing: it is on the path of every ID. */
export interface Chanced {
  /** Whether it was used since it came, or was passed over when another had to go. */
  inUse: boolean
}

/**
 * Makes room for one more among `max` (1 or more), and returns who had to go: the oldest that was not used since it came.
 * Who was gets to the end of the row once more, so a flood of entries that are used once drives none out that is used all
 * the time. Where all are in use it is the oldest; never the one that comes, which would be looked up for ever.
 */
export function makeRoom<E extends Chanced>(kept: Map<string, E>, max: number): E | undefined {
  if (kept.size < max) return undefined
  for (let looks = 0; ; looks += 1) {
    const oldest = kept.entries().next().value
    if (oldest === undefined) return undefined
    const [name, entry] = oldest
    kept.delete(name)
    if (!entry.inUse || looks >= SECOND_CHANCES_MAX) return entry
    entry.inUse = false
    kept.set(name, entry)
  }
}

/** Passed over at once: what makes room stays short, also where every entry of a large cache is in use. */
const SECOND_CHANCES_MAX = 100
