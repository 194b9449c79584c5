import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { attemptOver } from '../app/attempt.ts'
import { authorizeReader } from '../app/authorize-reader.ts'
import type { Issuer } from '../app/issuer.ts'
import { IdgenError } from '../core/errors.ts'
import { apiKeyOf, passwordOf } from './api-key-header.ts'
import type { ConnectionDigests } from './connection-digests.ts'
import { certificateFor, setAside } from './cross-site.ts'
import type { RequestAdmission } from './request-admission.ts'

export interface Doorkeepers {
  readonly issuer: Pick<Issuer, 'peekCaller' | 'authenticate'>
  readonly admission: RequestAdmission
  readonly digests: ConnectionDigests
}

/** How a route is told the key, and how it asks for one. */
interface KeyEntry {
  readonly keyOf: (headers: IncomingHttpHeaders) => string | undefined
  /** The header www-authenticate of a refusal. */
  readonly challenge: string
}

const FOR_PROGRAMS: KeyEntry = { keyOf: apiKeyOf, challenge: 'Bearer realm="idgen"' }
/** A page that is opened has no other way to send a key than the password that the browser asks for. */
const FOR_BROWSERS: KeyEntry = {
  keyOf: (headers) => passwordOf(headers) ?? apiKeyOf(headers),
  challenge: 'Bearer realm="idgen", Basic realm="idgen: any name, an API key as password"',
}

/** Who comes to the routes of this plugin: within the limits, with a valid key, and with an answer that nobody keeps. */
export function admitCallers(app: FastifyInstance, keepers: Doorkeepers): void {
  admit(app, keepers, FOR_PROGRAMS)
}

/** The same where people come with a browser and only look, which a key that only writes alerts may not: it sends a password that it knows with every request. */
export function admitReaders(app: FastifyInstance, keepers: Doorkeepers): void {
  admit(app, keepers, FOR_BROWSERS)
  app.addHook('onRequest', ({ caller }, _reply, done) => {
    if (caller !== undefined) authorizeReader(caller)
    done()
  })
}

function admit(app: FastifyInstance, { issuer, admission, digests }: Doorkeepers, entry: KeyEntry): void {
  admission.limitAddresses(app)
  requireApiKey(app, { issuer, admission, digests }, entry)
  admission.limitKeys(app)
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store')
    done()
  })
}

/**
 * Every route of this plugin needs a valid API key. It is checked before the body is read, so that a stranger
 * cannot make the server parse anything. A key in the cache costs no promise.
 */
function requireApiKey(
  app: FastifyInstance,
  { issuer, admission, digests }: Doorkeepers,
  { keyOf, challenge }: KeyEntry,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = request
    // A key that comes with the request goes before what the connection says.
    const keyText = keyOf(request.headers) ?? certificateFor(raw)
    request.keyText = keyText
    const known = issuer.peekCaller(keyText, digests.of(raw.socket, keyText))
    if (known !== undefined) {
      request.caller = known
      done()
      return
    }
    issuer.authenticate(keyText, admission.clientOf(raw), attemptOver(request)).then(
      (caller) => {
        request.caller = caller
        done()
      },
      (thrown: unknown) => {
        const error = (keyText === undefined ? setAside(raw) : undefined) ?? IdgenError.from(thrown)
        if (error.code === 'IDGEN_UNAUTHENTICATED') reply.header('www-authenticate', challenge)
        done(error)
      },
    )
  })
}
