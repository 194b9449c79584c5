import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  type RawRequestDefaultExpression,
} from 'fastify'
import type { Log } from '../ports/log.ts'
import { NO_TRACER, type Tracer } from '../ports/tracer.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { buildSerializers, buildValidators } from './compiled-schemas.ts'
import { CONNECTION_LIMITS } from './connection-limits.ts'
import { replyWithError } from './error-reply.ts'
import { acceptJsonOnly } from './json-body.ts'
import { PROBLEM_SCHEMA } from './problem.ts'
import { traceRequests } from './request-span.ts'
import { declareRequestState } from './request-state.ts'
import { type TraceContext, tellTrace, traceContextOf } from './trace-context.ts'

export interface NewAppOptions {
  /** Largest body, bytes. */
  readonly bodyLimit: number
  /** Sees every request before anything else does, and says its URL. */
  readonly rewriteUrl?: (request: RawRequestDefaultExpression) => string
  /** Left out: no request is traced. */
  readonly tracer?: Tracer
}

/** Fastify as all of our HTTP has it, without a route: limits, JSON bodies, errors as problems. */
export function newApp(log: Log, options: NewAppOptions): FastifyInstance {
  const app = newFastify(log, options)
  declareRequestState(app)
  acceptJsonOnly(app)
  app.setErrorHandler((thrown, request, reply) => replyWithError(thrown, request, reply, log))
  app.addSchema(PROBLEM_SCHEMA)
  traceRequests(app, options.tracer ?? NO_TRACER)
  return app
}

function newFastify(log: Log, { bodyLimit, rewriteUrl }: NewAppOptions): FastifyInstance {
  const { keepAliveTimeout, requestTimeout, maxRequestsPerSocket } = CONNECTION_LIMITS
  const { headersTimeout, connectionsCheckingInterval } = CONNECTION_LIMITS
  return fastify({
    logger: false,
    bodyLimit,
    ...(rewriteUrl && { rewriteUrl }),
    // Requests carry a trace of ours instead; a counter per request would be work for nobody.
    genReqId: () => '',
    keepAliveTimeout,
    requestTimeout,
    maxRequestsPerSocket,
    http: { headersTimeout, connectionsCheckingInterval },
    routerOptions: { maxParamLength: PARAM_MAX },
    // A request that arrives while the server closes is answered, with Connection: close; refusing it would lose
    // it, and whether IDs may still be issued is for the use cases to say.
    return503OnClosing: false,
    schemaController: {
      compilersFactory: { buildSerializer: buildSerializers, buildValidator: buildValidators },
    },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'error',
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: true,
        allErrors: true,
        verbose: true,
      },
    },
    frameworkErrors: (error, request, reply) => void replyWithError(error, request, reply, log),
    clientErrorHandler: answerBrokenRequest,
  })
}

/** A name has 63 characters, an ID 36; percent-encoding makes up to three of one. */
const PARAM_MAX = 200

/** Takes over the trace of the request, or begins one, and tells it to the client. */
export function traceRequest(request: FastifyRequest, reply: FastifyReply, tracer?: Tracer): TraceContext {
  const trace = traceContextOf(request.headers, tracer)
  request.trace = trace
  tellTrace(reply, trace)
  return trace
}
