import { BIZ_TAG, type BizTag, ID_GENERATOR, type IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import { MANAGED_BY } from '../render/metadata.ts'
import { NAMES } from '../render/names.ts'
import { KINDS, type KindName, OPTIONAL_KINDS, type OptionalKind } from '../render/object-kinds.ts'
import type { Clock, Random } from '../runtime/clock.ts'
import type { KubeClient } from '../runtime/kube-client.ts'
import { ObjectCache } from '../runtime/object-cache.ts'
import type { RunningReflector } from '../runtime/operator-runtime.ts'
import type { ReflectorWatcher } from '../runtime/reflector.ts'
import { type KubeObject, objectKey, type Resource } from '../runtime/resource.ts'
import {
  type ControllerRevision,
  type Deployment,
  type Job,
  PODS,
  type Pod,
  SECRETS,
  type Secret,
} from './kube-kinds.ts'
import type { OperatorLog } from './operator-log.ts'
import { OptionalKinds } from './optional-kinds.ts'

export interface CachesOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: OperatorLog
  readonly watcher: ReflectorWatcher
  /** Empty: all. */
  readonly namespaces: readonly string[]
  readonly slimBizTag?: (tag: BizTag) => BizTag
}

/** What the operator knows of the cluster: both kinds of ours, and all that belongs to an IdGenerator. */
export class GeneratorCaches {
  readonly idGenerators: ObjectCache<IdGenerator>
  /** By the key of the IdGenerator that they name. */
  readonly bizTags: ObjectCache<BizTag>
  /** By the key of their IdGenerator, as all that follow. */
  readonly secrets: ObjectCache<Secret>
  readonly pods: ObjectCache<Pod>
  readonly deployments: ObjectCache<Deployment>
  readonly jobs: ObjectCache<Job>
  readonly controllerRevisions: ObjectCache<ControllerRevision>
  readonly optional: OptionalKinds
  readonly #options: CachesOptions
  readonly #owned = new Map<string, ObjectCache<KubeObject>>()
  readonly #listeners: ((generatorKey: string) => void)[] = []
  readonly #authorityListeners: ((generatorKey: string) => void)[] = []

  constructor(options: CachesOptions) {
    this.#options = options
    const { slimBizTag } = options
    const { client, clock, random, watcher, namespaces, log } = options
    const shared = { client, clock, random, watcher, namespaces }
    this.idGenerators = new ObjectCache<IdGenerator>({ ...shared, resource: ID_GENERATOR })
    this.bizTags = new ObjectCache<BizTag>({
      ...shared,
      resource: BIZ_TAG,
      index: generatorOfTag,
      ...(slimBizTag === undefined ? {} : { slim: slimBizTag }),
    })
    this.secrets = this.#cache<Secret>(SECRETS)
    this.pods = this.#cache<Pod>(PODS, slimPod, LABELS.generator)
    this.deployments = this.#own(this.#cache<Deployment>(KINDS.Deployment, slimDeployment))
    this.jobs = this.#own(this.#cache<Job>(KINDS.Job, slimJob))
    this.controllerRevisions = this.#own(this.#cache<ControllerRevision>(KINDS.ControllerRevision))
    const optional = new Set<string>(OPTIONAL_KINDS)
    for (const name of Object.keys(KINDS) as KindName[])
      if (!this.#owned.has(name) && !optional.has(name)) this.#own(this.#cache(KINDS[name], markOnly))
    this.optional = new OptionalKinds({
      client,
      clock,
      random,
      log,
      kinds: OPTIONAL_KINDS.map((name) => KINDS[name]),
      newCache: (resource) => this.#cache(resource, markOnly),
      onChange: () => {
        for (const { metadata } of this.idGenerators.values()) this.#tell(objectKey(metadata))
      },
    })
  }

  /** Called with the key of an IdGenerator when something that belongs to it changes, itself excepted. */
  onOwnedChange(listener: (generatorKey: string) => void): void {
    this.#listeners.push(listener)
  }

  /** Called with the key of an IdGenerator when the ConfigMap with what its callers must trust changes. */
  onAuthorityChange(listener: (generatorKey: string) => void): void {
    this.#authorityListeners.push(listener)
  }

  /** An object of a rendered kind as the cache has it. */
  live(kind: string, key: string): KubeObject | undefined {
    return (this.#owned.get(kind) ?? this.optional.cacheOf(kind))?.get(key)
  }

  get optionalKinds(): ReadonlySet<OptionalKind> {
    return new Set(OPTIONAL_KINDS.filter((kind) => this.optional.cacheOf(kind) !== undefined))
  }

  get reflectors(): readonly RunningReflector[] {
    const { idGenerators, bizTags, secrets, pods, optional } = this
    return [idGenerators, bizTags, secrets, pods, ...this.#owned.values(), optional]
  }

  #cache<T extends KubeObject>(
    resource: Resource,
    slim?: (object: T) => T,
    labelSelector = `${LABELS.managedBy}=${MANAGED_BY},${LABELS.generator}`,
  ): ObjectCache<T> {
    const { client, clock, random, watcher, namespaces } = this.#options
    const cache = new ObjectCache<T>({
      client,
      clock,
      random,
      watcher,
      namespaces,
      resource,
      labelSelector,
      index: generatorOf,
      ...(slim === undefined ? {} : { slim }),
    })
    cache.onChange(({ type, object, previous }) => {
      if (type === 'resynced') return
      // Of one whose labels were taken away, the one before knows whose it was.
      const keys = [object, ...(previous === undefined ? [] : [previous])].map(generatorOf)
      for (const key of new Set(keys)) if (key !== undefined) this.#tell(key)
      const [key] = keys
      if (key !== undefined && isAuthority(resource, object))
        for (const listener of this.#authorityListeners) listener(key)
    })
    return cache
  }

  #own<T extends KubeObject>(cache: ObjectCache<T>): ObjectCache<T> {
    this.#owned.set(cache.kind, cache as unknown as ObjectCache<KubeObject>)
    return cache
  }

  #tell(generatorKey: string): void {
    for (const listener of this.#listeners) listener(generatorKey)
  }
}

/** The key of the IdGenerator that an object belongs to, by its label. */
function generatorOf({ metadata }: KubeObject): string | undefined {
  const { namespace, labels } = metadata
  const name = labels?.[LABELS.generator]
  return name === undefined || namespace === undefined ? undefined : `${namespace}/${name}`
}

function isAuthority({ kind }: Resource, { metadata }: KubeObject): boolean {
  return (
    kind === KINDS.ConfigMap.kind &&
    metadata.name === NAMES.authority(metadata.labels?.[LABELS.generator] ?? '')
  )
}

export function generatorOfTag({ metadata, spec }: BizTag): string {
  return `${spec.generatorRef.namespace ?? metadata.namespace}/${spec.generatorRef.name}`
}

/** Whether it is there and as it was left is all that is asked of most kinds. */
function markOnly({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  return { apiVersion, kind, metadata }
}

function slimPod({ apiVersion, kind, metadata, status = {} }: Pod): Pod {
  const { phase, podIP, conditions, containerStatuses } = status
  return {
    apiVersion,
    kind,
    metadata,
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(podIP === undefined ? {} : { podIP }),
      ...(conditions === undefined ? {} : { conditions }),
      ...(containerStatuses === undefined ? {} : { containerStatuses }),
    },
  }
}

function slimDeployment({ apiVersion, kind, metadata, spec, status }: Deployment): Deployment {
  return {
    apiVersion,
    kind,
    metadata,
    ...(spec?.replicas === undefined ? {} : { spec: { replicas: spec.replicas } }),
    ...(status === undefined ? {} : { status }),
  }
}

function slimJob({ apiVersion, kind, metadata, status }: Job): Job {
  return { apiVersion, kind, metadata, ...(status === undefined ? {} : { status }) }
}
