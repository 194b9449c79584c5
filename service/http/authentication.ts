import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Authenticator, KEY_TEXT_MAX, keyDigest } from '../app/authenticator.ts'
import { IdgenError } from '../core/errors.ts'
import { apiKeyOf } from './api-key-header.ts'

/**
 * Every route of this plugin needs a valid API key. It is checked before the body is read, so that a stranger
 * cannot make the server parse anything. A key in the cache costs no promise.
 */
export function requireApiKey(app: FastifyInstance, authenticator: Authenticator): void {
  const digests = new ConnectionDigests()
  app.addHook('onRequest', (request, reply, done) => {
    const keyText = apiKeyOf(request.headers)
    const known = authenticator.peek(keyText, digests.of(request, keyText))
    if (known !== undefined) {
      request.caller = known
      done()
      return
    }
    authenticator.authenticate(keyText).then(
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

/** A connection sends the same key again and again; its digest is worked out once. Forgotten with the connection. */
class ConnectionDigests {
  readonly #last = new WeakMap<object, { readonly keyText: string; readonly digest: string }>()

  of({ raw: { socket } }: FastifyRequest, keyText: string | undefined): string | undefined {
    const last = this.#last.get(socket)
    if (last !== undefined && last.keyText === keyText) return last.digest
    // Longer ones are no keys, and not worth remembering.
    if (keyText === undefined || keyText.length > KEY_TEXT_MAX) return undefined
    const digest = keyDigest(keyText)
    this.#last.set(socket, { keyText, digest })
    return digest
  }
}
