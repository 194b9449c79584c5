import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { attemptOver } from '../app/attempt.ts'
import { LocalIssuer } from '../app/local-issuer.ts'
import type { UseCases } from '../app/use-cases.ts'
import { ERRORS } from '../core/errors.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { ConnectionPlaces } from '../sockets/connection-places.ts'
import { alertRoutes } from './alert-routes.ts'
import { auditRoutes } from './audit-routes.ts'
import { admitCallers, admitReaders, type Doorkeepers } from './authentication.ts'
import { ConnectionAge } from './connection-age.ts'
import { ConnectionDigests } from './connection-digests.ts'
import { declarationRoutes } from './declaration-routes.ts'
import { type Compatibility, foreignRoutes } from './foreign-routes.ts'
import { closeGracefully } from './graceful-close.ts'
import { groupRoutes } from './group-routes.ts'
import { healthRoutes } from './health-routes.ts'
import { redirectToHttps } from './https-redirect.ts'
import { decodeRoute, issueRoutes } from './id-routes.ts'
import { keyRoutes } from './key-routes.ts'
import { newApp, traceRequest } from './new-app.ts'
import { nodeRoutes } from './node-routes.ts'
import { collectOpenapi, documentationRoutes } from './openapi.ts'
import type { PassedRequests } from './passed-requests.ts'
import { limitPlaces } from './refused-connection.ts'
import { RequestAdmission } from './request-admission.ts'
import { beginSpan, withinSpan } from './request-span.ts'
import { RouteTable } from './route-table.ts'
import { listenWith, SingleId, type SingleIdOptions } from './single-id.ts'
import { statusRoute } from './status-route.ts'
import { tagRoutes } from './tag-routes.ts'
import { workspaceRoutes } from './workspace-routes.ts'

export interface HttpServerOptions {
  /** Largest body, bytes. */
  readonly bodyLimit: number
  /** Of idgen, for the OpenAPI document. */
  readonly version: string
  /** Whether /docs and /openapi.json need no key; left out: they need one. */
  readonly openDocuments?: boolean
  /** Connections above this age end between requests; 0 or left out: no limit. */
  readonly maxConnectionAgeMs?: number
  /** The encrypted listener (createSecureServer), which answers the same. */
  readonly secure?: Server
  /** Where clients reach it: who comes without encryption is sent there. Left out: both listeners answer. */
  readonly redirectTo?: () => number
  /** Left out: as many connections as come. */
  readonly places?: ConnectionPlaces
  /** Nobody connects here: protocol threads pass requests on. */
  readonly passed?: PassedRequests
  /** Registers the pages for people, below /ui; left out: there are none. */
  readonly pages?: (app: FastifyInstance) => Promise<void>
  /** Endpoints of other services; left out: none. */
  readonly compatibility?: Compatibility
}

/** The HTTP API (design.md section 5), ready to listen. Closing it lets requests in flight finish. */
export async function createHttpServer(
  useCases: UseCases,
  options: HttpServerOptions,
): Promise<FastifyInstance> {
  const { bodyLimit, passed } = options
  const app = newApp(useCases.log, {
    bodyLimit,
    tracer: useCases.tracer,
    ...(passed && { rewriteUrl: passed.unpack }),
  })
  const routes = new RouteTable()
  routes.watch(app)
  app.setNotFoundHandler((request, reply) => {
    throw routes.refusal(request, reply)
  })
  const admission = new RequestAdmission(useCases, passed?.isCounted)
  traceEveryRequest(app, routes, admission, useCases.tracer)
  if (options.redirectTo !== undefined) redirectToHttps(app, options.redirectTo, admission)
  const { readiness, clock } = useCases
  const age = new ConnectionAge(clock, options.maxConnectionAgeMs ?? 0)
  for (const listener of [app.server, options.secure]) if (listener !== undefined) age.watch(listener)
  const isOver = closeGracefully(app, {
    secure: options.secure,
    clock,
    isOver: (socket) => readiness.draining || age.isOld(socket),
  })
  await collectOpenapi(app, options.version)
  healthRoutes(app, useCases.readiness)
  const digests = new ConnectionDigests()
  const issuer = new LocalIssuer(useCases, 'http')
  const doorkeepers = { issuer, admission, digests }
  await app.register(async (documents) => {
    if (options.openDocuments === true) admission.limitAddresses(documents)
    else admitReaders(documents, doorkeepers)
    noteForbidden(documents, useCases, admission)
    await documentationRoutes(documents)
    statusRoute(documents, useCases.status)
  })
  await app.register(async (api) => {
    admitCallers(api, doorkeepers)
    issueRoutes(api, issuer, admission, useCases.log)
    await api.register(async (reading) => {
      noteForbidden(reading, useCases, admission)
      decodeRoute(reading, useCases)
      nodeRoutes(reading, useCases)
    })
    const exportMax = passed === undefined ? undefined : PASSED_EXPORT_MAX
    await api.register(async (management) =>
      managementRoutes(management, useCases, { issuer, admission }, exportMax),
    )
  })
  await pagesForPeople(app, admission, options.pages)
  if (options.compatibility !== undefined)
    await foreignRoutes(app, { useCases, issuer, admission, compatibility: options.compatibility })
  await app.ready()
  const route: SingleIdOptions['route'] = (request, response) => app.routing(request, response)
  const { handle } = new SingleId(issuer, {
    route,
    digests,
    admission,
    isOver,
    encryptedOnly: options.redirectTo !== undefined,
    tracer: useCases.tracer,
    clock: useCases.clock,
  })
  listenWith(handle, app, options.secure)
  if (options.places !== undefined) limitPlaces(app.server, options.secure, options.places)
  passed?.answerBy(app)
  return app
}

/** They check for themselves who asks, but not how often an address does. */
async function pagesForPeople(
  app: FastifyInstance,
  admission: RequestAdmission,
  pages: HttpServerOptions['pages'],
): Promise<void> {
  if (pages === undefined) return
  await app.register(async (root) => {
    admission.limitAddresses(root)
    // Who opens the bare address in a browser wants the pages.
    root.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/ui', 303))
  })
  await app.register(
    async (ui) => {
      admission.limitAddresses(ui)
      await pages(ui)
    },
    { prefix: '/ui' },
  )
}

function traceEveryRequest(
  app: FastifyInstance,
  routes: RouteTable,
  admission: RequestAdmission,
  tracer: Tracer,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    request.span = beginSpan(tracer, request, traceRequest(request, reply, tracer))
    // Whoever looks for what there is counts like any other, though no plugin with limits is asked.
    if (request.is404) admission.admitAddress(request.raw)
    // Here and not in the handler: nobody's body is read for a route that does not exist.
    const refusal = request.is404 ? routes.refusal(request, reply) : undefined
    withinSpan(tracer, request, () => done(refusal))
  })
}

function managementRoutes(
  app: FastifyInstance,
  useCases: UseCases,
  doorkeepers: Omit<Doorkeepers, 'digests'>,
  exportMax: number | undefined,
): void {
  const { catalog, declarations, keys } = useCases
  app.addHook('preValidation', (request, _reply, done) => {
    numberFromQuery(request.query)
    done()
  })
  noteForbidden(app, useCases, doorkeepers.admission)
  workspaceRoutes(app, catalog)
  groupRoutes(app, catalog)
  tagRoutes(app, catalog)
  declarationRoutes(app, declarations)
  keyRoutes(app, keys)
  auditRoutes(app, useCases, doorkeepers, exportMax)
  alertRoutes(app, useCases.alerts)
}

/** What calls for IDs were refused is counted by IssueLedger. */
function noteForbidden(
  app: FastifyInstance,
  { refusedKeys }: Pick<UseCases, 'refusedKeys'>,
  admission: RequestAdmission,
): void {
  app.addHook('onResponse', (request, reply, done) => {
    if (reply.statusCode === FORBIDDEN && request.caller !== undefined)
      refusedKeys.noteForbidden(request.caller.keyId, admission.clientOf(request.raw), attemptOver(request))
    done()
  })
}

/** Queries are text; only plain digits become a number, everything else is left for the schema to refuse. */
function numberFromQuery(query: unknown): void {
  const limits = query as { limit?: unknown }
  if (typeof limits.limit === 'string' && /^\d{1,9}$/.test(limits.limit)) limits.limit = Number(limits.limit)
}

const FORBIDDEN = ERRORS.IDGEN_FORBIDDEN.http
/** An answer to a thread is one message: 5 MB of records, where a connection of our own takes them as they are read. */
const PASSED_EXPORT_MAX = 10_000
