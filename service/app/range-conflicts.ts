import { type Tag, tagPath } from '../core/tag.ts'
import type { Log } from '../ports/log.ts'
import type { AuditTrail } from './audit-trail.ts'

/** A tag is in conflict: what was lent or is in memory of it is to be dropped. Or it is no longer. */
export type ConflictListener = (path: string, inConflict: boolean) => void

/**
 * Tags of this database whose name or numbers another database claims too, or may have granted: nothing may be
 * allocated for them until a person has made one of the two go.
 */
export class RangeConflicts {
  readonly #audit: AuditTrail
  readonly #log: Log
  /** The same conflicts twice: by tag id for who allocates, by path for who looks whether they are over. */
  readonly #reasons = new Map<number, string>()
  readonly #tags = new Map<string, number>()
  /** Tag ids of those whose rival has, or may have, a snowflake layout of its own. */
  readonly #facingLayout = new Set<number>()
  readonly #onChange: ConflictListener
  #changes = 0

  constructor(audit: AuditTrail, log: Log, onChange: ConflictListener = () => {}) {
    this.#audit = audit
    this.#log = log
    this.#onChange = onChange
  }

  /** Another number after each conflict that was found, or is over: whoever saw this one knows what there is to know. */
  get changes(): number {
    return this.#changes
  }

  /** Why, by tag id. */
  get reasons(): ReadonlyMap<number, string> {
    return this.#reasons
  }

  /** Also snowflakes of the layout that all tags share could be numbers of its rival. */
  facesLayout(tagId: number): boolean {
    return this.#facingLayout.has(tagId)
  }

  /** Paths of tags in conflict. */
  get paths(): readonly string[] {
    return [...this.#tags.keys()]
  }

  /** One alert when a conflict begins or changes, one line when it ends. `facesLayout`: as the method of that name. */
  found(tag: Tag, why: string, facesLayout = false): void {
    if (this.#reasons.get(tag.id) === why && this.facesLayout(tag.id) === facesLayout) return
    this.cleared(tagPath(tag))
    this.#reasons.set(tag.id, why)
    this.#tags.set(tagPath(tag), tag.id)
    if (facesLayout) this.#facingLayout.add(tag.id)
    this.#changes += 1
    this.#onChange(tagPath(tag), true)
    const detail = { tagId: tag.id, generation: tag.generation, space: tag.space, why }
    this.#log.error({ tag: tagPath(tag), ...detail }, 'number range in conflict')
    const { workspace } = tag
    const result = 'IDGEN_SPACE_MISMATCH'
    this.#audit.record({ action: 'range.conflict', subject: tagPath(tag), workspace, result, detail })
  }

  cleared(path: string): void {
    const tagId = this.#tags.get(path)
    if (tagId === undefined) return
    this.#tags.delete(path)
    this.#reasons.delete(tagId)
    this.#facingLayout.delete(tagId)
    this.#changes += 1
    this.#onChange(path, false)
    this.#log.info({ tag: path, tagId }, 'number range no longer in conflict')
  }
}
