import type { BizTag, IdGenerator } from '../api/kinds.ts'
import type { BizTagEvent } from '../core/biz-tag-events.ts'
import type { Clock, Random } from '../runtime/clock.ts'
import type { EventRecorder } from '../runtime/event-recorder.ts'
import type { KubeClient } from '../runtime/kube-client.ts'
import type { ObjectCache } from '../runtime/object-cache.ts'
import { objectKey } from '../runtime/resource.ts'
import type { ClusterNamespaces } from './biz-tag-cluster.ts'
import type { TagMemories } from './biz-tag-memory.ts'
import type { BizTagObjects } from './biz-tag-objects.ts'
import type { ServiceCredentials } from './credentials.ts'
import type { CredentialsIssuer } from './credentials-issue.ts'
import type { OperatorLog } from './operator-log.ts'
import type { ServiceClient } from './service-client.ts'
import type { ServiceOutages } from './service-client-outage.ts'
import type { ServiceClientPool } from './service-client-pool.ts'

/** What all that deals with BizTags works with; made once, in biz-tag-start.ts. */
export interface BizTagWorld {
  readonly client: KubeClient
  readonly clock: Clock
  readonly random: Random
  readonly log: OperatorLog
  readonly recorder: Pick<EventRecorder, 'record'>
  readonly idGenerators: Pick<ObjectCache<IdGenerator>, 'get'>
  /** By "namespace/name" of their IdGenerator. */
  readonly bizTags: Pick<ObjectCache<BizTag>, 'get' | 'by'>
  /** Empty: all. */
  readonly watchNamespaces: readonly string[]
  readonly namespaces: ClusterNamespaces
  readonly objects: BizTagObjects
  readonly memories: TagMemories
  readonly credentials: ServiceCredentials
  readonly services: ServiceClientPool
  readonly outages: ServiceOutages
  readonly issuer: CredentialsIssuer
  /** Have the service of that IdGenerator looked at, now or after a while. */
  readonly probe: (generatorKey: string) => void
}

export function generatorKeyOf({ metadata, spec }: BizTag): string {
  const { name, namespace = metadata.namespace ?? '' } = spec.generatorRef
  return objectKey({ namespace, name })
}

/** @throws AccessMissing */
export async function serviceOf(
  world: BizTagWorld,
  generatorKey: string,
  generator: IdGenerator,
): Promise<{ readonly service: ServiceClient; readonly ca: string | undefined }> {
  const access = await world.credentials.access(generator)
  return { service: world.services.for(generatorKey, access), ca: access.ca }
}

export function tell(world: BizTagWorld, tag: BizTag, action: string, event: BizTagEvent): void {
  world.recorder.record({ regarding: tag, action, ...event })
}

/** RFC 3339, whole seconds, as Kubernetes writes times. */
export function nowText(clock: Clock): string {
  return `${new Date(clock.nowMs()).toISOString().slice(0, 19)}Z`
}
