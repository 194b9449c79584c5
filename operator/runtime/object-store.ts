import { type KubeObject, objectKey } from './resource.ts'

/**
 * - `added`, `updated`, `deleted`: it changed. An object that was deleted and made anew between two looks is both.
 * - `resynced`: a new list shows it as it was.
 */
export interface Change<T extends KubeObject> {
  readonly type: 'added' | 'updated' | 'deleted' | 'resynced'
  readonly key: string
  /** As it is now; for `deleted` as it was last. */
  readonly object: T
  readonly previous?: T
  /** Found by a list and no event: there may be thousands, and none is urgent. */
  readonly listed: boolean
}

/** What a reflector knows of one kind. Objects are frozen: everybody reads the same ones. */
export class ObjectStore<T extends KubeObject> {
  #objects = new Map<string, T>()

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  values(): IterableIterator<T> {
    return this.#objects.values()
  }

  get size(): number {
    return this.#objects.size
  }

  /** Takes over a complete list, and says what it changes. */
  replace(list: readonly T[]): Change<T>[] {
    const before = this.#objects
    this.#objects = new Map()
    const changes: Change<T>[] = []
    for (const item of list) {
      const key = objectKey(item.metadata)
      const previous = before.get(key)
      before.delete(key)
      const same = previous !== undefined && isSame(previous, item)
      const object = same ? previous : deepFreeze(item)
      this.#objects.set(key, object)
      if (same) changes.push({ type: 'resynced', key, object, listed: true })
      else changes.push(...replaced(key, previous, object, true))
    }
    for (const [key, object] of before) changes.push({ type: 'deleted', key, object, listed: true })
    return changes
  }

  put(item: T): Change<T>[] {
    const key = objectKey(item.metadata)
    const previous = this.#objects.get(key)
    // The API server may send an event again after a reconnection.
    if (previous !== undefined && isSame(previous, item)) return []
    const object = deepFreeze(item)
    this.#objects.set(key, object)
    return replaced(key, previous, object, false)
  }

  remove(item: T): Change<T>[] {
    const key = objectKey(item.metadata)
    const previous = this.#objects.get(key)
    if (previous === undefined) return []
    this.#objects.delete(key)
    return [{ type: 'deleted', key, object: deepFreeze(item), previous, listed: false }]
  }
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion
}

/** The same name with another uid is another object: whoever keeps something per object must hear of both. */
function replaced<T extends KubeObject>(
  key: string,
  previous: T | undefined,
  object: T,
  listed: boolean,
): Change<T>[] {
  if (previous === undefined) return [{ type: 'added', key, object, listed }]
  if (previous.metadata.uid === object.metadata.uid)
    return [{ type: 'updated', key, object, previous, listed }]
  return [
    { type: 'deleted', key, object: previous, listed },
    { type: 'added', key, object, listed },
  ]
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
