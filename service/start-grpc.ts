import type { Config } from './config/keys.ts'
import { managementMethods } from './grpc/management-methods.ts'
import { methodTable } from './grpc/method-table.ts'
import { answerPassed } from './grpc/passed-calls.ts'
import { createGrpcServer } from './grpc/server.ts'
import type { CertificateSource } from './ports/certificates.ts'
import type { ConnectionPlaces } from './sockets/connection-places.ts'
import { listenOn } from './start-threads.ts'
import type { Service } from './start-use-cases.ts'
import type { ProtocolThreadOptions } from './threads/protocol-thread.ts'
import type { ThreadPool } from './threads/thread-pool.ts'

/** The gRPC API's listener, in this thread or in several. */
export interface GrpcListener {
  /** Resolves with the port. @throws Node's error when it cannot be had */
  listen(host: string, port: number): Promise<number>
  /** No new connections; resolves when those that are open have ended, by force after `withinMs`. */
  drain(withinMs: number): Promise<void>
}

/** In this thread. */
export function newGrpc(
  { server: { bodyLimit, openDocuments, https, grpc, maxConnectionAge: maxConnectionAgeMs } }: Config,
  { useCases }: Service,
  certificates: CertificateSource | undefined,
  places: ConnectionPlaces,
): GrpcListener {
  const server = createGrpcServer(useCases, {
    maxMessageBytes: bodyLimit,
    maxConnectionAgeMs,
    openReflection: openDocuments,
    places,
    ...(certificates && grpc.tls ? { tls: { certificates, minVersion: https.minVersion } } : {}),
  })
  return {
    listen: (host, port) => server.listen({ host, port }),
    drain: (withinMs) => server.drain(withinMs),
  }
}

export function newGrpcInThreads(threads: ThreadPool): GrpcListener {
  return {
    listen: (host, port) => listenOn(threads, 'grpc', host, port),
    drain: (withinMs) => threads.drain(withinMs),
  }
}

/** What threads ask of gRPC: calls that they do not answer themselves, and whether this process is ready. */
export function passedToGrpc({ useCases }: Service): ProtocolThreadOptions['passedOn'] {
  const methods = methodTable(managementMethods(useCases))
  return {
    grpc: (question) => answerPassed(methods, question),
    ready: async () => useCases.readiness.report().ready,
  }
}
