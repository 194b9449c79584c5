import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { UseCases } from '../app/use-cases.ts'
import { runTexts } from '../core/decimal.ts'
import { IdgenError } from '../core/errors.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { ForeignIds } from './foreign-ids.ts'
import {
  BODY_MAX_BYTES,
  bareType,
  foreignFault,
  JSON_TYPE,
  requestField,
  requestKey,
} from './foreign-requests.ts'

export interface TinyidParts extends Pick<UseCases, 'directory' | 'limits'> {
  readonly ids: ForeignIds
  /** workspace/group of the tags. */
  readonly group: string
}

/**
 * As tinyid answers (didi/tinyid, IdContronller, held against its own server and client at 49976d3), so that its client need not
 * be changed. Failures are answers of status 200 with a code, or an empty text in the simple forms; the header x-idgen-error
 * says what was the matter.
 */
export function tinyidRoutes(app: FastifyInstance, parts: TinyidParts): void {
  const route = (name: string, answer: (request: FastifyRequest) => Promise<string>, form: Form): void => {
    app.route({
      method: ['GET', 'POST'],
      url: `/tinyid/id/${name}`,
      schema: { hide: true },
      bodyLimit: BODY_MAX_BYTES,
      handler: async (request, reply) => {
        reply.type(form.bare ? bareType(request) : JSON_TYPE)
        try {
          return form.done(await answer(request))
        } catch (thrown) {
          const error = IdgenError.from(thrown)
          foreignFault(reply, error)
          return form.failed(error)
        }
      },
    })
  }
  const texts = async (request: FastifyRequest) => textsOf(await batchOf(parts, request)).join(',')
  route('nextId', texts, LIST)
  route('nextIdSimple', texts, SIMPLE)
  route('nextSegmentId', async (request) => segmentJson(await segmentOf(parts, request)), OBJECT)
  route(
    'nextSegmentIdSimple',
    async (request) => Object.values(await segmentOf(parts, request)).join(','),
    SIMPLE,
  )
}

async function batchOf({ ids, limits }: TinyidParts, request: FastifyRequest): Promise<IdBatch> {
  // An empty one is none, as with tinyid.
  const text = requestField(request, 'batchSize') || '1'
  const wanted = Number(text)
  if (!Number.isSafeInteger(wanted) || wanted < 1)
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `batchSize must be a number from 1, not "${text.slice(0, 40)}".`,
    )
  // More than the limit is cut down to it, as tinyid does.
  return await ids.issue(request, callOf(request), { count: Math.min(wanted, limits.maxText) })
}

/** A segment of tinyid: its client issues what lies above currentId up to maxId, and asks for the next one at loadingId. */
interface TinyidSegment {
  readonly currentId: string
  readonly loadingId: string
  readonly maxId: string
  readonly delta: 1
  readonly remainder: 0
}

/** One run, spent from a grant here, of the tag's usual step: whatever the client leaves of it is burnt. */
async function segmentOf(
  { ids, directory, limits, group }: TinyidParts,
  request: FastifyRequest,
): Promise<TinyidSegment> {
  const call = callOf(request)
  // A tag that is not in memory yet is brought there by the call itself; then its first segment is a short one.
  const step = directory.peek(`${group}/${call.name}`)?.tag.step.base ?? FIRST_STEP
  const count = Math.min(step, limits.maxRuns)
  const batch = await ids.issue(request, call, { count, run: true, first: 'segment' })
  const below = batch.runHi(0) * TWO_32 + batch.runLo(0) - 1
  return {
    currentId: String(below),
    loadingId: String(below + Math.floor((count * LOADING_PERCENT) / 100)),
    maxId: String(below + count),
    delta: 1,
    remainder: 0,
  }
}

function callOf(request: FastifyRequest) {
  const name = requestField(request, 'bizType') ?? ''
  return { name, keyText: requestKey(request, 'token') }
}

function textsOf(batch: IdBatch): string[] {
  const texts: string[] = []
  for (let run = 0; run < batch.runCount; run += 1)
    runTexts(batch.runHi(run), batch.runLo(run), batch.runLength(run), texts)
  return texts
}

function segmentJson({ currentId, loadingId, maxId, delta, remainder }: TinyidSegment): string {
  return `{"maxId":${maxId},"loadingId":${loadingId},"currentId":${currentId},"delta":${delta},"remainder":${remainder}}`
}

/** How an answer is written, and a failure. */
interface Form {
  /** A text or a number alone, not JSON. */
  readonly bare: boolean
  readonly done: (text: string) => string
  readonly failed: (error: IdgenError) => string
}

const SIMPLE: Form = { bare: true, done: (text) => text, failed: () => '' }
const LIST: Form = { bare: false, done: (text) => response(`[${text}]`), failed: failedResponse }
const OBJECT: Form = { bare: false, done: response, failed: failedResponse }

/** By hand: numbers above 2^53 are no numbers of JavaScript. */
function response(data: string): string {
  return `{"data":${data},"code":200,"message":""}`
}

function failedResponse(error: IdgenError): string {
  const isToken = error.row.http === 401 || error.row.http === 403 || UNKNOWN.has(error.code)
  const [code, message] = isToken ? [TOKEN_ERR, 'token is error'] : [SYS_ERR, error.message]
  return JSON.stringify({ data: null, code, message })
}

/** tinyid looks at its table of tokens first, where no token allows a bizType that does not exist. */
const UNKNOWN: ReadonlySet<string> = new Set(['IDGEN_TAG_NOT_FOUND', 'IDGEN_NAME_INVALID'])
/** tinyid's ErrorCode. */
const TOKEN_ERR = 5
const SYS_ERR = 6
/** tinyid's Constants.LOADING_PERCENT. */
const LOADING_PERCENT = 20
const FIRST_STEP = 100
const TWO_32 = 2 ** 32
