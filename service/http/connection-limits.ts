import type { Server } from 'node:http'

/** Limits of every connection to the API, plain or encrypted; names as of Node's servers and of fastify. */
export const CONNECTION_LIMITS = {
  /** Longer than the 60 s after which common load balancers let an idle connection go: they must be the ones to. */
  keepAliveTimeout: 72_000,
  /** A header or a body that trickles in keeps a connection busy (Slowloris): it is cut off after this time. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  /** Node looks for slow requests only every 30 s by default, so the limits above would act up to 30 s late. */
  connectionsCheckingInterval: 1000,
  /** Connections end now and then, so that long-lived clients spread over servers that were added since. */
  maxRequestsPerSocket: 100_000,
} as const

/** What Node's servers take only as properties. */
export function limitConnections(server: Server): void {
  server.keepAliveTimeout = CONNECTION_LIMITS.keepAliveTimeout
  server.maxRequestsPerSocket = CONNECTION_LIMITS.maxRequestsPerSocket
}
