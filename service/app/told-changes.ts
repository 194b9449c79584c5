/**
 * Keys of which a change was told (NOTIFY) that no poll of the catalogue has confirmed yet. Who may connect to the database
 * may tell anything, so what is told counts for a moment only: until a poll that began after it has ended, which knows
 * better. The first one to end may have begun before; the second did not.
 *
 * What a caller says of revisions is not kept: one far above all that exist would never be reached.
 */
export class ToldChanges {
  #now = new Set<string>()
  #before = new Set<string>()

  note(id: string): void {
    if (this.#now.size < TOLD_MAX) this.#now.add(id)
    else this.#now.add(ALL)
  }

  /** A poll has ended; polls follow one another. */
  polled(): void {
    this.#before = this.#now
    this.#now = new Set()
  }

  has(id: string): boolean {
    return [this.#now, this.#before].some((told) => told.has(id) || told.has(ALL))
  }
}

/** Within one poll: more than an administrator changes by hand in a second; 100 KB. Beyond it all keys count as told of. */
const TOLD_MAX = 1024
/** No id of a key. */
const ALL = '*'
