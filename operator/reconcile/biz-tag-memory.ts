import type { BizTag } from '../api/kinds.ts'
import type { DeclaredTag } from '../core/biz-tag-declaration.ts'
import type { TagSettings } from '../core/tag-settings.ts'

/** What this process knows of one BizTag beside the caches. All of it may be lost: then the service is asked once more. */
export interface TagMemory {
  readonly uid: string
  /** Hash of what the service took last. */
  declared?: string | undefined
  /** When, on the monotonic clock. */
  declaredAtMs?: number
  /** As the service answered to that: what differs later, somebody changed past the BizTag. */
  settings?: TagSettings | undefined
  /** As a look showed them, before they are declared again. */
  foundSettings?: TagSettings | undefined
  /** Hash of what the service refused for good. */
  refused?: string | undefined
  /** What stands in its Secret, as seen last. */
  secret?: { readonly resourceVersion: string; readonly digest: string } | undefined
  /** What a look at the service showed, to be taken into the status. */
  seen?: DeclaredTag | undefined
  /** What the service answered last to the numbers of the status, where that was only that some were returned. */
  settled?: DeclaredTag | undefined
  /** When the status took over what was used, on the monotonic clock. */
  recordedAtMs?: number
  /** As the API server answered last, while the cache still shows one of the states before. */
  newer?: { readonly object: BizTag; readonly before: ReadonlySet<string> } | undefined
}

export class TagMemories {
  readonly #memories = new Map<string, TagMemory>()

  /** Of this very object: one of the same name that was there before is forgotten. */
  of(key: string, uid: string): TagMemory {
    const known = this.#memories.get(key)
    if (known?.uid === uid) return known
    const memory: TagMemory = { uid }
    this.#memories.set(key, memory)
    return memory
  }

  get(key: string): TagMemory | undefined {
    return this.#memories.get(key)
  }

  forget(key: string): void {
    this.#memories.delete(key)
  }
}

/** The newest state that is known: the cache lags behind what we wrote ourselves. */
export function newest(memory: TagMemory, cached: BizTag): BizTag {
  if (memory.newer?.before.has(cached.metadata.resourceVersion) === true) return memory.newer.object
  memory.newer = undefined
  return cached
}

/** `after` is what the API server answered to a write on `before`; `cached` is what the cache shows now. */
export function wrote(memory: TagMemory, before: BizTag, after: BizTag, cached: BizTag | undefined): void {
  if (after.metadata.resourceVersion === before.metadata.resourceVersion) return
  const seen = new Set(memory.newer?.before)
  seen.add(before.metadata.resourceVersion)
  // The watch may be faster than the answer.
  const behind = cached !== undefined && seen.has(cached.metadata.resourceVersion)
  memory.newer = behind ? { object: after, before: seen } : undefined
}
