import { isDeepStrictEqual } from 'node:util'
import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { BIZ_TAG_FINALIZER } from '../api/marks.ts'
import { isAvailable } from '../core/biz-tag-decision.ts'
import { pathOf, pathText } from '../core/biz-tag-declaration.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Controller } from '../runtime/controller.ts'
import type { Change } from '../runtime/object-store.ts'
import type { BizTagWorld } from './biz-tag-world.ts'
import { generatorKeyOf } from './biz-tag-world.ts'
import type { Secret } from './credentials.ts'

export interface WakeOptions {
  readonly world: BizTagWorld
  readonly tags: Pick<Controller, 'enqueue' | 'forget'>
  readonly states: Pick<Controller, 'enqueue'>
  readonly onGeneratorTags: (generatorKey: string) => void
}

/** Which tags a change concerns, and no others: a change of an IdGenerator's pods is none for thousands of tags. */
export class BizTagWaker {
  readonly #options: WakeOptions
  /** Objects by path, whatever their IdGenerator: two of them may share a database. */
  readonly #byPath = new Map<string, Set<string>>()
  readonly #generators: Debounce
  readonly #totals: Debounce

  constructor(options: WakeOptions) {
    this.#options = options
    const { world, tags, onGeneratorTags } = options
    this.#generators = new Debounce(world.clock, WAKE_MS, (generatorKey) => {
      for (const { metadata } of world.bizTags.by(generatorKey))
        tags.enqueue(`${metadata.namespace}/${metadata.name}`, 'low')
    })
    this.#totals = new Debounce(world.clock, TOTALS_MS, onGeneratorTags)
  }

  tagChanged({ type, key, object, previous, listed }: Change<BizTag>): void {
    const { world, tags } = this.#options
    const memory = world.memories.get(key)
    if (memory?.newer?.before.has(object.metadata.resourceVersion) === false) memory.newer = undefined
    if (type !== 'resynced') this.#totals.call(generatorKeyOf(object))
    const path = pathText(pathOf(object))
    if (type === 'deleted') {
      this.#forgetPath(path, key)
      // Whoever wanted the same tag may have it now.
      for (const other of this.#byPath.get(path) ?? []) tags.enqueue(other)
      tags.forget(key)
      tags.enqueue(key)
      return
    }
    const keys = this.#byPath.get(path) ?? new Set()
    this.#byPath.set(path, keys.add(key))
    if (type === 'updated' && previous !== undefined && !concerns(previous, object)) return
    tags.enqueue(key, listed ? 'low' : 'normal')
  }

  generatorChanged({ type, key, object, previous }: Change<IdGenerator>): void {
    if (type === 'updated' && previous !== undefined && isDeepStrictEqual(facts(previous), facts(object)))
      return
    this.#options.states.enqueue(key)
    if (type !== 'resynced') this.#generators.call(key)
  }

  /** Of an IdGenerator: its authority stands in the Secrets of its tags. */
  secretChanged({ type, key, object, previous }: Change<Secret>, generators: Iterable<IdGenerator>): void {
    if (type === 'resynced' || (type === 'updated' && isDeepStrictEqual(previous?.data, object.data))) return
    const { credentials } = this.#options.world
    for (const generator of generators)
      if (credentials.secretsOf(generator).includes(key)) {
        const generatorKey = `${generator.metadata.namespace}/${generator.metadata.name}`
        this.#options.states.enqueue(generatorKey)
        this.#generators.call(generatorKey)
      }
  }

  /** What callers of an IdGenerator must trust was written down anew, because pods have another certificate, or will. */
  authorityChanged(generatorKey: string): void {
    const { world, states } = this.#options
    const generator = world.idGenerators.get(generatorKey)
    if (generator === undefined) return
    // Nobody tells of people's Secrets: those are read again.
    world.credentials.forget(generator)
    states.enqueue(generatorKey)
    this.#generators.call(generatorKey)
  }

  /** Of a tag: somebody changed or deleted it. */
  tagSecretChanged({ type, object }: Change<Secret>): void {
    if (type === 'resynced') return
    const owner = object.metadata.ownerReferences?.find(({ kind }) => kind === 'BizTag')
    if (owner !== undefined) this.#options.tags.enqueue(`${object.metadata.namespace}/${owner.name}`, 'low')
  }

  close(): void {
    this.#generators.close()
    this.#totals.close()
  }

  #forgetPath(path: string, key: string): void {
    const keys = this.#byPath.get(path)
    keys?.delete(key)
    if (keys?.size === 0) this.#byPath.delete(path)
  }
}

/** The status and the finalizer are written by ourselves. */
function concerns({ metadata: before }: BizTag, { metadata: after }: BizTag): boolean {
  const held = (finalizers: readonly string[] = []): boolean => finalizers.includes(BIZ_TAG_FINALIZER)
  return (
    before.generation !== after.generation ||
    before.deletionTimestamp !== after.deletionTimestamp ||
    !isDeepStrictEqual(before.annotations, after.annotations) ||
    (held(before.finalizers) && !held(after.finalizers))
  )
}

/** What tags depend on. */
function facts(generator: IdGenerator): unknown[] {
  const { spec, status, metadata } = generator
  const { defaults, allowedNamespaces, suspend, tls, auth, datacenter } = spec
  return [
    isAvailable(generator),
    status?.stableRevision,
    status?.endpoints,
    metadata.deletionTimestamp,
    [defaults, allowedNamespaces, suspend, tls, auth, datacenter],
  ]
}

/** Calls once after a while for all that was said about a key meanwhile. At most one timer a key. */
class Debounce {
  readonly #clock: Clock
  readonly #ms: number
  readonly #action: (key: string) => void
  readonly #timers = new Map<string, Disposable>()

  constructor(clock: Clock, ms: number, action: (key: string) => void) {
    this.#clock = clock
    this.#ms = ms
    this.#action = action
  }

  call(key: string): void {
    if (this.#timers.has(key)) return
    const timer = this.#clock.after(this.#ms, () => {
      this.#timers.delete(key)
      this.#action(key)
    })
    this.#timers.set(key, timer)
  }

  close(): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]()
    this.#timers.clear()
  }
}

/** An IdGenerator that comes up changes several times a second; people wait for their tags meanwhile. */
const WAKE_MS = 200
/** What it shows of its tags may be that old. */
const TOTALS_MS = 2000
