import { withoutShuffleKey, withShownSpace } from '../core/shown-space.ts'
import type { Tag } from '../core/tag.ts'
import type { TagRecord } from '../core/tag-record.ts'
import type { Refusal } from '../core/tag-sync-plan.ts'
import type { TagImport } from '../ports/catalog-store.ts'
import type { Log } from '../ports/log.ts'
import type { AuditTrail } from './audit-trail.ts'
import type { NameReading } from './shared-names.ts'

/** What the exchange of tags with etcd did, for the log and the audit log. */
export class SyncReport {
  readonly #audit: AuditTrail
  readonly #log: Log
  /** Newest revision told of, by path; the oldest go first. */
  readonly #told = new Map<string, number>()

  constructor(audit: AuditTrail, log: Log) {
    this.#audit = audit
    this.#log = log
  }

  imported(path: string, revision: number, { before, after }: TagImport): void {
    this.#log.info({ tag: path, revision, made: before === undefined }, 'tag taken from etcd')
    this.#record('tag.import', path, 'ok', {
      revision,
      before: before === undefined ? null : withShownSpace(before),
      after: withShownSpace(after),
    })
  }

  /** Here, where somebody had begun to delete it. */
  ended(path: string, before: Tag, highWater: number): void {
    this.#log.info({ tag: path, highWater }, 'deletion of a tag that had begun carried to its end')
    this.#record('tag.delete', path, 'ok', { before: withShownSpace(before), highWater })
  }

  deleted(path: string, before: Tag, highWater: number): void {
    this.#log.info({ tag: path, highWater }, 'tag deleted by another data centre')
    this.#record('tag.delete', path, 'ok', { before: withShownSpace(before), highWater })
  }

  /** Somebody wrote a key that was put back to `instead`, or taken away. */
  refused(
    { path, config }: NameReading,
    { code, why, faults }: Refusal,
    instead: TagRecord | undefined,
  ): void {
    const detail = {
      why,
      faults,
      given: config === undefined ? null : withoutShuffleKey(config.value).slice(0, GIVEN_MAX),
      revision: config?.modRevision ?? null,
      instead: instead === undefined ? null : withShownSpace(instead),
    }
    this.#log.error({ tag: path, ...detail }, 'configuration key in etcd refused')
    this.#record('tag.refused', path, code, detail)
  }

  /** A key that is left to whoever owns the name; told once a revision. */
  ignored(path: string, revision: number, { why, faults }: Refusal): void {
    if (this.#told.get(path) === revision) return
    this.#told.delete(path)
    this.#told.set(path, revision)
    const oldest = this.#told.keys().next().value
    if (this.#told.size > TOLD_MAX && oldest !== undefined) this.#told.delete(oldest)
    this.#log.warn(
      { key: path.slice(0, GIVEN_MAX), revision, why, faults },
      'configuration key in etcd ignored',
    )
  }

  #record(action: string, subject: string, result: string, detail: Record<string, unknown>): void {
    const workspace = subject.split('/')[0]
    this.#audit.record({ actor: 'etcd', action, subject, workspace, result, detail })
  }
}

/** What a person wrote by mistake, cut: the audit log is no place for a file. */
const GIVEN_MAX = 2000
const TOLD_MAX = 1000
