import type { Declaration } from '../../core/declaration.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { ApiKey } from '../../ports/api-key-store.ts'
import type { Group, TagChange, Workspace } from '../../ports/catalog-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyListener } from '../../ports/key-news.ts'

/** Where a data centre stands in a tag's number space: the first number not granted yet and its cell. */
export interface MemorySegment {
  cell: number
  nextValue: number
  ceiling: number
  ceilingHistory: string
  /** End of the furthest grant; stays when unused numbers of it are returned. */
  grantedTo: number
}

/** Of one tag. */
export const GRANTS_KEPT = 1000

/**
 * What the memory adapters share, as the tables of a database are shared. All of it is read and written
 * synchronously: between two awaits nobody else runs, so each store method is one transaction.
 */
export class MemoryCatalog {
  readonly clock: Clock
  readonly workspaces = new Map<string, Workspace>()
  /** By `w/g`. */
  readonly groups = new Map<string, Group>()
  /** Live ones by `w/g/t`. */
  readonly tags = new Map<string, Tag>()
  readonly tagsById = new Map<number, Tag>()
  /** By path, of deleted tags: first number above everything ever granted. */
  readonly highWater = new Map<string, number>()
  /** By path, of deleted tags, the newest last. */
  readonly deletedGenerations = new Map<string, string[]>()
  /** By tag id: who declares it. */
  readonly declarations = new Map<number, Declaration>()
  /** By the uid of an object that is gone: which tag it gave up; undefined: it declared none. */
  readonly releasedOwners = new Map<string, number | undefined>()
  /** By id of a live tag whose deletion was begun: the uid of the object that goes with it. */
  readonly deletions = new Map<number, string | undefined>()
  /** By id. */
  readonly keys = new Map<string, ApiKey>()
  readonly keyListeners = new Set<KeyListener>()
  /** By tag id: newest revision exchanged with the coordinator. */
  readonly configRevisions = new Map<number, number>()
  /** By tag id, then by data centre; kept when the tag is deleted. */
  readonly segments = new Map<number, Map<number, MemorySegment>>()
  /** By tag id: the newest grants, oldest first, up to GRANTS_KEPT. */
  readonly grants = new Map<number, { dc: number; numbers: number; at: Date }[]>()
  /** What a test changes when it lets the database lose commits. */
  history = 'memory/1'
  /** The last in the queue for each record's lock, as `tag/dc`. */
  readonly rowLocks = new Map<string, Promise<void>>()
  #revision = 0
  #generations = 0
  /** Newest revision of each changed tag path and key id. */
  readonly #changes = { tag: new Map<string, number>(), key: new Map<string, number>() }

  constructor(clock: Clock) {
    this.clock = clock
  }

  get revision(): number {
    return this.#revision
  }

  /** Counted and not random: the same calls make the same tags. */
  newGeneration(): string {
    this.#generations += 1
    return this.#generations.toString(16).padStart(32, '0')
  }

  /** Raises the revision; with a subject, notes that it changed. */
  changed(kind?: 'tag' | 'key', subject?: string): void {
    this.#revision += 1
    if (kind === undefined || subject === undefined) return
    this.#changes[kind].set(subject, this.#revision)
    if (kind === 'key') for (const listener of this.keyListeners) listener.onKey(subject, this.#revision)
  }

  changedSince(kind: 'tag' | 'key', revision: number): string[] {
    return [...this.#changes[kind]].filter(([, at]) => at > revision).map(([subject]) => subject)
  }

  changeTag(before: Tag, change: TagChange): Tag {
    const after = {
      ...before,
      ...structuredClone(change),
      version: before.version + 1,
      updatedAt: this.now(),
    }
    this.tags.set(tagPath(before), after)
    this.tagsById.set(after.id, after)
    this.changed('tag', tagPath(before))
    return after
  }

  /** The object declares nothing any more. @returns ids of the keys that were revoked */
  endKeysOf(uid: string): string[] {
    return this.#endKeys((key) => key.declaredBy === uid)
  }

  /** The object declares the tag, and no other does. @returns ids of the keys that were revoked */
  endKeysOfOthers(path: string, uid: string): string[] {
    return this.#endKeys((key) => key.within === path && key.declaredBy !== uid)
  }

  #endKeys(which: (key: ApiKey) => boolean): string[] {
    const ended = this.validDeclaredKeys(which)
    for (const key of ended) this.keys.set(key.id, { ...key, revokedAt: this.now() })
    for (const { id } of ended) this.changed('key', id)
    return ended.map(({ id }) => id).sort()
  }

  validDeclaredKeys(which: (key: ApiKey) => boolean): ApiKey[] {
    const valid = [...this.keys.values()].filter((key) => key.revokedAt === undefined)
    return valid.filter((key) => key.declaredBy !== undefined && which(key))
  }

  now(): Date {
    return new Date(this.clock.nowMs())
  }
}
