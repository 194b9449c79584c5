import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { decimalText } from '../core/decimal.ts'
import { IdgenError } from '../core/errors.ts'
import { apiKeyOf } from './api-key-header.ts'
import type { ForeignIds } from './foreign-ids.ts'
import { BODY_MAX_BYTES, bareType, foreignFault, JSON_TYPE, requestKey } from './foreign-requests.ts'

/**
 * As Leaf answers (Meituan-Dianping/Leaf, LeafController, held against its own server at 86a6441): the number as plain text; a
 * failure is status 500 with a Result in its message. Keys are ours: Leaf knows none, so `defaultKey` stands for callers
 * without one.
 */
export function leafRoutes(app: FastifyInstance, ids: ForeignIds, defaultKey: string): void {
  // Spring takes a slash at the end too.
  for (const [first, end] of [
    ['segment', ''],
    ['segment', '/'],
    ['snowflake', ''],
    ['snowflake', '/'],
  ] as const)
    app.route<{ Params: { readonly key: string } }>({
      method: ['GET', 'POST'],
      url: `/api/${first}/get/:key${end}`,
      schema: { hide: true },
      bodyLimit: BODY_MAX_BYTES,
      handler: async (request, reply) => {
        const keyText = apiKeyOf(request.headers) ?? requestKey(request, 'token') ?? emptyIsNone(defaultKey)
        try {
          const call = { name: request.params.key, keyText }
          const batch = await ids.issue(request, call, { count: 1, first })
          reply.type(bareType(request))
          return decimalText(batch.runHi(0), batch.runLo(0))
        } catch (thrown) {
          return failed(request, reply, IdgenError.from(thrown))
        }
      },
    })
}

/** What Leaf's Spring Boot 1.5 answers for a LeafServerException; who must not ask is told so in our own words. */
function failed(request: FastifyRequest, reply: FastifyReply, error: IdgenError): object {
  if (error.code === 'IDGEN_UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer realm="idgen"')
  if (OURS.has(error.row.http)) throw error
  const id = UNKNOWN.has(error.code) ? KEY_NOT_EXISTS : SEGMENTS_ARE_NULL
  foreignFault(reply, error).code(500).type(JSON_TYPE)
  return {
    timestamp: Date.now(),
    status: 500,
    error: 'Internal Server Error',
    exception: 'com.sankuai.inf.leaf.server.exception.LeafServerException',
    message: `Result{id=${id}, status=EXCEPTION}`,
    path: request.url.split('?', 1)[0],
  }
}

function emptyIsNone(text: string): string | undefined {
  return text === '' ? undefined : text
}

/** Statuses of what Leaf does not know: keys, rights, limits. */
const OURS: ReadonlySet<number> = new Set([401, 403, 429])
/** Of Leaf's SegmentIDGenImpl: there is no such key; nothing could be had of it. */
const KEY_NOT_EXISTS = -2
const SEGMENTS_ARE_NULL = -3
const UNKNOWN: ReadonlySet<string> = new Set(['IDGEN_TAG_NOT_FOUND', 'IDGEN_NAME_INVALID'])
