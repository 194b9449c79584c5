import { hostname } from 'node:os'
import type { NodeRecord } from './app/node-record.ts'
import type { Config } from './config/keys.ts'
import type { ListeningPorts } from './start-listeners.ts'
import { VERSION } from './version.ts'

/** How this process describes itself to clients, once it listens. */
export function advertisedNode(
  config: Config,
  node: string,
  { httpPort, httpsPort, grpcPort, respPort }: Omit<ListeningPorts, 'metricsPort'>,
  startedAtMs: number,
): NodeRecord {
  const { advertise, http, grpc } = config.server
  const [scheme, port] = httpsPort === undefined ? ['http', httpPort] : ['https', httpsPort]
  return {
    dc: config.datacenter.id,
    node,
    http: advertise.http || `${scheme}://${reachable(http.host)}:${port}`,
    grpc: advertise.grpc || `${reachable(grpc.host)}:${grpcPort}`,
    version: VERSION,
    startedAt: new Date(startedAtMs).toISOString(),
    ...(respPort !== undefined && {
      resp: advertise.resp || `${redisOrigin(config, [httpPort, httpsPort])}:${respPort}`,
    }),
  }
}

/**
 * Where it listens everywhere, the host by which its HTTP API is known will do as well: a pod that the operator made is
 * told that one, and its name is no address. With another port than its own that host is a load balancer or an ingress,
 * which serves no Redis clients.
 */
function redisOrigin(
  { server: { advertise, https, resp } }: Config,
  ownPorts: readonly (number | undefined)[],
): string {
  const scheme = resp.tls && https.cert !== '' ? 'rediss' : 'redis'
  const known =
    EVERY_INTERFACE.includes(resp.host) && advertise.http !== '' ? new URL(advertise.http) : undefined
  const isOwn = known !== undefined && ownPorts.includes(portOf(known))
  return `${scheme}://${isOwn ? known.hostname : reachable(resp.host)}`
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80))
}

/** A process that listens everywhere is best called by the name of its machine. */
function reachable(host: string): string {
  if (EVERY_INTERFACE.includes(host)) return hostname()
  return host.includes(':') ? `[${host}]` : host
}

const EVERY_INTERFACE: readonly string[] = ['0.0.0.0', '::', '']
