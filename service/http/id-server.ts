import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { ClientAddresses } from '../app/client-addresses.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { ConnectionPlaces } from '../sockets/connection-places.ts'
import { admitCallers } from './authentication.ts'
import { BodyRoom } from './body-room.ts'
import { ConnectionAge } from './connection-age.ts'
import { ConnectionDigests } from './connection-digests.ts'
import { closeGracefully } from './graceful-close.ts'
import { handOver } from './hand-over.ts'
import { STRICT_TRANSPORT } from './https-redirect.ts'
import { issueRoutes } from './id-routes.ts'
import { newApp, traceRequest } from './new-app.ts'
import type { PassedRequest } from './passed-requests.ts'
import { isProbe } from './probe-paths.ts'
import { limitPlaces } from './refused-connection.ts'
import { RequestAdmission } from './request-admission.ts'
import { beginSpan, withinSpan } from './request-span.ts'
import { listenWith, SingleId } from './single-id.ts'

export interface IdServerOptions {
  readonly issuer: TracedIssuer
  readonly addresses: ClientAddresses
  readonly clock: Clock
  readonly log: Log
  readonly tracer: Tracer
  readonly bodyLimit: number
  readonly maxConnectionAgeMs: number
  /** The encrypted listener (createSecureServer), which answers the same. */
  readonly secure: Server | undefined
  readonly places: ConnectionPlaces
  /** Who comes without encryption is told so by the main thread. */
  readonly encryptedOnly: boolean
  /** Asks the main thread (PassedRequests.answer); `client`: for whom, by address. @throws IDGEN_OVERLOADED */
  readonly passOn: (request: PassedRequest, client: string) => Promise<unknown>
  /** Whether answers should end their connections: the process is about to end. */
  readonly isLeaving: () => boolean
}

/**
 * The HTTP API as a protocol thread has it: requests for IDs are answered here by the same code as in the main thread,
 * everything else is passed on to that (createHttpServer), whole, once the limit of its address is asked: strangers must not
 * fill the places that there are on the way.
 */
export async function createIdServer(options: IdServerOptions): Promise<FastifyInstance> {
  const { issuer, addresses, clock, log, bodyLimit, secure, encryptedOnly, passOn, tracer } = options
  const app = newApp(log, { bodyLimit, tracer })
  const age = new ConnectionAge(clock, options.maxConnectionAgeMs)
  for (const listener of [app.server, secure]) if (listener !== undefined) age.watch(listener)
  const isOver = closeGracefully(app, {
    secure,
    clock,
    isOver: (socket) => options.isLeaving() || age.isOld(socket),
  })
  const room = new BodyRoom()
  const admission = new RequestAdmission({ rates: issuer.rates, addresses })
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    if (!request.is404 && !(encryptedOnly && !('encrypted' in raw.socket))) {
      if (encryptedOnly) reply.header(...STRICT_TRANSPORT)
      request.span = beginSpan(tracer, request, traceRequest(request, reply, tracer))
      return withinSpan(tracer, request, done)
    }
    // Whether it is traced the main thread decides, which answers.
    traceRequest(request, reply)
    const counted = !isProbe(raw)
    if (counted) admission.admitAddress(raw)
    // From then on the answer is not fastify's.
    const response = () => reply.hijack().raw
    const passFor = (passed: PassedRequest): Promise<unknown> => passOn(passed, admission.clientOf(raw))
    handOver(raw, response, { passOn: passFor, counted, bodyLimit, room, isOver }).catch(done)
  })
  const digests = new ConnectionDigests()
  await app.register(async (api) => {
    admitCallers(api, { issuer, admission, digests })
    issueRoutes(api, issuer, admission, log)
  })
  await app.ready()
  const { handle } = new SingleId(issuer, {
    route: (request, response) => app.routing(request, response),
    digests,
    admission,
    isOver,
    encryptedOnly,
    tracer,
    clock,
  })
  listenWith(handle, app, secure)
  limitPlaces(app.server, secure, options.places)
  return app
}
