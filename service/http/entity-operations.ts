import type { ErrorCode } from '../core/errors.ts'
import { PAGE_QUERY_SCHEMA, pageSchema } from './page-cursor.ts'
import { COMMON_CODES, problemResponses } from './problem.ts'

/** What of a kind of catalogue entries goes into the schemas of its routes. */
export interface DocumentedKind {
  readonly noun: 'workspace' | 'group' | 'tag'
  /** Component of the OpenAPI document. */
  readonly schema: { readonly $id: string }
  readonly createSchema: object
  readonly changeSchema: object
  /** First the code for the entry itself, then those of what it lies in. */
  readonly notFound: readonly ErrorCode[]
}

/** Unknown query parameters are refused like unknown fields: `?count=5` would otherwise be ignored in silence. */
export const NO_QUERY = { type: 'object', additionalProperties: false, properties: {} } as const
const LOCATION = { Location: { type: 'string', description: 'Where it is.' } } as const
const ETAG = { ETag: { type: 'string', description: 'The version, for If-Match.' } } as const

export function listSchema(kind: DocumentedKind): object {
  return {
    operationId: `list${kind.schema.$id}s`,
    summary: `List ${kind.noun}s by name, a page at a time`,
    tags: [`${kind.noun}s`],
    querystring: PAGE_QUERY_SCHEMA,
    response: {
      200: pageSchema(kind.schema.$id),
      ...problemResponses([
        ...COMMON_CODES,
        'IDGEN_NAME_INVALID',
        'IDGEN_CURSOR_INVALID',
        ...kind.notFound.slice(1),
      ]),
    },
  }
}

export function createSchema(kind: DocumentedKind): object {
  return {
    operationId: `create${kind.schema.$id}`,
    summary: `Create a ${kind.noun}`,
    tags: [`${kind.noun}s`],
    querystring: NO_QUERY,
    body: kind.createSchema,
    response: {
      201: entityResponse(kind, 'Created.', LOCATION),
      ...problemResponses([
        ...WRITE_CODES,
        'IDGEN_ALREADY_EXISTS',
        ...kind.notFound.slice(1),
        ...(kind.noun === 'tag' ? BEGUN_ANEW : []),
      ]),
    },
  }
}

/** A tag of a name that was used before begins above its predecessor, where there may be no numbers left. */
const BEGUN_ANEW: readonly ErrorCode[] = ['IDGEN_RANGE_EXHAUSTED']

export const WRITE_CODES: readonly ErrorCode[] = [
  ...COMMON_CODES,
  'IDGEN_NAME_INVALID',
  'IDGEN_BODY_TOO_LARGE',
  'IDGEN_MEDIA_TYPE_UNSUPPORTED',
]

const ITEM_SUMMARIES = {
  get: 'Read a',
  put: 'Change, or create where it is missing, a',
  patch: 'Change the given fields of a',
  delete: 'Delete a',
} as const

export function itemSchema(kind: DocumentedKind, method: keyof typeof ITEM_SUMMARIES): object {
  const changes = method === 'put' || method === 'patch'
  const codes: ErrorCode[] = [...COMMON_CODES, 'IDGEN_NAME_INVALID', ...kind.notFound]
  if (method !== 'get') codes.push('IDGEN_VERSION_MISMATCH')
  if (changes) codes.push(...WRITE_CODES)
  if (changes && kind.noun === 'tag') codes.push('IDGEN_IMMUTABLE')
  if (method !== 'get' && kind.noun === 'tag') codes.push('IDGEN_TAG_DECLARED')
  if (method === 'put') codes.push('IDGEN_ALREADY_EXISTS')
  if (method === 'put' && kind.noun === 'tag') codes.push(...BEGUN_ANEW)
  if (method === 'delete' && kind.noun !== 'tag') codes.push('IDGEN_NOT_EMPTY')
  return {
    operationId: `${OPERATION_VERBS[method]}${kind.schema.$id}`,
    summary: `${ITEM_SUMMARIES[method]} ${kind.noun}`,
    tags: [`${kind.noun}s`],
    querystring: NO_QUERY,
    ...(changes ? { body: kind.changeSchema } : {}),
    ...(method === 'get' ? {} : { headers: IF_MATCH_SCHEMA }),
    response: {
      ...(method === 'delete'
        ? { 204: { type: 'null', description: 'Deleted.' } }
        : { 200: entityResponse(kind, 'As it is now.') }),
      ...(method === 'put' ? { 201: entityResponse(kind, 'Created.', LOCATION) } : {}),
      ...problemResponses(codes),
    },
  }
}

const OPERATION_VERBS = { get: 'get', put: 'put', patch: 'update', delete: 'delete' } as const

const IF_MATCH_SCHEMA = {
  type: 'object',
  properties: {
    'if-match': {
      type: 'string',
      description: 'An ETag as it was given; the call fails with 412 when it was changed since.',
    },
  },
} as const

function entityResponse(kind: DocumentedKind, description: string, more: object = {}): object {
  return {
    description,
    headers: { ...ETAG, ...more },
    content: { 'application/json': { schema: { $ref: `${kind.schema.$id}#` } } },
  }
}
