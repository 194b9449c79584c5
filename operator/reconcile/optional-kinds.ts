import { BackOff } from '../runtime/back-off.ts'
import { type Clock, type Random, sleep } from '../runtime/clock.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import type { ObjectCache } from '../runtime/object-cache.ts'
import { apiVersion, type KubeObject, type Resource } from '../runtime/resource.ts'
import type { OperatorLog } from './operator-log.ts'

export interface OptionalKindsOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: OperatorLog
  readonly kinds: readonly Resource[]
  readonly newCache: (resource: Resource) => ObjectCache<KubeObject>
  /** A kind came or went: what was not made, or not deleted, may be now. */
  readonly onChange: () => void
}

interface KindList {
  readonly resources?: readonly { readonly name: string }[]
}

/** Which kinds of other projects the cluster has, looked at again every few minutes, with a cache for each that it has. */
export class OptionalKinds {
  readonly kind = 'APIResourceList'
  readonly #options: OptionalKindsOptions
  readonly #caches = new Map<string, ObjectCache<KubeObject>>()
  readonly #synced = Promise.withResolvers<void>()
  #isSynced = false
  #run: { readonly abort: AbortController; readonly ended: Promise<void> } | undefined

  constructor(options: OptionalKindsOptions) {
    this.#options = options
  }

  /** Of a kind that the cluster has; undefined: it has not, as far as is known. */
  cacheOf(kind: string): ObjectCache<KubeObject> | undefined {
    return this.#caches.get(kind)
  }

  get present(): readonly string[] {
    return [...this.#caches.keys()].sort()
  }

  /** It has been looked once. */
  get synced(): boolean {
    return this.#isSynced
  }

  async whenSynced(): Promise<void> {
    await this.#synced.promise
  }

  start(): void {
    if (this.#run !== undefined) return
    const abort = new AbortController()
    this.#run = { abort, ended: this.#follow(abort.signal) }
  }

  async stop(): Promise<void> {
    const run = this.#run
    this.#run = undefined
    run?.abort.abort()
    await run?.ended
    await Promise.all([...this.#caches.values()].map((cache) => cache.stop()))
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#options
    const backOff = new BackOff(RETRY, random)
    while (!signal.aborted) {
      try {
        await this.#look(signal)
        backOff.reset()
        this.#isSynced = true
        this.#synced.resolve()
        await sleep(clock, LOOK_EVERY_MS * (1 + random() / 5), signal)
      } catch (thrown) {
        if (signal.aborted) return
        log.warn({ err: thrown }, 'which kinds the cluster has could not be read')
        await sleep(clock, backOff.next(), signal)
      }
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { kinds, newCache, onChange } = this.#options
    const served = new Map<string, Set<string>>()
    for (const version of new Set(kinds.map(apiVersion)))
      served.set(version, await this.#served(version, signal))
    let changed = false
    for (const resource of kinds) {
      const present = served.get(apiVersion(resource))?.has(resource.plural) === true
      const cache = this.#caches.get(resource.kind)
      if (present === (cache !== undefined)) continue
      changed = true
      if (cache === undefined) {
        const added = newCache(resource)
        this.#caches.set(resource.kind, added)
        added.start()
      } else {
        this.#caches.delete(resource.kind)
        await cache.stop()
      }
    }
    if (changed) onChange()
  }

  async #served(version: string, signal: AbortSignal): Promise<Set<string>> {
    try {
      const list = await this.#options.client.send<KindList>({
        method: 'GET',
        path: `/apis/${version}`,
        signal,
      })
      return new Set((list.resources ?? []).map(({ name }) => name))
    } catch (thrown) {
      if (isStatus(thrown, 404)) return new Set()
      throw thrown
    }
  }
}

/** Somebody who installs the Prometheus operator afterwards waits that long for the alerts. */
const LOOK_EVERY_MS = 180_000
const RETRY = { firstMs: 1000, maxMs: 60_000 }
