import { type ErrorCode, IdgenError } from '../core/errors.ts'

/**
 * Anything thrown while a request is served over HTTP, as an error of ours: what fastify refuses before we see it is the
 * caller's fault, and told to him. `texts`: other words for some of them, where a person sends a form and no program JSON.
 */
export function frameworkError(
  thrown: unknown,
  texts: Partial<Readonly<Record<ErrorCode, string>>> = {},
): IdgenError {
  if (thrown instanceof IdgenError || !(thrown instanceof Error)) return IdgenError.from(thrown)
  const { code, statusCode = 500 } = thrown as Error & {
    readonly code?: string
    readonly statusCode?: number
  }
  const known = REFUSALS.get(code ?? '')
  if (known !== undefined)
    return new IdgenError(known.code, texts[known.code] ?? known.text, { cause: thrown })
  // Faults of the connection while a body is read, and of plugins, carry a status and no code known here.
  if (statusCode >= 400 && statusCode < 500)
    return new IdgenError('IDGEN_REQUEST_INVALID', 'The request could not be understood.', { cause: thrown })
  return IdgenError.from(thrown)
}

const REFUSALS: ReadonlyMap<string, { readonly code: ErrorCode; readonly text: string }> = new Map([
  [
    'FST_ERR_CTP_BODY_TOO_LARGE',
    {
      code: 'IDGEN_BODY_TOO_LARGE',
      text: 'The body is larger than this server accepts; send less at a time.',
    },
  ],
  [
    'FST_ERR_CTP_INVALID_MEDIA_TYPE',
    {
      code: 'IDGEN_MEDIA_TYPE_UNSUPPORTED',
      text: 'Send the body as JSON, with "Content-Type: application/json".',
    },
  ],
  [
    'FST_ERR_CTP_INVALID_JSON_BODY',
    {
      code: 'IDGEN_REQUEST_INVALID',
      text: 'The body is not valid JSON, or it names __proto__ or constructor.prototype.',
    },
  ],
  [
    'FST_ERR_CTP_INVALID_CONTENT_LENGTH',
    {
      code: 'IDGEN_REQUEST_INVALID',
      text: 'The body is shorter or longer than its Content-Length says.',
    },
  ],
  ['FST_ERR_BAD_URL', { code: 'IDGEN_REQUEST_INVALID', text: 'The path has a malformed percent-encoding.' }],
  [
    'FST_ERR_MAX_PARAM_LENGTH',
    { code: 'IDGEN_REQUEST_INVALID', text: 'A part of the path is longer than any name or ID can be.' },
  ],
])
