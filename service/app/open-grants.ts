import type { SegmentGrant } from '../core/grant.ts'

/**
 * Remembers which grants this process took, so that the unused end of each is returned at most once.
 *
 * A second return of [from, hi) after one with an unknown outcome could find `next_value = hi` again, because
 * somebody else was given exactly [from, hi) in between, and would hand his numbers out a third time.
 */
export class OpenGrants {
  readonly #loByEnd = new Map<string, number>()

  took(tagId: number, dc: number, grant: SegmentGrant): void {
    this.#loByEnd.set(endOf(tagId, dc, grant), grant.lo)
    if (this.#loByEnd.size <= GRANTS_MAX) return
    for (const oldest of this.#loByEnd.keys()) {
      this.#loByEnd.delete(oldest)
      return
    }
  }

  /** true once per grant: `unused` is an end of a grant of this process that was not returned before. */
  claimReturn(tagId: number, dc: number, unused: SegmentGrant): boolean {
    const end = endOf(tagId, dc, unused)
    const lo = this.#loByEnd.get(end)
    if (lo === undefined || unused.lo < lo || unused.lo >= unused.hi) return false
    return this.#loByEnd.delete(end)
  }
}

function endOf(tagId: number, dc: number, grant: SegmentGrant): string {
  return `${tagId}/${dc}/${grant.hi}`
}

/** About 1 MB. A grant pushed out can no longer be returned: a gap at the shutdown, nothing more. */
const GRANTS_MAX = 10_000
