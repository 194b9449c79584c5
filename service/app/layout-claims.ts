import type { Shortage } from '../core/algorithm.ts'
import type { StampGuard } from '../core/guarded-algorithm.ts'
import { layoutOf } from '../core/id-format.ts'
import { parseRangeClaim, rangeClaimOf, sameClaim } from '../core/range-claim.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import type { Clock } from '../ports/clock.ts'
import { LOOK_UP_DEADLINE_MS, withinDeadline } from './deadline.ts'
import { inConflict } from './guarded-segments.ts'
import type { RangeConflicts } from './range-conflicts.ts'
import type { SharedNames } from './shared-names.ts'

export interface LayoutClaimsOptions {
  readonly names: Pick<SharedNames, 'read'>
  readonly conflicts: Pick<RangeConflicts, 'reasons' | 'facesLayout'>
  readonly clock: Clock
  /** The name is not claimed as this database has it: somebody is to look at it. */
  readonly notice: (path: string) => unknown
}

/**
 * Where data centres share an etcd: who may stamp snowflakes of a tag, as GuardedSegments for its segments. Two databases
 * that have another layout for one name would give the same numbers, whatever their worker ids are.
 */
export class LayoutClaims {
  readonly #options: LayoutClaimsOptions

  constructor(options: LayoutClaimsOptions) {
    this.#options = options
  }

  /** For one loading of the tag. */
  guardOf(tag: Tag): StampGuard {
    if (layoutOf(tag.space.format) !== undefined) return new OwnLayout(tag, this.#options)
    const { conflicts } = this.#options
    // Of all tags' layout: those of one process differ from those of any other, but not from a foreign layout's.
    return {
      refusal: () =>
        conflicts.facesLayout(tag.id) ? refusedFor(tag, conflicts.reasons.get(tag.id) ?? '') : undefined,
    }
  }
}

/**
 * Nothing is stamped before the claim in etcd was seen to be this tag's, layout included, since it was loaded and since its
 * last conflict, nor while one is known. After that etcd may be away, but each time it answers it is believed: keys that were
 * lost and claimed by another database, or that a person wrote, end the stamping within seconds.
 */
class OwnLayout implements StampGuard {
  readonly #tag: Tag
  readonly #options: LayoutClaimsOptions
  #agreed = false
  #asking = false
  #asked = 0
  #askedMs = Number.NEGATIVE_INFINITY

  constructor(tag: Tag, options: LayoutClaimsOptions) {
    this.#tag = tag
    this.#options = options
    this.#ask()
  }

  refusal(): Shortage | undefined {
    const why = this.#options.conflicts.reasons.get(this.#tag.id)
    if (why !== undefined) {
      this.#agreed = false
      return refusedFor(this.#tag, why)
    }
    this.#ask()
    if (this.#agreed) return undefined
    // The first look is worth a caller's wait; where it did not help, others of the chain serve meanwhile.
    if (this.#asking && this.#asked === 1) return { kind: 'wait', ms: LOOK_MS }
    return {
      kind: 'failed',
      code: 'IDGEN_COORDINATION_UNAVAILABLE',
      message: `The layout of the tag ${tagPath(this.#tag)} is not seen to be agreed upon in etcd yet; that is being done.`,
    }
  }

  #ask(): void {
    const { clock } = this.#options
    if (this.#asking) return
    const nowMs = clock.monotonicMs()
    if (nowMs < (this.#agreed ? this.#askedMs + LOOK_AGAIN_MS : this.#askedMs + ASK_EVERY_MS)) return
    this.#asking = true
    this.#asked += 1
    this.#askedMs = nowMs
    void this.#look()
  }

  /** Never rejects: a look that failed is one that has not been, and what was seen before holds. */
  async #look(): Promise<void> {
    const { names, clock, notice } = this.#options
    const path = tagPath(this.#tag)
    try {
      const { claim } = await withinDeadline(
        clock,
        LOOK_UP_DEADLINE_MS,
        `the claim of ${path}`,
        names.read(path),
      )
      const parsed = claim && parseRangeClaim(claim.value)
      this.#agreed = parsed !== undefined && sameClaim(parsed, rangeClaimOf(this.#tag))
      if (!this.#agreed) notice(path)
    } catch {
      // Another look follows.
    } finally {
      this.#asking = false
    }
  }
}

function refusedFor(tag: Tag, why: string): Shortage {
  const { code, message } = inConflict(tag.id, why)
  return { kind: 'failed', code, message }
}

/** As often as the health check looks whether the tag can go on. */
const ASK_EVERY_MS = 1000
/** As long as all goes well: a small read, of tags with a layout of their own that are in use. */
const LOOK_AGAIN_MS = 10_000
/** What an answer of etcd takes, about. */
const LOOK_MS = 5
