import type { BizTag, IdGenerator } from '../api/kinds.ts'
import type { Clock, Random } from '../runtime/clock.ts'
import { Controller } from '../runtime/controller.ts'
import type { EventRecorder } from '../runtime/event-recorder.ts'
import type { KubeClient } from '../runtime/kube-client.ts'
import type { RuntimeMetrics } from '../runtime/metrics.ts'
import { ObjectCache } from '../runtime/object-cache.ts'
import type { RunningReflector } from '../runtime/operator-runtime.ts'
import type { ReflectorWatcher } from '../runtime/reflector.ts'
import type { AdminKeyPlace } from './admin-keys-in-use.ts'
import { ClusterNamespaces } from './biz-tag-cluster.ts'
import { TagMemories } from './biz-tag-memory.ts'
import { BizTagObjects } from './biz-tag-objects.ts'
import { bizTagReconcile } from './biz-tag-reconcile.ts'
import { bizTagStateReconcile } from './biz-tag-state.ts'
import { type BizTagTotals, totalsOf } from './biz-tag-totals.ts'
import { BizTagWaker } from './biz-tag-wake.ts'
import type { BizTagWorld } from './biz-tag-world.ts'
import { SECRET, type Secret, ServiceCredentials } from './credentials.ts'
import { CredentialsIssuer } from './credentials-issue.ts'
import { TAG_SECRET } from './credentials-secret.ts'
import type { OperatorLog } from './operator-log.ts'
import { ServiceOutages } from './service-client-outage.ts'
import { ServiceClientPool } from './service-client-pool.ts'

export interface BizTagOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: OperatorLog
  readonly metrics: RuntimeMetrics
  readonly recorder: Pick<EventRecorder, 'record'>
  readonly idGenerators: ObjectCache<IdGenerator>
  /** Indexed by the "namespace/name" of their IdGenerator, see generatorKeyOf; with slimBizTag. */
  readonly bizTags: ObjectCache<BizTag>
  /** The operator's own, those of tags left out. */
  readonly secrets: ObjectCache<Secret>
  readonly watcher?: ReflectorWatcher
  /** Empty: all. */
  readonly watchNamespaces: readonly string[]
  /** Where the admin keys lie that pods of an IdGenerator know, see adminKeysInUse. */
  readonly adminKeys: (generator: IdGenerator) => readonly AdminKeyPlace[]
  /** Names of the Secrets whose certificates pods of an IdGenerator have, see certificatesInUse. */
  readonly tlsSecrets: (generator: IdGenerator) => readonly string[]
  /** Instead of the address of each Service. */
  readonly serviceAddress: string | undefined
  /** `totals` of that IdGenerator may have changed; at most once in two seconds. */
  readonly onGeneratorTags: (generatorKey: string) => void
  readonly services?: ServiceClientPool
}

export interface StartedBizTags {
  readonly reflectors: readonly RunningReflector[]
  readonly controllers: readonly Controller[]
  totals(generatorKey: string): BizTagTotals
  /** The authorities that callers of that IdGenerator must trust changed. */
  authorityChanged(generatorKey: string): void
  close(): void
}

/** Everything that looks after BizTags, ready to be started by the runtime. Before the caches are. */
export function startBizTags(options: BizTagOptions): StartedBizTags {
  const { client, clock, log, metrics, idGenerators, bizTags, secrets } = options
  const { serviceAddress, adminKeys, tlsSecrets } = options
  const tagSecrets = tagSecretCache(options)
  const services = options.services ?? new ServiceClientPool()
  const world: BizTagWorld = {
    ...options,
    namespaces: new ClusterNamespaces(client, clock),
    objects: new BizTagObjects(client),
    memories: new TagMemories(),
    credentials: new ServiceCredentials({
      client,
      clock,
      cached: (key) => secrets.get(key),
      adminKeys,
      tlsSecrets,
      serviceAddress,
    }),
    services,
    outages: new ServiceOutages(clock, options.random),
    issuer: new CredentialsIssuer({ client, cached: (key) => tagSecrets.get(key) }),
    probe: (key) => states.enqueue(key),
  }
  const runs = { clock, metrics, log }
  const tags = new Controller({
    ...runs,
    name: 'biz-tag',
    reconcile: bizTagReconcile(world),
    workers: WORKERS,
  })
  const states = new Controller({
    ...runs,
    name: 'biz-tag-state',
    reconcile: bizTagStateReconcile(world, (key) => tags.enqueue(key, 'low')),
  })
  const waker = new BizTagWaker({ world, tags, states, onGeneratorTags: options.onGeneratorTags })
  bizTags.onChange((change) => waker.tagChanged(change))
  idGenerators.onChange((change) => waker.generatorChanged(change))
  secrets.onChange((change) => waker.secretChanged(change, idGenerators.values()))
  tagSecrets.onChange((change) => waker.tagSecretChanged(change))
  return {
    reflectors: [tagSecrets],
    controllers: [tags, states],
    totals: (generatorKey) => totalsOf(bizTags.by(generatorKey)),
    authorityChanged: (generatorKey) => waker.authorityChanged(generatorKey),
    close: () => {
      waker.close()
      services.close()
    },
  }
}

/** The Secrets of tags, without what stands in them: there may be thousands. */
function tagSecretCache(options: BizTagOptions): ObjectCache<Secret> {
  const { client, clock, random, watcher, watchNamespaces } = options
  return new ObjectCache<Secret>({
    client,
    clock,
    random,
    resource: SECRET,
    namespaces: watchNamespaces,
    labelSelector: TAG_SECRET.selector,
    slim: ({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }),
    ...(watcher === undefined ? {} : { watcher }),
  })
}

/** What kubectl apply leaves on an object is all of its spec once more. */
export function slimBizTag(tag: BizTag): BizTag {
  const { [LAST_APPLIED]: dropped, ...annotations } = tag.metadata.annotations ?? {}
  return dropped === undefined ? tag : { ...tag, metadata: { ...tag.metadata, annotations } }
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'
/** A reconcile waits for the API server twice and for the service once: 1,000 tags take seconds. */
const WORKERS = 8
