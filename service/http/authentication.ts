import type { FastifyInstance } from 'fastify'
import type { Issuer } from '../app/issuer.ts'
import { IdgenError } from '../core/errors.ts'
import { apiKeyOf } from './api-key-header.ts'
import type { ConnectionDigests } from './connection-digests.ts'
import type { RequestAdmission } from './request-admission.ts'

export interface Doorkeepers {
  readonly issuer: Pick<Issuer, 'peekCaller' | 'authenticate'>
  readonly admission: RequestAdmission
  readonly digests: ConnectionDigests
}

/** Who comes to the routes of this plugin: within the limits, with a valid key, and with an answer that nobody keeps. */
export function admitCallers(app: FastifyInstance, { issuer, admission, digests }: Doorkeepers): void {
  admission.limitAddresses(app)
  requireApiKey(app, issuer, digests)
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
  issuer: Pick<Issuer, 'peekCaller' | 'authenticate'>,
  digests: ConnectionDigests,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const keyText = apiKeyOf(request.headers)
    const known = issuer.peekCaller(keyText, digests.of(request.raw.socket, keyText))
    if (known !== undefined) {
      request.caller = known
      done()
      return
    }
    issuer.authenticate(keyText).then(
      (caller) => {
        request.caller = caller
        done()
      },
      (thrown: unknown) => {
        const error = IdgenError.from(thrown)
        if (error.code === 'IDGEN_UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer realm="idgen"')
        done(error)
      },
    )
  })
}
