import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IdgenError } from '../core/errors.ts'

/**
 * Of a body, whatever it says it is: clients send none, or a form of a few short fields. Set on every route, as a parser's own
 * limit holds for its type only, and JSON of strangers would be read up to server.bodyLimit before a key is looked at.
 */
export const BODY_MAX_BYTES = 4096

/** Clients send a form, or nothing under the name of one. */
export function readForms(app: FastifyInstance): void {
  const form = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(form, { parseAs: 'string' }, (_request, body, done) =>
    done(null, new URLSearchParams(String(body))),
  )
}

/** A field of the query or of a form; the query wins, as the first of several does. */
export function requestField(request: FastifyRequest, name: string): string | undefined {
  const given = (request.query as Readonly<Record<string, unknown>>)[name]
  const first: unknown = Array.isArray(given) ? given[0] : given
  if (typeof first === 'string') return first
  return request.body instanceof URLSearchParams ? (request.body.get(name) ?? undefined) : undefined
}

/** The same for a key: an empty one is none. */
export function requestKey(request: FastifyRequest, name: string): string | undefined {
  const text = requestField(request, name)
  return text === '' ? undefined : text
}

/** What the other service's answer has no place for: our code and why, for the person who moves over. */
export function foreignFault(reply: FastifyReply, error: IdgenError): FastifyReply {
  if (error.retryAfterMs !== undefined)
    reply.header('retry-after', String(Math.ceil(error.retryAfterMs / 1000)))
  return reply.header(
    'x-idgen-error',
    `${error.code}: ${error.message.replace(/[^\x20-\x7e]/g, '?').slice(0, 500)}`,
  )
}

export const PLAIN_TYPE = 'text/plain;charset=UTF-8'
export const JSON_TYPE = 'application/json;charset=UTF-8'

/**
 * What a bare number or text is called: Spring calls it what the caller would rather have, and a client that reads numbers as
 * JSON (Spring's RestTemplate for a Long) asks for JSON alone and refuses text/plain.
 */
export function bareType({ headers }: FastifyRequest): string {
  const [best] = (headers.accept ?? '')
    .split(',')
    .map((range) => {
      const [name = '', ...fields] = range.split(';').map((part) => part.trim().toLowerCase())
      const weight = fields.find((field) => field.startsWith('q='))
      return { name, weight: weight === undefined ? 1 : Number(weight.slice(2)) }
    })
    .toSorted((a, b) => b.weight - a.weight)
  return best?.name === 'application/json' ? JSON_TYPE : PLAIN_TYPE
}
