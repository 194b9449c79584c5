import { LocalIssuer } from '../app/local-issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
import { invariant } from '../core/invariant.ts'
import { Http2Server, type Http2ServerOptions } from '../http2/server.ts'
import type { Clock } from '../ports/clock.ts'
import type { ListenOptions } from '../sockets/socket-server.ts'
import { auditExport } from './audit-export.ts'
import { LIST_AUDIT_RECORDS } from './audit-methods.ts'
import type { Method } from './call.ts'
import { DescribedFiles } from './described-files.ts'
import { Health } from './health.ts'
import { type IssueParts, issueMethods } from './issue-methods.ts'
import { managementMethods } from './management-methods.ts'
import { methodTable } from './method-table.ts'
import { callOpener, type Methods } from './open-call.ts'
import { OpenStreams } from './open-streams.ts'
import { type PassedCall, passingMethod } from './passed-calls.ts'
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

/** The gRPC API, design.md section 5, over HTTP/2 of our own (decision 0027). */
export function createGrpcServer(useCases: UseCases, options: GrpcServerOptions): GrpcServer {
  const { clock, log, tracer, addresses, readiness } = useCases
  return serverOf({
    clock,
    log,
    tracer,
    addresses,
    issuer: new LocalIssuer(useCases),
    isReady: () => readiness.report().ready,
    methodsOf: (own, streams) => {
      const managing = managementMethods(useCases)
      const list = managing.find(({ path }) => path === LIST_AUDIT_RECORDS)
      invariant(list !== undefined, 'the audit log is read by a method of its own')
      return methodTable(own, managing, [auditExport(list, streams)])
    },
    options,
  })
}

export interface IdGrpcServerParts extends IssueParts {
  readonly clock: Clock
  /** Asks the main thread (answerPassed). @throws IDGEN_OVERLOADED */
  readonly passOn: (call: PassedCall) => Promise<unknown>
  readonly isReady: () => Promise<boolean>
  readonly options: GrpcServerOptions
}

/**
 * The gRPC API as a protocol thread has it: calls for IDs are answered here by the same code as in the main thread, health
 * and reflection too; every other call of ours is passed on to that, whole.
 */
export function createIdGrpcServer({ passOn, ...parts }: IdGrpcServerParts): GrpcServer {
  return serverOf({
    ...parts,
    methodsOf: (own, streams) => {
      const table = methodTable(own, [auditExport(passingMethod(LIST_AUDIT_RECORDS, passOn), streams)])
      let files: DescribedFiles | undefined
      // Only what there is: strangers could keep the main thread busy with names out of thin air.
      const isOurs = (path: string): boolean =>
        path.startsWith('/idgen.') && (files ??= new DescribedFiles()).hasMethod(path)
      return { get: (path) => table.get(path) ?? (isOurs(path) ? passingMethod(path, passOn) : undefined) }
    },
  })
}

interface ServerParts extends IssueParts {
  readonly clock: Clock
  readonly isReady: () => boolean | Promise<boolean>
  readonly methodsOf: (own: readonly Method[], streams: OpenStreams) => Methods
  readonly options: GrpcServerOptions
}

function serverOf({ clock, log, isReady, methodsOf, options, ...issuing }: ServerParts): GrpcServer {
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
  const onFault = (error: unknown): void => log.error({ err: error }, 'a gRPC call ended by a fault of ours')
  const server = new Http2Server({
    clock,
    maxConnectionAgeMs,
    maxHeldBytes: Math.max(HELD_MAX_BYTES, 4 * maxMessageBytes),
    open: callOpener(methods, { clock, maxMessageBytes, onFault }),
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
