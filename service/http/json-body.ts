import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { IdgenError } from '../core/errors.ts'

/**
 * Bodies are JSON and nothing else. An empty one counts as none, also where a client declares JSON and sends
 * nothing (many do for a POST without arguments); the route's schema says whether it may be left out.
 * `__proto__` and `constructor.prototype` are refused, not dropped: whoever sends them means harm.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { 'content-encoding': encoding = 'identity', 'content-type': type = '' } = request.headers
    const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(type)?.[1] ?? 'utf-8'
    // Read as if they were not there, they would make another body of it than the client meant.
    if (encoding !== 'identity' || charset.toLowerCase() !== 'utf-8') throw notPlain(encoding, charset)
    done()
  })
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined)
    else void parse(request, body, done)
  })
}

function notPlain(encoding: string, charset: string): IdgenError {
  return new IdgenError(
    'IDGEN_MEDIA_TYPE_UNSUPPORTED',
    `The body is ${charset.slice(0, 40)} with the encoding ${encoding.slice(0, 40)}; send plain UTF-8 JSON.`,
  )
}

/** Most calls want one ID and say nothing: the schema then fills in the defaults. */
export function bodyMayBeEmpty(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  if (request.body === undefined) request.body = {}
  done()
}
