import { setTimeout as pause } from 'node:timers/promises'
import { type FastifyInstance, fastify } from 'fastify'
import type { UseCases } from '../app/use-cases.ts'
import { requireApiKey } from './authentication.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { declarationRoutes } from './declaration-routes.ts'
import { replyWithError } from './error-reply.ts'
import { groupRoutes } from './group-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { idRoutes } from './id-routes.ts'
import { acceptJsonOnly } from './json-body.ts'
import { keyRoutes } from './key-routes.ts'
import { nodeRoutes } from './node-routes.ts'
import { collectOpenapi, documentationRoutes } from './openapi.ts'
import { PROBLEM_SCHEMA } from './problem.ts'
import { actorOf, declareRequestState } from './request-state.ts'
import { RouteTable } from './route-table.ts'
import { tagRoutes } from './tag-routes.ts'
import { traceContextOf } from './trace-context.ts'
import { workspaceRoutes } from './workspace-routes.ts'

export interface HttpServerOptions {
  /** Largest body, bytes. */
  readonly bodyLimit: number
  /** Of idgen, for the OpenAPI document. */
  readonly version: string
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
  closeGracefully(app)
  await collectOpenapi(app, options.version)
  app.addSchema(PROBLEM_SCHEMA)
  healthRoutes(app, useCases.readiness)
  await documentationRoutes(app)
  await app.register(async (api) => {
    requireApiKey(api, useCases.authenticator)
    api.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store')
      done()
    })
    idRoutes(api, useCases)
    nodeRoutes(api, useCases)
    await api.register(async (management) => managementRoutes(management, useCases))
  })
  await app.ready()
  return app
}

function newFastify(useCases: UseCases, options: HttpServerOptions): FastifyInstance {
  return fastify({
    logger: false,
    bodyLimit: options.bodyLimit,
    // Requests carry a trace of ours instead; a counter per request would be work for nobody.
    genReqId: () => '',
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_MS,
    maxRequestsPerSocket: REQUESTS_PER_SOCKET,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: CHECK_CONNECTIONS_MS },
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

/** Longer than the 60 s after which common load balancers let an idle connection go: they must be the ones to. */
const KEEP_ALIVE_MS = 72_000
/** A header or a body that trickles in keeps a connection busy (Slowloris): it is cut off after this time. */
const HEADERS_MS = 10_000
const REQUEST_MS = 30_000
/** Node looks for slow requests only every 30 s by default, so the limits above would act up to 30 s late. */
const CHECK_CONNECTIONS_MS = 1000
/** Connections end now and then, so that long-lived clients spread over servers that were added since. */
const REQUESTS_PER_SOCKET = 100_000
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

/**
 * Answers given from now on tell the client to open its next connection elsewhere; for a moment new requests are
 * still taken, because clients do not know yet. Then nothing more is accepted, what is in flight is answered, and
 * connections that fall idle are closed: waiting for their keep-alive time would take minutes.
 */
function closeGracefully(app: FastifyInstance): void {
  let closing = false
  let sweep: NodeJS.Timeout | undefined
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close')
    done()
  })
  app.addHook('preClose', async () => {
    closing = true
    if (app.server.listening) await pause(LAST_REQUESTS_MS)
    const { server } = app
    const closeIdle = server.closeIdleConnections.bind(server)
    // Node's close() does this at once, and would cut connections whose request has arrived but was not read yet.
    server.closeIdleConnections = () => {}
    sweep = setInterval(closeIdle, IDLE_SWEEP_MS).unref()
  })
  // Runs after the server has closed.
  app.addHook('onClose', (_app, done) => {
    clearInterval(sweep)
    done()
  })
}

/** A busy client sends its next request within this time and learns that it must move; without, it is cut off. */
const LAST_REQUESTS_MS = 250
const IDLE_SWEEP_MS = 100

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
}

/** Queries are text; only plain digits become a number, everything else is left for the schema to refuse. */
function numberFromQuery(query: unknown): void {
  const limits = query as { limit?: unknown }
  if (typeof limits.limit === 'string' && /^\d{1,9}$/.test(limits.limit)) limits.limit = Number(limits.limit)
}
