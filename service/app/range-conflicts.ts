import { type Tag, tagPath } from '../core/tag.ts'
import type { Log } from '../ports/log.ts'
import type { AuditTrail } from './audit-trail.ts'

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

  constructor(audit: AuditTrail, log: Log) {
    this.#audit = audit
    this.#log = log
  }

  /** Why, by tag id. */
  get reasons(): ReadonlyMap<number, string> {
    return this.#reasons
  }

  /** Paths of tags in conflict. */
  get paths(): readonly string[] {
    return [...this.#tags.keys()]
  }

  /** One alert when a conflict begins or changes, one line when it ends. */
  found(tag: Tag, why: string): void {
    if (this.#reasons.get(tag.id) === why) return
    this.cleared(tagPath(tag))
    this.#reasons.set(tag.id, why)
    this.#tags.set(tagPath(tag), tag.id)
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
    this.#log.info({ tag: path, tagId }, 'number range no longer in conflict')
  }
}
