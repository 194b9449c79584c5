import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Actor } from '../app/actor.ts'
import { authorize } from '../app/authenticator.ts'
import { type ErrorCode, IdgenError } from '../core/errors.ts'
import type { Page, PageRequest } from '../ports/catalog-store.ts'
import { createSchema, type DocumentedKind, itemSchema, listSchema } from './entity-operations.ts'
import { entityTag, ifMatchVersion } from './entity-tag.ts'
import { type PageQuery, pageAnswer, pageRequest } from './page-cursor.ts'
import { actorOf, callerOf } from './request-state.ts'

/** Names in the path, outermost first; a collection's own route lacks the last one. */
export interface Place {
  readonly workspace: string
  readonly group: string
  readonly tag: string
}

interface Versioned {
  readonly version: number
}

/** What the three kinds of catalogue entries (workspace, group, tag) differ in; the rest of their routes is one. */
export interface EntityKind<T extends Versioned, B extends object> extends DocumentedKind {
  /** e.g. /v1/workspaces/:workspace/groups */
  readonly collectionUrl: string
  list(place: Place, page: PageRequest): Promise<Page<T>>
  find(place: Place): Promise<T>
  create(actor: Actor, place: Place, body: B): Promise<T>
  update(actor: Actor, place: Place, body: B, ifVersion: number | undefined): Promise<T>
  remove(actor: Actor, place: Place, ifVersion: number | undefined): Promise<void>
  view(entity: T): object
}

/** The schema of the route has checked it: a name, and what `B` has. */
type NamedBody = { readonly name: string } & Record<string, unknown>

export function entityRoutes<T extends Versioned, B extends object>(
  app: FastifyInstance,
  kind: EntityKind<T, B>,
): void {
  app.addSchema(kind.schema)
  const itemUrl = `${kind.collectionUrl}/:${kind.noun}`
  collectionRoutes(app, kind)
  app.get<{ Params: Place }>(itemUrl, { schema: itemSchema(kind, 'get') }, async (request, reply) => {
    allow(request, kind, request.params)
    const entity = await kind.find(request.params)
    return reply.header('etag', entityTag(entity.version)).send(kind.view(entity))
  })
  app.put<{ Params: Place }>(itemUrl, { schema: itemSchema(kind, 'put') }, (request, reply) => {
    allow(request, kind, request.params)
    return put(kind, request, reply)
  })
  app.patch<{ Params: Place }>(itemUrl, { schema: itemSchema(kind, 'patch') }, async (request, reply) => {
    allow(request, kind, request.params)
    const ifVersion = ifMatchVersion(request.headers['if-match'])
    const changed = await kind.update(actorOf(request), request.params, request.body as B, ifVersion)
    return reply.header('etag', entityTag(changed.version)).send(kind.view(changed))
  })
  app.delete<{ Params: Place }>(itemUrl, { schema: itemSchema(kind, 'delete') }, async (request, reply) => {
    allow(request, kind, request.params)
    await kind.remove(actorOf(request), request.params, ifMatchVersion(request.headers['if-match']))
    return reply.code(204).send()
  })
}

function collectionRoutes<T extends Versioned, B extends object>(
  app: FastifyInstance,
  kind: EntityKind<T, B>,
): void {
  app.get<{ Params: Place; Querystring: PageQuery }>(
    kind.collectionUrl,
    { schema: listSchema(kind) },
    async (request) => {
      authorize(callerOf(request), 'manage', pathOf(request.params))
      const collection = `${kind.noun}:${pathOf(request.params)}`
      const page = await kind.list(request.params, pageRequest(collection, request.query))
      return pageAnswer(collection, page, (item) => kind.view(item))
    },
  )
  app.post<{ Params: Place }>(kind.collectionUrl, { schema: createSchema(kind) }, (request, reply) => {
    const { name, ...body } = request.body as NamedBody
    const place = { ...request.params, [kind.noun]: name }
    allow(request, kind, place)
    return create(kind, actorOf(request), place, body as B, reply)
  })
}

async function create<T extends Versioned, B extends object>(
  kind: EntityKind<T, B>,
  actor: Actor,
  place: Place,
  body: B,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const made = await kind.create(actor, place, body)
  return reply
    .code(201)
    .header('location', locationOf(place))
    .header('etag', entityTag(made.version))
    .send(kind.view(made))
}

/**
 * Changes it, or makes it where it is not there, so that a script can say what should be without asking first.
 * With If-Match it only changes: somebody who names a version expects it to exist.
 */
async function put<T extends Versioned, B extends object>(
  kind: EntityKind<T, B>,
  request: FastifyRequest<{ Params: Place }>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { params, headers } = request
  const body = request.body as B
  const ifVersion = ifMatchVersion(headers['if-match'])
  const actor = actorOf(request)
  // Twice: it may be made, or deleted, by somebody else between the two steps of a round.
  for (let round = 0; ; round += 1) {
    try {
      const changed = await kind.update(actor, params, body, ifVersion)
      return await reply.header('etag', entityTag(changed.version)).send(kind.view(changed))
    } catch (error) {
      if (headers['if-match'] !== undefined || !isMissing(error, kind)) throw error
    }
    try {
      return await create(kind, actor, params, body, reply)
    } catch (error) {
      if (round === 1 || !(error instanceof IdgenError) || error.code !== 'IDGEN_ALREADY_EXISTS') throw error
    }
  }
}

function isMissing(error: unknown, kind: { readonly notFound: readonly ErrorCode[] }): boolean {
  return error instanceof IdgenError && error.code === kind.notFound[0]
}

function allow(request: FastifyRequest, kind: { readonly noun: keyof Place }, place: Place): void {
  authorize(callerOf(request), 'manage', pathOf(place, kind.noun))
}

const NOUNS = ['workspace', 'group', 'tag'] as const

/** `w/g/t` as far as the place goes. */
export function pathOf(place: Partial<Place>, upTo: keyof Place = 'tag'): string {
  return NOUNS.slice(0, NOUNS.indexOf(upTo) + 1)
    .map((noun) => place[noun])
    .filter((name) => name !== undefined)
    .join('/')
}

/** Only for names that were accepted: they need no escaping. */
export function locationOf(place: Partial<Place>): string {
  let url = '/v1'
  for (const noun of NOUNS) if (place[noun] !== undefined) url += `/${noun}s/${place[noun]}`
  return url
}
