import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import type { Installation } from './installation.ts'
import { ownedObject, podSelector } from './metadata.ts'
import { NAMES, PORTS } from './names.ts'
import { KINDS } from './object-kinds.ts'
import { servesRedisClients } from './redis-clients.ts'
import type { RenderedObject } from './rendered-object.ts'

/** Component of the Service by which Prometheus finds the pods. */
export const METRICS = 'metrics'

/**
 * The entry over all revisions; one each for stable and canary, which routes weigh and people may ask; one without an
 * address for the metrics, which do not belong on an entry that may be public.
 */
export function services(installation: Installation): RenderedObject[] {
  const { generator, revisions, stableRevision, canaryRevision } = installation
  const { name } = generator.metadata
  const stable = stableRevision ?? canaryRevision ?? revisions[0]?.revision
  const ports = callerPorts(installation)
  const both = [entry(generator, ports), metrics(generator)]
  if (stable === undefined) return both
  return [
    ...both,
    ofRevision(generator, NAMES.stable(name), stable, ports),
    ofRevision(generator, NAMES.canary(name), canaryRevision ?? stable, ports),
  ]
}

function entry(generator: IdGenerator, ports: readonly object[]): RenderedObject {
  const { name } = generator.metadata
  const { type, labels, annotations, ...given } = generator.spec.service
  const isPublic = type !== 'ClusterIP'
  const { loadBalancerClass, loadBalancerSourceRanges, externalTrafficPolicy, trafficDistribution } = given
  const settings = {
    // Each is refused with a type that it does not suit; left over from another type, it has no meaning.
    loadBalancerClass: type === 'LoadBalancer' ? loadBalancerClass : undefined,
    loadBalancerSourceRanges: type === 'LoadBalancer' ? loadBalancerSourceRanges : undefined,
    externalTrafficPolicy: isPublic ? externalTrafficPolicy : undefined,
    trafficDistribution,
  }
  const spec = {
    type,
    ...Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)),
    selector: podSelector(name),
    ports,
  }
  return ownedObject(
    generator,
    KINDS.Service,
    NAMES.entry(name),
    { spec },
    { ...(labels && { labels }), annotations },
  )
}

function ofRevision(
  generator: IdGenerator,
  name: string,
  revision: string,
  ports: readonly object[],
): RenderedObject {
  const selector = podSelector(generator.metadata.name, revision)
  const spec = { type: 'ClusterIP', selector, ports }
  return ownedObject(generator, KINDS.Service, name, { spec })
}

function metrics(generator: IdGenerator): RenderedObject {
  const { name } = generator.metadata
  const spec = {
    type: 'ClusterIP',
    clusterIP: 'None',
    // Why a pod is not ready is just what its metrics tell.
    publishNotReadyAddresses: true,
    selector: podSelector(name),
    ports: [port('metrics', generator.spec.tls.metrics === true ? 'https' : 'http')],
  }
  const labels = { [LABELS.component]: METRICS }
  return ownedObject(generator, KINDS.Service, NAMES.metrics(name), { spec }, { labels })
}

function callerPorts(installation: Installation): object[] {
  const required = installation.generator.spec.tls.mode === 'Required'
  // For gateways and meshes: gRPC is HTTP/2 without TLS, or TLS; so is the Redis protocol nothing to look into with TLS.
  const grpc = required ? 'https' : 'kubernetes.io/h2c'
  return [
    port('http', 'http'),
    port('https', 'https'),
    port('grpc', grpc),
    ...(servesRedisClients(installation) ? [port('resp', required ? 'tls' : 'redis')] : []),
  ]
}

function port(name: keyof typeof PORTS, appProtocol: string): object {
  return { name, port: PORTS[name], targetPort: name, protocol: 'TCP', appProtocol }
}
