import type { FastifyInstance, FastifyRequest } from 'fastify'
import { CallerKeys } from '../app/caller-keys.ts'
import type { ManageKeys, UsedKey } from '../app/manage-keys.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { Scope, SecretToEnd } from '../ports/api-key-store.ts'
import { NO_QUERY, WRITE_CODES } from './entity-operations.ts'
import { bodyMayBeEmpty } from './json-body.ts'
import {
  CREATE_KEY_SCHEMA,
  KEY_SCHEMA,
  NEW_KEY_SCHEMA,
  PUT_KEY_SCHEMA,
  ROTATE_KEY_SCHEMA,
} from './key-schemas.ts'
import { PAGE_QUERY_SCHEMA, type PageQuery, pageAnswer, pageRequest, pageSchema } from './page-cursor.ts'
import { COMMON_CODES, problemResponses } from './problem.ts'
import { actorOf, callerOf } from './request-state.ts'

interface KeyBody {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly within: string
  readonly expiresAt?: string
}

interface OwnKeyBody extends KeyBody {
  readonly sha256: string
  readonly declaredBy?: string
}

interface RotateBody {
  readonly keepPreviousSeconds?: number
  readonly ends?: SecretToEnd
}

interface KeyParams {
  readonly key: string
}

/** A key that is limited to a part of the catalogue manages only keys limited to that part or less. */
export function keyRoutes(app: FastifyInstance, keys: ManageKeys): void {
  app.addSchema(KEY_SCHEMA)
  app.addSchema(NEW_KEY_SCHEMA)
  rotateRoute(app, keys)
  const keysOf = (request: FastifyRequest): CallerKeys =>
    new CallerKeys(keys, callerOf(request), actorOf(request))
  app.get<{ Querystring: PageQuery }>('/v1/keys', { schema: LIST }, async (request) => {
    const page = await keysOf(request).list(pageRequest('key', request.query))
    return pageAnswer('key', page, keyView)
  })
  app.post<{ Body: KeyBody }>('/v1/keys', { schema: CREATE }, async (request, reply) => {
    const { name, scopes, within, expiresAt } = request.body
    const draft = {
      name,
      scopes,
      within,
      expiresAt: dateOf(expiresAt),
    }
    const { key, text } = await keysOf(request).create(draft)
    return reply
      .code(201)
      .header('location', `/v1/keys/${key.id}`)
      .send({ ...keyView({ key, lastUsedAt: undefined }), key: text })
  })
  app.put<{ Params: KeyParams; Body: OwnKeyBody }>(
    '/v1/keys/:key',
    { schema: PUT },
    async (request, reply) => {
      const { expiresAt, ...body } = request.body
      const draft = { id: request.params.key, ...body, expiresAt: dateOf(expiresAt) }
      const { key, outcome } = await keysOf(request).put(draft)
      if (outcome === 'created') reply.code(201).header('location', `/v1/keys/${key.id}`)
      return reply.send(keyView(await keys.withUse(key)))
    },
  )
  app.get<{ Params: KeyParams }>('/v1/keys/:key', { schema: GET }, async (request) =>
    keyView(await keysOf(request).look(request.params.key)),
  )
  app.delete<{ Params: KeyParams }>('/v1/keys/:key', { schema: REVOKE }, async (request, reply) => {
    await keysOf(request).revoke(request.params.key)
    return reply.code(204).send()
  })
}

function rotateRoute(app: FastifyInstance, keys: ManageKeys): void {
  app.post<{ Params: KeyParams; Body: RotateBody }>(
    '/v1/keys/:key/rotate',
    { schema: ROTATE, preValidation: bodyMayBeEmpty },
    async (request, reply) => {
      const { keepPreviousSeconds: keepSeconds, ends } = request.body
      const rotation = { keepPreviousMs: keepSeconds === undefined ? undefined : keepSeconds * 1000, ends }
      const { key, text } = await new CallerKeys(keys, callerOf(request), actorOf(request)).rotate(
        request.params.key,
        rotation,
      )
      return reply.send({ ...keyView(await keys.withUse(key)), key: text })
    },
  )
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text)
}

/** Field by field: the hash of the secret must not leave, whatever a key gains. */
function keyView({ key, lastUsedAt }: UsedKey): object {
  const { id, name, scopes, within, createdAt, expiresAt, revokedAt, declaredBy, previous } = key
  return {
    id,
    name,
    scopes,
    within,
    createdAt,
    expiresAt: expiresAt ?? null,
    revokedAt: revokedAt ?? null,
    declaredBy: declaredBy ?? null,
    previousValidUntil: previous?.until ?? null,
    lastUsedAt: lastUsedAt ?? null,
  }
}

const TAGS = ['keys'] as const
const ITEM_CODES: readonly ErrorCode[] = [...COMMON_CODES, 'IDGEN_KEY_NOT_FOUND']

const LIST = {
  operationId: 'listApiKeys',
  summary: 'List API keys by id, revoked ones included; a limited key sees those that it manages',
  tags: TAGS,
  querystring: PAGE_QUERY_SCHEMA,
  response: {
    200: pageSchema('ApiKey'),
    ...problemResponses([...COMMON_CODES, 'IDGEN_CURSOR_INVALID']),
  },
}

const CREATE = {
  operationId: 'createApiKey',
  summary: 'Create an API key; its text is shown this once',
  tags: TAGS,
  querystring: NO_QUERY,
  body: CREATE_KEY_SCHEMA,
  response: {
    201: {
      description: 'Created.',
      headers: { Location: { type: 'string', description: 'Where it is.' } },
      content: { 'application/json': { schema: { $ref: 'NewApiKey#' } } },
    },
    ...problemResponses([
      ...COMMON_CODES,
      'IDGEN_NAME_INVALID',
      'IDGEN_BODY_TOO_LARGE',
      'IDGEN_MEDIA_TYPE_UNSUPPORTED',
    ]),
  },
}

const PUT = {
  operationId: 'putApiKey',
  summary: 'Make a key valid whose text you made yourself; again does no harm',
  description:
    'Exactly this key is valid under its id afterwards; another one that was is not any more. For programs that must not leave a second key behind when they are interrupted.',
  tags: TAGS,
  querystring: NO_QUERY,
  body: PUT_KEY_SCHEMA,
  response: {
    200: {
      description: 'It is valid: a repeat, or in place of the one before.',
      content: { 'application/json': { schema: { $ref: 'ApiKey#' } } },
    },
    201: {
      description: 'Created.',
      headers: { Location: { type: 'string', description: 'Where it is.' } },
      content: { 'application/json': { schema: { $ref: 'ApiKey#' } } },
    },
    ...problemResponses([...WRITE_CODES, 'IDGEN_KEY_REVOKED', 'IDGEN_DECLARATION_STALE']),
  },
}

const GET = {
  operationId: 'getApiKey',
  summary: 'Read what is stored of an API key',
  tags: TAGS,
  querystring: NO_QUERY,
  response: {
    200: {
      description: 'As it is now.',
      content: { 'application/json': { schema: { $ref: 'ApiKey#' } } },
    },
    ...problemResponses(ITEM_CODES),
  },
}

const ROTATE = {
  operationId: 'rotateApiKey',
  summary: 'Give an API key another secret; the one before stays valid for a while',
  description:
    'So that its users change over without a gap. The new text is shown this once. Within that time a further rotation is refused (IDGEN_KEY_ROTATING) unless `ends` says which of the two secrets it ends: so a repeat after an answer that was lost cannot end the one that is in use.',
  tags: TAGS,
  querystring: NO_QUERY,
  body: ROTATE_KEY_SCHEMA,
  response: {
    200: {
      description: 'The new secret is valid.',
      content: { 'application/json': { schema: { $ref: 'NewApiKey#' } } },
    },
    ...problemResponses([
      ...ITEM_CODES,
      'IDGEN_KEY_REVOKED',
      'IDGEN_KEY_ROTATING',
      'IDGEN_BODY_TOO_LARGE',
      'IDGEN_MEDIA_TYPE_UNSUPPORTED',
    ]),
  },
}

const REVOKE = {
  operationId: 'revokeApiKey',
  summary: 'Revoke an API key for good; again does no harm',
  tags: TAGS,
  querystring: NO_QUERY,
  response: {
    204: {
      type: 'null',
      description: 'Revoked: refused here at once, by other servers within two seconds.',
    },
    ...problemResponses(ITEM_CODES),
  },
}
