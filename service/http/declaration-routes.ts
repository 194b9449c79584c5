import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { authorize } from '../app/authenticator.ts'
import type { DeclareTags } from '../app/declare-tags.ts'
import type { TagRequest } from '../app/tag-request.ts'
import { cellBounds, usedShare } from '../core/cells.ts'
import type { ErrorCode } from '../core/errors.ts'
import type { NumberSpace } from '../core/tag.ts'
import type { DeclaredTag, SegmentPlace } from '../ports/declaration-store.ts'
import {
  DECLARE_ANSWER_SCHEMA,
  DECLARE_SCHEMA,
  DECLARED_TAG_SCHEMA,
  LIST_QUERY,
  WITHDRAW_QUERY,
} from './declaration-schemas.ts'
import { NO_QUERY, WRITE_CODES } from './entity-operations.ts'
import { locationOf, type Place, pathOf } from './entity-routes.ts'
import { type PageQuery, pageAnswer, pageRequest, pageSchema } from './page-cursor.ts'
import { COMMON_CODES, problemResponses } from './problem.ts'
import { actorOf, callerOf } from './request-state.ts'
import { refOf } from './tag-routes.ts'

interface DeclareBody {
  readonly owner: Readonly<Record<'cluster' | 'namespace' | 'name' | 'uid' | 'createdAt', string>>
  readonly generation: number
  readonly takeOverFrom?: string
  readonly spec: TagRequest
  readonly floors?: Readonly<Record<string, string>>
}

interface WithdrawQuery {
  readonly uid: string
  readonly policy: 'retain' | 'purge'
}

const URL = '/v1/workspaces/:workspace/groups/:group/tags/:tag/declaration'

/** Tags that objects of Kubernetes declare: what the operator calls for each BizTag. */
export function declarationRoutes(app: FastifyInstance, declarations: DeclareTags): void {
  app.addSchema(DECLARED_TAG_SCHEMA)
  app.addSchema(DECLARE_ANSWER_SCHEMA)
  app.get<{ Querystring: PageQuery & { cluster?: string } }>(
    '/v1/declarations',
    { schema: LIST },
    async (request) => {
      authorize(callerOf(request), 'manage', '')
      const { cluster } = request.query
      const collection = `declaration:${cluster ?? ''}`
      const page = await declarations.list(cluster, pageRequest(collection, request.query))
      return pageAnswer(collection, page, declaredView)
    },
  )
  app.get<{ Params: Place }>(URL, { schema: GET }, async (request) => {
    authorize(callerOf(request), 'manage', pathOf(request.params))
    return declaredView(await declarations.find(refOf(request.params)))
  })
  app.put<{ Params: Place; Body: DeclareBody }>(URL, { schema: PUT }, (request, reply) => {
    authorize(callerOf(request), 'manage', pathOf(request.params))
    return declare(declarations, request, reply)
  })
  app.delete<{ Params: Place; Querystring: WithdrawQuery }>(
    URL,
    { schema: DELETE },
    async (request, reply) => {
      authorize(callerOf(request), 'manage', pathOf(request.params))
      const { uid, policy } = request.query
      await declarations.withdraw(actorOf(request), refOf(request.params), uid, policy)
      return reply.code(204).send()
    },
  )
}

async function declare(
  declarations: DeclareTags,
  request: FastifyRequest<{ Params: Place; Body: DeclareBody }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { owner, floors = {}, ...rest } = request.body
  const wanted = {
    ...rest,
    owner: { ...owner, createdAt: new Date(owner.createdAt) },
    floors: new Map(Object.entries(floors).map(([dc, floor]) => [Number(dc), Number(floor)])),
  }
  const caller = callerOf(request)
  const allow = (subject: string): void => authorize(caller, 'manage', subject)
  const outcome = await declarations.declare(actorOf(request), refOf(request.params), wanted, allow)
  const { created, changed, advanced } = outcome
  if (created) reply.code(201).header('location', `${locationOf(request.params)}/declaration`)
  return reply.send({ ...declaredView(outcome), created, changed, advanced })
}

function declaredView({ tag, declaration, places }: DeclaredTag): object {
  const { id, workspace, group, name, displayName, chain, step, space, version } = tag
  return {
    workspace,
    group,
    tag: name,
    id,
    tagGeneration: tag.generation,
    owner: declaration?.owner ?? null,
    generation: declaration?.generation ?? null,
    settings: { displayName, chain, step, space },
    version,
    datacenters: places.map((place) => placeView(space, place)),
  }
}

function placeView(space: NumberSpace, { dc, cell, nextValue }: SegmentPlace): object {
  const { lo, hi } = cellBounds(space, cell)
  return {
    dc,
    rangeStart: String(lo),
    rangeEnd: String(hi),
    highWater: String(nextValue),
    usedShare: usedShare(space, dc, nextValue),
  }
}

const TAGS = ['declarations'] as const
const NOT_FOUND: readonly ErrorCode[] = [...COMMON_CODES, 'IDGEN_NAME_INVALID', 'IDGEN_TAG_NOT_FOUND']

const LIST = {
  operationId: 'listDeclarations',
  summary: 'List declared tags by path, with how far each got',
  tags: TAGS,
  querystring: LIST_QUERY,
  response: {
    200: pageSchema('DeclaredTag'),
    ...problemResponses([...COMMON_CODES, 'IDGEN_CURSOR_INVALID']),
  },
}

const GET = {
  operationId: 'getDeclaration',
  summary: 'Read who declares a tag, and how far it got',
  tags: TAGS,
  querystring: NO_QUERY,
  response: {
    200: answer('DeclaredTag', 'The tag; `owner` is null where nobody declares it.'),
    ...problemResponses(NOT_FOUND),
  },
}

const PUT = {
  operationId: 'putDeclaration',
  summary: 'Make a tag what an object says, and nobody else’s to change',
  description:
    'May be repeated at will: nothing is written where all is as declared. Workspace, group and tag are made where they are missing; a tag that nobody declares is adopted.',
  tags: TAGS,
  querystring: NO_QUERY,
  body: DECLARE_SCHEMA,
  response: {
    200: answer('DeclareAnswer', 'The tag is as declared.'),
    201: answer('DeclareAnswer', 'The tag was made.', {
      Location: { type: 'string', description: 'Where it is.' },
    }),
    ...problemResponses([
      ...WRITE_CODES,
      'IDGEN_TAG_CLAIMED',
      'IDGEN_IMMUTABLE',
      'IDGEN_DECLARATION_STALE',
      'IDGEN_RANGE_EXHAUSTED',
      'IDGEN_SPACE_MISMATCH',
      'IDGEN_COORDINATION_UNAVAILABLE',
      'IDGEN_WITNESS_UNAVAILABLE',
    ]),
  },
}

const DELETE = {
  operationId: 'deleteDeclaration',
  summary: 'An object goes: it gives its tag up, or takes the tag with it',
  tags: TAGS,
  querystring: WITHDRAW_QUERY,
  response: {
    204: { type: 'null', description: 'Given up, or it was gone already.' },
    ...problemResponses([
      ...COMMON_CODES,
      'IDGEN_NAME_INVALID',
      'IDGEN_TAG_CLAIMED',
      'IDGEN_COORDINATION_UNAVAILABLE',
    ]),
  },
}

function answer(schema: string, description: string, headers?: object): object {
  return {
    description,
    ...(headers === undefined ? {} : { headers }),
    content: { 'application/json': { schema: { $ref: `${schema}#` } } },
  }
}
