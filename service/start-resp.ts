import { LocalIssuer } from './app/local-issuer.ts'
import { nodeList } from './app/node-list.ts'
import type { Config } from './config/keys.ts'
import type { CertificateSource } from './ports/certificates.ts'
import type { RespCounters } from './resp/resp-counters.ts'
import { RespServer } from './resp/server.ts'
import type { ConnectionPlaces } from './sockets/connection-places.ts'
import { listenOn } from './start-threads.ts'
import type { Service } from './start-use-cases.ts'
import type { ProtocolThreadOptions } from './threads/protocol-thread.ts'
import type { ThreadPool } from './threads/thread-pool.ts'
import { VERSION } from './version.ts'

/** The listener for the Redis protocol, in this thread or in several. */
export interface RespListener {
  /** Resolves with the port. @throws Node's error when it cannot be had */
  listen(host: string, port: number): Promise<number>
  /** No new connections; resolves when those that are open have ended, by force after `withinMs`. */
  drain(withinMs: number): Promise<void>
  counters(): Readonly<RespCounters>
}

/** In this thread. */
export function newResp(
  { server: { resp, https, maxConnectionAge: maxConnectionAgeMs } }: Config,
  { useCases }: Service,
  certificates: CertificateSource | undefined,
  places: ConnectionPlaces,
): RespListener {
  const { clock, log, tracer } = useCases
  const server = new RespServer(new LocalIssuer(useCases, 'resp'), {
    limits: resp,
    places,
    version: VERSION,
    listNodes: async (clientDc) => nodeList(useCases, clientDc),
    maxConnectionAgeMs,
    clock,
    tracer,
    onFault: (err) => log.error({ err }, 'a connection of a Redis client ended by a fault of ours'),
    ...(certificates && resp.tls ? { tls: { certificates, minVersion: https.minVersion } } : {}),
  })
  return {
    listen: (host, port) => server.listen({ host, port }),
    drain: (withinMs) => server.drain(withinMs),
    counters: () => server.counters,
  }
}

/** What threads ask of it: the nodes, of which the main thread alone knows. */
export function passedToResp({ useCases }: Service): ProtocolThreadOptions['passedOn'] {
  return { resp: async (clientDc) => nodeList(useCases, Number(clientDc)) }
}

export function newRespInThreads(threads: ThreadPool): RespListener {
  return {
    listen: (host, port) => listenOn(threads, 'resp', host, port),
    drain: (withinMs) => threads.drain(withinMs),
    counters: () => threads.counters(),
  }
}
