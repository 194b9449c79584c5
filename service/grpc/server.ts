import { logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import type { CertificateSource, TlsVersion } from '../ports/certificates.ts'
import type { Clock } from '../ports/clock.ts'
import { catalogService } from './catalog-service.ts'
import { FollowedCredentials } from './followed-credentials.ts'
import { CatalogServiceService } from './generated/idgen/v1/catalog_service.ts'
import { KeyServiceService } from './generated/idgen/v1/key_service.ts'
import { NodeServiceService } from './generated/idgen/v1/node_service.ts'
import { Health } from './health.ts'
import { ID_SERVICE, idService } from './id-service.ts'
import { keyService } from './key-service.ts'
import { nodeService } from './node-service.ts'
import { OpenStreams } from './open-streams.ts'
import { addReflection } from './reflection.ts'

export interface GrpcServerOptions {
  /** Largest request message, also after decompression; bytes. */
  readonly maxMessageBytes: number
  /** Of idgen, for the log. */
  readonly version: string
  /** Connections above this age take no new call, and end with the last one; 0 or left out: no limit. */
  readonly maxConnectionAgeMs?: number
  /** Left out: not encrypted. */
  readonly tls?: { readonly certificates: CertificateSource; readonly minVersion: TlsVersion }
}

export interface GrpcServer {
  /**
   * Port 0 takes a free one. @returns the port
   * @throws IDGEN_PORT_IN_USE when the address cannot be bound
   */
  listen(host: string, port: number): Promise<number>
  /**
   * Health says NOT_SERVING, no new call is taken, calls in flight may finish; what has not after `timeoutMs` is cut
   * off. Resolves when every connection is closed. Safe to call before listen and twice.
   */
  drain(timeoutMs: number): Promise<void>
}

/** The gRPC API, design.md section 5. */
export function createGrpcServer(useCases: UseCases, options: GrpcServerOptions): GrpcServer {
  // The library would write plain text between our JSON lines; what it says reaches us as errors too.
  setLogVerbosity(logVerbosity.NONE)
  const { maxMessageBytes, maxConnectionAgeMs = 0 } = options
  const server = new Server({
    ...LIMITS,
    'grpc.max_receive_message_length': maxMessageBytes,
    // The library varies it by a tenth. Without a grace time nothing is cut off: a stream may go on where it is.
    ...(maxConnectionAgeMs === 0 ? {} : { 'grpc.max_connection_age_ms': maxConnectionAgeMs }),
  })
  const streams = new OpenStreams()
  const health = new Health(useCases)
  server.addService(ID_SERVICE, { ...idService(useCases, streams) })
  server.addService(CatalogServiceService, { ...catalogService(useCases) })
  server.addService(KeyServiceService, { ...keyService(useCases) })
  server.addService(NodeServiceService, { ...nodeService(useCases) })
  health.addTo(server, streams)
  addReflection(server, streams)
  let drained: Promise<void> | undefined
  return {
    async listen(host, port) {
      const bound = await bind(server, credentialsOf(options), host, port)
      const address = authority(host, bound)
      health.start()
      useCases.log.debug({ address, version: options.version }, 'gRPC server bound')
      return bound
    },
    drain(timeoutMs) {
      health.stop()
      streams.closeAll()
      drained ??= shutDown(server, useCases.clock, timeoutMs)
      return drained
    },
  }
}

const LIMITS = {
  // Calls open at once on one connection; a client queues further ones. One whose client does not read holds an
  // answer of at most 400 KB, a stream besides up to 15 batches, so this bounds what one peer can make us hold.
  'grpc.max_concurrent_streams': 256,
  // A peer that vanished without closing (power, network) is noticed after 60 + 20 s and its streams are freed.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // A connection without a call is closed after 5 minutes: clients open another one when they need it.
  'grpc.max_connection_idle_ms': 300_000,
  // forceShutdown (1.14.7) finds the connections to cut off only through channelz, so it stays on; it costs two
  // counters a call (within the noise of a measurement).
  'grpc.enable_channelz': 1,
} as const

function credentialsOf({ tls }: GrpcServerOptions): ServerCredentials {
  return tls === undefined
    ? ServerCredentials.createInsecure()
    : new FollowedCredentials(tls.certificates, tls.minVersion)
}

function bind(server: Server, credentials: ServerCredentials, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(authority(host, port), credentials, (error, bound) => {
      if (error === null) resolve(bound)
      else reject(listenError(error, host, port))
    })
  })
}

function listenError(error: Error, host: string, port: number): IdgenError {
  // grpc-js tells the reason only in its text.
  const reason = /EADDRINUSE|EACCES|EADDRNOTAVAIL|ENOTFOUND/.exec(error.message)?.[0]
  if (reason === undefined) return IdgenError.from(error)
  const what = reason === 'EADDRINUSE' ? 'is taken by another program' : `cannot be used here (${reason})`
  return new IdgenError(
    'IDGEN_PORT_IN_USE',
    `${host}:${port} ${what}; change server.grpc.port or server.grpc.host.`,
    { cause: error },
  )
}

async function shutDown(server: Server, clock: Clock, timeoutMs: number): Promise<void> {
  const late = clock.after(timeoutMs, () => server.forceShutdown())
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()))
  late[Symbol.dispose]()
}

/** IPv6 addresses stand in brackets. */
function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
