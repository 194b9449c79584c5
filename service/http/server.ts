import type { Server } from 'node:http'
import { type FastifyInstance, fastify } from 'fastify'
import { LocalIssuer } from '../app/local-issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
import { alertRoutes } from './alert-routes.ts'
import { auditRoutes } from './audit-routes.ts'
import { requireApiKey } from './authentication.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { ConnectionAge } from './connection-age.ts'
import { ConnectionDigests } from './connection-digests.ts'
import { CONNECTION_LIMITS } from './connection-limits.ts'
import { declarationRoutes } from './declaration-routes.ts'
import { replyWithError } from './error-reply.ts'
import { closeGracefully } from './graceful-close.ts'
import { groupRoutes } from './group-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { redirectToHttps } from './https-redirect.ts'
import { decodeRoute, issueRoutes } from './id-routes.ts'
import { acceptJsonOnly } from './json-body.ts'
import { keyRoutes } from './key-routes.ts'
import { nodeRoutes } from './node-routes.ts'
import { collectOpenapi, documentationRoutes } from './openapi.ts'
import { PROBLEM_SCHEMA } from './problem.ts'
import { RequestAdmission } from './request-admission.ts'
import { actorOf, declareRequestState } from './request-state.ts'
import { RouteTable } from './route-table.ts'
import { SingleId, type SingleIdOptions } from './single-id.ts'
import { tagRoutes } from './tag-routes.ts'
import { traceContextOf } from './trace-context.ts'
import { workspaceRoutes } from './workspace-routes.ts'

export interface HttpServerOptions {
  /** Largest body, bytes. */
  readonly bodyLimit: number
  /** Of idgen, for the OpenAPI document. */
  readonly version: string
  /** Connections above this age end between requests; 0 or left out: no limit. */
  readonly maxConnectionAgeMs?: number
  /** The encrypted listener (createSecureServer), which answers the same. */
  readonly secure?: Server
  /** Where clients reach it: who comes without encryption is sent there. Left out: both listeners answer. */
  readonly redirectTo?: () => number
}

/** The HTTP API (design.md section 5), ready to listen. Closing it lets requests in flight finish. */
export async function createHttpServer(
  useCases: UseCases,
  options: HttpServerOptions,
): Promise<FastifyInstance> {
  const app = newFastify(useCases, options)
  const routes = new RouteTable()
  routes.watch(app)
  declareRequestState(app)
  acceptJsonOnly(app)
  app.setErrorHandler((thrown, request, reply) => replyWithError(thrown, request, reply, useCases.log))
  app.setNotFoundHandler((request, reply) => {
    throw routes.refusal(request, reply)
  })
  traceEveryRequest(app, routes)
  if (options.redirectTo !== undefined) redirectToHttps(app, options.redirectTo)
  const { readiness, clock } = useCases
  const age = new ConnectionAge(clock, options.maxConnectionAgeMs ?? 0)
  for (const listener of [app.server, options.secure]) if (listener !== undefined) age.watch(listener)
  const isOver = closeGracefully(app, {
    secure: options.secure,
    isOver: (socket) => readiness.draining || age.isOld(socket),
  })
  await collectOpenapi(app, options.version)
  app.addSchema(PROBLEM_SCHEMA)
  healthRoutes(app, useCases.readiness)
  await documentationRoutes(app)
  const digests = new ConnectionDigests()
  const admission = new RequestAdmission(useCases)
  const issuer = new LocalIssuer(useCases)
  await app.register(async (api) => {
    admission.limitAddresses(api)
    requireApiKey(api, issuer, digests)
    admission.limitKeys(api)
    api.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store')
      done()
    })
    issueRoutes(api, issuer, admission, useCases.log)
    decodeRoute(api, useCases.layout)
    nodeRoutes(api, useCases)
    await api.register(async (management) => managementRoutes(management, useCases))
  })
  await app.ready()
  const route: SingleIdOptions['route'] = (request, response) => app.routing(request, response)
  const encryptedOnly = options.redirectTo !== undefined
  const { handle } = new SingleId(issuer, { route, digests, admission, isOver, encryptedOnly })
  // In place of fastify's own listener, which would route at once.
  app.server.removeAllListeners('request').on('request', handle)
  options.secure?.on('request', handle).on('clientError', answerBrokenRequest)
  return app
}

function newFastify(useCases: UseCases, options: HttpServerOptions): FastifyInstance {
  const { keepAliveTimeout, requestTimeout, maxRequestsPerSocket } = CONNECTION_LIMITS
  const { headersTimeout, connectionsCheckingInterval } = CONNECTION_LIMITS
  return fastify({
    logger: false,
    bodyLimit: options.bodyLimit,
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
    frameworkErrors: (error, request, reply) => void replyWithError(error, request, reply, useCases.log),
    clientErrorHandler: answerBrokenRequest,
  })
}

/** A name has 63 characters, an ID 36; percent-encoding makes up to three of one. */
const PARAM_MAX = 200

function traceEveryRequest(app: FastifyInstance, routes: RouteTable): void {
  app.addHook('onRequest', (request, reply, done) => {
    const trace = traceContextOf(request.headers)
    request.trace = trace
    reply.header('x-request-id', trace.requestId).header('traceparent', trace.traceparent)
    // Here and not in the handler: nobody's body is read for a route that does not exist.
    done(request.is404 ? routes.refusal(request, reply) : undefined)
  })
}

function managementRoutes(app: FastifyInstance, useCases: UseCases): void {
  const { catalog, declarations, keys, log } = useCases
  app.addHook('preValidation', (request, _reply, done) => {
    numberFromQuery(request.query)
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    if (request.method !== 'GET' && reply.statusCode < 400)
      log.info(
        {
          ...actorOf(request),
          method: request.method,
          url: request.url,
          status: reply.statusCode,
        },
        'changed over HTTP',
      )
    done()
  })
  workspaceRoutes(app, catalog)
  groupRoutes(app, catalog)
  tagRoutes(app, catalog)
  declarationRoutes(app, declarations)
  keyRoutes(app, keys)
  auditRoutes(app, useCases)
  alertRoutes(app, useCases.alerts)
}

/** Queries are text; only plain digits become a number, everything else is left for the schema to refuse. */
function numberFromQuery(query: unknown): void {
  const limits = query as { limit?: unknown }
  if (typeof limits.limit === 'string' && /^\d{1,9}$/.test(limits.limit)) limits.limit = Number(limits.limit)
}
