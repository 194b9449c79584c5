import type { KubeObject } from '../runtime/resource.ts'

/**
 * What this process wrote itself, for as long as its cache has not heard of it: a decision made from the state before
 * would be made twice.
 */
export class WrittenObjects<T extends KubeObject> {
  readonly #written = new Map<string, { readonly before: ReadonlySet<string>; readonly object: T }>()

  /** `cached` as it is now known to be. */
  latest(key: string, cached: T | undefined): T | undefined {
    const written = this.#written.get(key)
    if (written === undefined) return cached
    const { before, object } = written
    if (cached?.metadata.uid === object.metadata.uid && before.has(cached.metadata.resourceVersion))
      return object
    // The cache has it, or something later.
    this.#written.delete(key)
    return cached
  }

  /** `object` came of a write that was conditional on `from`: nothing happened between the two. */
  wrote(key: string, from: T, object: T): void {
    const known = this.#written.get(key)
    const chained = known?.object.metadata.resourceVersion === from.metadata.resourceVersion
    const before = new Set(chained ? known.before : [])
    if (from.metadata.resourceVersion !== object.metadata.resourceVersion)
      before.add(from.metadata.resourceVersion)
    this.#written.set(key, { before, object })
  }

  forget(key: string): void {
    this.#written.delete(key)
  }
}
