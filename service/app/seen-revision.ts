/** Of a transaction that changes something when it succeeds. */
interface Answer {
  readonly succeeded: boolean
  readonly revision: number
}

/**
 * Notices that the coordinator was restored from a backup: a call that began after revision n was seen is answered
 * with n or higher, and one that changed something with more than n, unless the store has forgotten something. A restore that raises revisions, as etcd's documents
 * advise, shows by a leap. A process that saw no more than the backup holds notices nothing.
 */
export class SeenRevision {
  #highest = 0

  /** Pass it to `restored` with the answer of a call that begins now. */
  get highest(): number {
    return this.#highest
  }

  /** Says so once: from then on the restored store is the one that was seen. */
  restored(before: number, { succeeded, revision: answered }: Answer): boolean {
    const restored = answered < before + (succeeded ? 1 : 0) || (before > 0 && answered - before > LEAP_MIN)
    this.#highest = restored ? answered : Math.max(this.#highest, answered)
    return restored
  }
}

/** Half of what `--bump-revision` is given in etcd's documents; nobody makes so many changes within one process' life. */
const LEAP_MIN = 500_000_000
