import { BackOff } from './back-off.ts'
import { type Clock, type Random, sleep } from './clock.ts'
import { isObject, isStatus, type KubeClient, KubeError } from './kube-client.ts'
import { type ListScope, listAll, selectors } from './list-pages.ts'
import { type Change, ObjectStore } from './object-store.ts'
import { collectionPath, type KubeObject, type Resource } from './resource.ts'

export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly resource: Resource
  /** Default: all namespaces. */
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
  /** Default false: managedFields are left out, which are often more than half of an object. */
  readonly keepManagedFields?: boolean
  /** What is kept of each object, for kinds of which only a little is read. Must keep `metadata`. */
  readonly slim?: (object: T) => T
  /** Puts keys into queues and does nothing else. What it throws is reported, and nothing stops. */
  readonly onChange: (change: Change<T>) => void
  readonly watcher?: ReflectorWatcher
}

/** What happened, for logs and metrics. */
export interface ReflectorWatcher {
  listed(kind: string, count: number): void
  /** A watch that ended as it should is none. */
  failed(kind: string, what: 'list' | 'watch' | 'handler', thrown: unknown, retryInMs: number): void
  watching(kind: string): void
}

export type ReflectorState = 'stopped' | 'listing' | 'watching' | 'backing-off'

/**
 * Keeps a store equal to what the API server has of one kind, whatever happens in between.
 *
 *     stopped ─start─▶ listing ─▶ watching ──410, relist due──▶ listing
 *                        ▲ │         │ ▲ └──ended, torn, silent──┐
 *                        │ └─failed──┼─┼──▶ backing-off ◀────────┘
 *                        └───────────┴─┴──────┘            stop, from each of them ─▶ stopped
 *
 * Each start has an abort signal of its own; whatever belongs to an earlier one finds its signal aborted and ends.
 */
export class Reflector<T extends KubeObject> {
  readonly store = new ObjectStore<T>()
  readonly #options: ReflectorOptions<T>
  readonly #backOff: BackOff
  #state: ReflectorState = 'stopped'
  #synced = Promise.withResolvers<void>()
  #isSynced = false
  #resourceVersion = ''
  #run: { readonly abort: AbortController; readonly ended: Promise<void> } | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#backOff = new BackOff(RECONNECT, options.random)
  }

  get state(): ReflectorState {
    return this.#state
  }

  get kind(): string {
    return this.#options.resource.kind
  }

  /** The store has held one complete list since the start. */
  get synced(): boolean {
    return this.#isSynced
  }

  /** Resolves when it does; never, when it is stopped before. */
  async whenSynced(): Promise<void> {
    await this.#synced.promise
  }

  /** Starting what runs changes nothing. */
  start(): void {
    if (this.#run !== undefined) return
    const abort = new AbortController()
    this.#run = { abort, ended: this.#follow(abort.signal) }
  }

  /** Resolves when nothing of it runs any more; the store stays as it is. */
  async stop(): Promise<void> {
    const run = this.#run
    this.#run = undefined
    this.#state = 'stopped'
    this.#synced = Promise.withResolvers<void>()
    this.#isSynced = false
    run?.abort.abort()
    await run?.ended
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#list(signal)
      } catch (thrown) {
        if (!signal.aborted) await this.#retryLater('list', thrown, signal)
        continue
      }
      await this.#watchUntilStale(signal)
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#enter('listing', signal)
    const { items, resourceVersion } = await listAll<T>(this.#options.client, this.#scope(), signal, (item) =>
      this.#slim(item),
    )
    if (signal.aborted) return
    this.#resourceVersion = resourceVersion
    this.#tell(this.store.replace(items))
    this.#isSynced = true
    this.#synced.resolve()
    this.#options.watcher?.listed(this.kind, items.length)
  }

  /** One watch after the other until the list must be read anew: its place in the history is lost, or ten minutes passed. */
  async #watchUntilStale(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    const relistAtMs = clock.monotonicMs() + RELIST_MS * (1 + RELIST_JITTER * (2 * random() - 1))
    while (!signal.aborted && clock.monotonicMs() < relistAtMs) {
      const startedMs = clock.monotonicMs()
      try {
        await this.#watchOnce(relistAtMs, signal)
      } catch (thrown) {
        if (signal.aborted) return
        if (isStatus(thrown, 410)) {
          this.#options.watcher?.failed(this.kind, 'watch', thrown, 0)
          // A server that forgets everything at once must not be listed without a pause.
          if (clock.monotonicMs() - startedMs < HEALTHY_MS) await this.#retryLater('watch', thrown, signal)
          return
        }
        if (clock.monotonicMs() - startedMs >= HEALTHY_MS) this.#backOff.reset()
        await this.#retryLater('watch', thrown, signal)
        continue
      }
      if (clock.monotonicMs() - startedMs >= HEALTHY_MS) this.#backOff.reset()
      else if (!signal.aborted) await this.#pause(this.#backOff.next(), signal)
    }
  }

  /** Returns where the server ended the watch, or the list is stale; throws when it failed or went silent. */
  async #watchOnce(relistAtMs: number, signal: AbortSignal): Promise<void> {
    const { clock, client, random, watcher } = this.#options
    this.#enter('watching', signal)
    using cut = new WatchCut(clock, signal)
    using _relist = clock.after(relistAtMs - clock.monotonicMs(), () => cut.end())
    const seconds = WATCH_LEAST_S + Math.floor(random() * (WATCH_LEAST_S + 1))
    const query = {
      ...selectors(this.#scope()),
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: this.#resourceVersion,
      timeoutSeconds: String(seconds),
    }
    const { resource, namespace } = this.#options
    const path = collectionPath(resource, namespace)
    try {
      for await (const line of client.watch({ method: 'GET', path, query, signal: cut.signal })) {
        if (signal.aborted) return
        cut.heard()
        watcher?.watching(this.kind)
        this.#take(line)
      }
    } catch (thrown) {
      if (cut.ended) return
      throw cut.silent ? new KubeError(`GET ${path}: the watch was silent for ${SILENCE_MS} ms`, 0) : thrown
    }
    if (cut.silent) throw new KubeError(`GET ${path}: the watch was silent for ${SILENCE_MS} ms`, 0)
  }

  #take(line: unknown): void {
    if (!isObject(line)) return
    const { type, object } = line as { type?: string; object?: T }
    if (object === undefined) return
    if (type === 'ERROR') {
      const status = Number((object as { code?: number }).code ?? 0)
      throw KubeError.fromStatus(`watch of ${this.#options.resource.plural}`, status, object)
    }
    this.#resourceVersion = object.metadata.resourceVersion
    if (type === 'ADDED' || type === 'MODIFIED') this.#tell(this.store.put(this.#slim(object)))
    else if (type === 'DELETED') this.#tell(this.store.remove(this.#slim(object)))
  }

  #tell(changes: readonly Change<T>[]): void {
    for (const change of changes)
      try {
        this.#options.onChange(change)
      } catch (thrown) {
        this.#options.watcher?.failed(this.kind, 'handler', thrown, 0)
      }
  }

  async #retryLater(what: 'list' | 'watch', thrown: unknown, signal: AbortSignal): Promise<void> {
    const waitMs = this.#backOff.next(thrown instanceof KubeError ? (thrown.retryAfterMs ?? 0) : 0)
    this.#options.watcher?.failed(this.kind, what, thrown, waitMs)
    await this.#pause(waitMs, signal)
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    this.#enter('backing-off', signal)
    await sleep(this.#options.clock, ms, signal)
  }

  #enter(state: ReflectorState, signal: AbortSignal): void {
    if (!signal.aborted) this.#state = state
  }

  #scope(): ListScope {
    const { resource, namespace, labelSelector, fieldSelector } = this.#options
    return { resource, namespace, labelSelector, fieldSelector }
  }

  #slim(object: T): T {
    const { keepManagedFields = false, slim = same } = this.#options
    if (keepManagedFields || object.metadata.managedFields === undefined) return slim(object)
    const { managedFields: _, ...metadata } = object.metadata
    return slim({ ...object, metadata })
  }
}

function same<T>(object: T): T {
  return object
}

/** Ends one watch: from outside, when the list is stale, or after too long a silence. */
class WatchCut {
  readonly #clock: Clock
  readonly #abort = new AbortController()
  readonly signal: AbortSignal
  #timer: Disposable
  #why: 'silent' | 'ended' | undefined

  constructor(clock: Clock, outer: AbortSignal) {
    this.#clock = clock
    this.signal = AbortSignal.any([outer, this.#abort.signal])
    this.#timer = this.#listen()
  }

  get silent(): boolean {
    return this.#why === 'silent'
  }

  get ended(): boolean {
    return this.#why === 'ended'
  }

  heard(): void {
    this.#timer[Symbol.dispose]()
    this.#timer = this.#listen()
  }

  end(why: 'silent' | 'ended' = 'ended'): void {
    this.#why ??= why
    this.#abort.abort()
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
    this.#abort.abort()
  }

  #listen(): Disposable {
    return this.#clock.after(SILENCE_MS, () => this.end('silent'))
  }
}

/** As client-go's reflector. */
const RECONNECT = { firstMs: 800, maxMs: 30_000 }
/** A watch that lived this long was no failure to connect: the next failure starts with the shortest wait again. */
const HEALTHY_MS = 10_000
/** The server sends a bookmark every 75 s at the latest; a connection that says nothing for longer is dead. */
const SILENCE_MS = 90_000
/** The server is asked to end a watch after 300 to 600 s, so that load spreads over its replicas. */
const WATCH_LEAST_S = 300
/** Should an event ever be missed, it is missed for this long; 8 to 12 minutes. */
const RELIST_MS = 600_000
const RELIST_JITTER = 0.2
