import { LocalIssuer } from '../app/local-issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
import { Http2Server, type Http2ServerOptions, type ListenOptions } from '../http2/server.ts'
import { catalogMethods } from './catalog-methods.ts'
import { decodeMethod } from './decode-method.ts'
import { Health } from './health.ts'
import { issueMethods } from './issue-methods.ts'
import { keyMethods } from './key-methods.ts'
import { methodTable } from './method-table.ts'
import { nodeMethods } from './node-methods.ts'
import { callOpener } from './open-call.ts'
import { OpenStreams } from './open-streams.ts'
import { reflectionMethods } from './reflection.ts'

export interface GrpcServerOptions {
  /** Largest request message, also after decompression; bytes. */
  readonly maxMessageBytes: number
  /** Connections above this age take no new call, and end with the last one; 0 or left out: no limit. */
  readonly maxConnectionAgeMs?: number
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

/** The gRPC API, design.md section 5, over HTTP/2 of our own (decision 0027). */
export function createGrpcServer(useCases: UseCases, options: GrpcServerOptions): GrpcServer {
  const { clock, log } = useCases
  const { maxMessageBytes, maxConnectionAgeMs = 0, tls } = options
  const streams = new OpenStreams()
  const health = new Health(clock, () => useCases.readiness.report().ready)
  const methods = methodTable(
    issueMethods({ issuer: new LocalIssuer(useCases), addresses: useCases.addresses, log }, streams),
    decodeMethod(useCases),
    catalogMethods(useCases),
    keyMethods(useCases),
    nodeMethods(useCases),
    health.methods(streams),
    reflectionMethods(streams),
  )
  const onFault = (error: unknown): void => log.error({ err: error }, 'a gRPC call ended by a fault of ours')
  const server = new Http2Server({
    clock,
    maxConnectionAgeMs,
    maxHeldBytes: Math.max(HELD_MAX_BYTES, 4 * maxMessageBytes),
    open: callOpener(methods, { clock, maxMessageBytes, onFault }),
    onFault: (error) => log.error({ err: error }, 'a gRPC connection ended by a fault of ours'),
    ...(tls === undefined ? {} : { tls }),
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
