import { Http2Server, type Http2ServerOptions } from '../http2/server.ts'
import type { Clock } from '../ports/clock.ts'
import type { ListenOptions } from '../sockets/socket-server.ts'
import type { Method } from './call.ts'
import { Health } from './health.ts'
import { type IssueParts, issueMethods } from './issue-methods.ts'
import { addressDoor, keyDoor } from './key-door.ts'
import { callOpener, type Methods } from './open-call.ts'
import { OpenStreams } from './open-streams.ts'
import { reflectionMethods } from './reflection.ts'

export interface GrpcServerOptions {
  /** Largest request message, also after decompression; bytes. */
  readonly maxMessageBytes: number
  /** Connections above this age take no new call, and end with the last one; 0 or left out: no limit. */
  readonly maxConnectionAgeMs?: number
  /** Whether reflection needs no key; left out: it needs one. */
  readonly openReflection?: boolean
  /** Left out: as many connections as come. */
  readonly places?: NonNullable<Http2ServerOptions['places']>
  /** Left out: not encrypted. */
  readonly tls?: NonNullable<Http2ServerOptions['tls']>
}

export interface GrpcServer {
  /** @returns the port. Rejects with Node's error when the address cannot be bound. */
  listen(options: ListenOptions): Promise<number>
  /**
   * Health says NOT_SERVING, no new call is taken, calls in flight may finish; what has not after `timeoutMs` is cut
   * off. Resolves when every connection is closed. Safe to call before listen and twice.
   */
  drain(timeoutMs: number): Promise<void>
}

export interface ServerParts extends IssueParts {
  readonly clock: Clock
  readonly isReady: () => boolean | Promise<boolean>
  readonly methodsOf: (own: readonly Method[], streams: OpenStreams) => Methods
  readonly options: GrpcServerOptions
}

/** What every gRPC server of ours has: calls for IDs, health, reflection; and what `methodsOf` adds. */
export function serveMethods({
  clock,
  log,
  isReady,
  methodsOf,
  options,
  ...issuing
}: ServerParts): GrpcServer {
  const { maxMessageBytes, maxConnectionAgeMs = 0, openReflection = false, places, tls } = options
  const streams = new OpenStreams()
  const health = new Health(clock, isReady)
  const methods = methodsOf(
    [
      ...issueMethods({ log, ...issuing }, streams),
      ...health.methods(streams),
      ...reflectionMethods(streams, openReflection ? undefined : { log, ...issuing }),
    ],
    streams,
  )
  const doors = { door: keyDoor({ log, ...issuing }), addressDoor: addressDoor({ log, ...issuing }) }
  const onFault = (error: unknown): void => log.error({ err: error }, 'a gRPC call ended by a fault of ours')
  const server = new Http2Server({
    clock,
    maxConnectionAgeMs,
    maxHeldBytes: Math.max(HELD_MAX_BYTES, 4 * maxMessageBytes),
    open: callOpener(methods, { clock, maxMessageBytes, ...doors, onFault }),
    onFault: (error) => log.error({ err: error }, 'a gRPC connection ended by a fault of ours'),
    ...(places && { places }),
    ...(tls && { tls }),
  })
  return {
    async listen(where) {
      const port = await server.listen(where)
      health.start()
      return port
    },
    drain(timeoutMs) {
      health.stop()
      streams.closeAll()
      return server.drain(timeoutMs)
    },
  }
}

/** Forty of the largest answers; the largest messages, several at once, whatever they are set to. */
const HELD_MAX_BYTES = 16_777_216
