import type { FastifyInstance } from 'fastify'

/**
 * Bodies are JSON and nothing else. An empty one counts as none, also where a client declares JSON and sends
 * nothing (many do for a POST without arguments); the route's schema says whether it may be left out.
 * `__proto__` and `constructor.prototype` are refused, not dropped: whoever sends them means harm.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined)
    else void parse(request, body, done)
  })
}
