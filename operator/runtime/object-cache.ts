import type { Change } from './object-store.ts'
import { Reflector, type ReflectorOptions } from './reflector.ts'
import { type KubeObject, splitKey } from './resource.ts'

export interface CacheOptions<T extends KubeObject>
  extends Omit<ReflectorOptions<T>, 'namespace' | 'onChange'> {
  /** Only these; empty: all. */
  readonly namespaces: readonly string[]
  /** By which values objects are asked for with `by`, beside their key; undefined: this one is not. */
  readonly index?: (object: T) => string | undefined
}

/** One kind, in all namespaces or in some, as one store. Each namespace is a watch of its own, which needs no more rights. */
export class ObjectCache<T extends KubeObject> {
  readonly kind: string
  readonly #reflectors: ReadonlyMap<string, Reflector<T>>
  readonly #index: ((object: T) => string | undefined) | undefined
  readonly #indexed = new Map<string, Map<string, T>>()
  readonly #listeners: ((change: Change<T>) => void)[] = []

  constructor({ namespaces, index, ...options }: CacheOptions<T>) {
    this.kind = options.resource.kind
    this.#index = index
    const onChange = (change: Change<T>): void => this.#changed(change)
    const scopes = options.resource.namespaced && namespaces.length > 0 ? namespaces : [EVERYWHERE]
    this.#reflectors = new Map(
      scopes.map((namespace) => [
        namespace,
        new Reflector<T>({ ...options, onChange, ...(namespace === EVERYWHERE ? {} : { namespace }) }),
      ]),
    )
  }

  /** Called at each change, after the store took it; puts keys into queues and does nothing else. */
  onChange(listener: (change: Change<T>) => void): void {
    this.#listeners.push(listener)
  }

  get(key: string): T | undefined {
    const namespace = splitKey(key).namespace ?? EVERYWHERE
    return (this.#reflectors.get(namespace) ?? this.#reflectors.get(EVERYWHERE))?.store.get(key)
  }

  *values(): Generator<T, void, undefined> {
    for (const { store } of this.#reflectors.values()) yield* store.values()
  }

  /** Those whose index is `value`, in no order. */
  by(value: string): T[] {
    return [...(this.#indexed.get(value)?.values() ?? [])]
  }

  get size(): number {
    let size = 0
    for (const { store } of this.#reflectors.values()) size += store.size
    return size
  }

  get synced(): boolean {
    return [...this.#reflectors.values()].every(({ synced }) => synced)
  }

  async whenSynced(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.whenSynced()))
  }

  start(): void {
    for (const reflector of this.#reflectors.values()) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.stop()))
  }

  #changed(change: Change<T>): void {
    const { type, key, object, previous } = change
    if (previous !== undefined) this.#unindex(key, previous)
    if (type === 'deleted') this.#unindex(key, object)
    else this.#put(key, object)
    // One listener that throws must not keep the others from hearing; the reflector reports it.
    const thrown: unknown[] = []
    for (const listener of this.#listeners)
      try {
        listener(change)
      } catch (error) {
        thrown.push(error)
      }
    if (thrown.length > 0) throw thrown[0]
  }

  #put(key: string, object: T): void {
    const value = this.#index?.(object)
    if (value === undefined) return
    const objects = this.#indexed.get(value) ?? new Map<string, T>()
    objects.set(key, object)
    this.#indexed.set(value, objects)
  }

  #unindex(key: string, object: T): void {
    const value = this.#index?.(object)
    if (value === undefined) return
    const objects = this.#indexed.get(value)
    objects?.delete(key)
    if (objects?.size === 0) this.#indexed.delete(value)
  }
}

/** No namespace is called that. */
const EVERYWHERE = ''
