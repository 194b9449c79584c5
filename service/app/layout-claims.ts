import type { Shortage } from '../core/algorithm.ts'
import type { StampGuard } from '../core/guarded-algorithm.ts'
import { layoutOf } from '../core/id-format.ts'
import { bearsNoLayout } from '../core/name-layouts.ts'
import { parseRangeClaim, rangeClaimOf, sameClaim } from '../core/range-claim.ts'
import { type Tag, tagPath } from '../core/tag.ts'
import { ClaimLook, type ClaimLookOptions } from './claim-look.ts'
import { inConflict } from './guarded-segments.ts'
import type { RangeConflicts } from './range-conflicts.ts'

export interface LayoutClaimsOptions extends ClaimLookOptions {
  readonly conflicts: Pick<RangeConflicts, 'reasons' | 'facesLayout' | 'changes'>
}

/**
 * Where data centres share an etcd: who may stamp snowflakes of a tag, as GuardedSegments for its segments. Two databases
 * that have another layout for one name, or one and none, would give the same numbers, whatever their worker ids are.
 * So no tag is stamped before etcd was seen to say that its name is nobody else's, or bears no layout (decision 0043).
 */
export class LayoutClaims {
  readonly #options: LayoutClaimsOptions
  /** Names whose claim was not as this database has it when all were looked at; undefined: they never were. */
  #doubtful: ReadonlySet<string> | undefined

  constructor(options: LayoutClaimsOptions) {
    this.#options = options
  }

  /** All claims were compared with this database's tags, and differ for these names. */
  looked(doubtful: ReadonlySet<string>): void {
    this.#doubtful = doubtful
  }

  /**
   * For one loading of the tag. `published`: its database knows that etcd had its claim once. That holds in this etcd where the claim
   * was also found when all were looked at, and holds for good.
   */
  guardOf(tag: Tag, published: boolean): StampGuard {
    if (layoutOf(tag.space.format) !== undefined) return new OwnLayout(tag, this.#options)
    const known = published && this.#doubtful?.has(tagPath(tag)) === false
    return new SharedLayout(tag, this.#options, known)
  }
}

/**
 * Nothing is stamped before the claim in etcd was seen to be this tag's, layout included, since it was loaded and since its
 * last conflict, nor while one is known. After that etcd may be away, but each time it answers it is believed: keys that were
 * lost and claimed by another database, or that a person wrote, end the stamping within seconds.
 */
class OwnLayout implements StampGuard {
  readonly #tag: Tag
  readonly #conflicts: LayoutClaimsOptions['conflicts']
  readonly #look: ClaimLook

  constructor(tag: Tag, options: LayoutClaimsOptions) {
    this.#tag = tag
    this.#conflicts = options.conflicts
    const own = rangeClaimOf(tag)
    this.#look = new ClaimLook(tag, options, ({ claim }) => {
      const parsed = claim === undefined ? undefined : parseRangeClaim(claim)
      return parsed !== undefined && sameClaim(parsed, own)
    })
    this.#look.ask(ASK_EVERY_MS)
  }

  refusal(): Shortage | undefined {
    const why = this.#conflicts.reasons.get(this.#tag.id)
    if (why !== undefined) {
      this.#look.forget()
      return refusedFor(this.#tag, why)
    }
    this.#look.ask(this.#look.allowed ? LOOK_AGAIN_MS : ASK_EVERY_MS)
    return this.#look.allowed ? undefined : notSeen(this.#tag, this.#look)
  }
}

/**
 * Of a tag that has no layout of its own. Once its name is known to bear none it never will, so nothing is looked at any more but
 * whether conflicts changed: one comparison of integers for a take.
 */
class SharedLayout implements StampGuard {
  readonly #tag: Tag
  readonly #options: LayoutClaimsOptions
  /** undefined: known without one. */
  #look: ClaimLook | undefined
  /** RangeConflicts.changes as they were when the tag was found free to be stamped. */
  #freeAt = -1

  constructor(tag: Tag, options: LayoutClaimsOptions, known: boolean) {
    this.#tag = tag
    this.#options = options
    if (known) return
    this.#look = this.#newLook()
    this.#look.ask(ASK_EVERY_MS)
  }

  refusal(): Shortage | undefined {
    return this.#options.conflicts.changes === this.#freeAt ? undefined : this.#judge()
  }

  #judge(): Shortage | undefined {
    const { conflicts } = this.#options
    const { changes } = conflicts
    if (conflicts.facesLayout(this.#tag.id)) {
      this.#look ??= this.#newLook()
      this.#look.forget()
      return refusedFor(this.#tag, conflicts.reasons.get(this.#tag.id) ?? '')
    }
    if (this.#look?.allowed === false) {
      this.#look.ask(ASK_EVERY_MS)
      return notSeen(this.#tag, this.#look)
    }
    this.#freeAt = changes
    return undefined
  }

  #newLook(): ClaimLook {
    const own = rangeClaimOf(this.#tag)
    return new ClaimLook(this.#tag, this.#options, (name) => bearsNoLayout(name, own))
  }
}

/** The first look is waited for; where it did not help, others of the chain serve meanwhile. */
function notSeen(tag: Tag, look: ClaimLook): Shortage {
  if (look.isFirst) return { kind: 'wait', ms: LOOK_MS }
  return {
    kind: 'failed',
    code: 'IDGEN_COORDINATION_UNAVAILABLE',
    message: `No snowflakes of the tag ${tagPath(tag)} are given before etcd was seen to say that no other database has another layout for its name; that is being looked at.`,
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
