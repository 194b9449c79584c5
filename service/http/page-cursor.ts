import { IdgenError } from '../core/errors.ts'
import type { Page, PageRequest } from '../ports/catalog-store.ts'

/** Query of every list. `limit` arrives as text; digits become a number before validation. */
export interface PageQuery {
  readonly limit: number
  readonly cursor?: string
}

export const PAGE_LIMIT_MAX = 1000
const PAGE_LIMIT_DEFAULT = 50

export const PAGE_QUERY_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  properties: {
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: PAGE_LIMIT_MAX,
      default: PAGE_LIMIT_DEFAULT,
      description: 'Items per page.',
    },
    cursor: { type: 'string', maxLength: 500, description: '`nextCursor` of the page before.' },
  },
} as const

/**
 * A cursor is `<collection>:<last name>` as base64url. It is opaque to callers, and bound to its collection so that
 * a cursor of one list is refused by another instead of silently skipping items there.
 */
export function pageRequest(collection: string, query: PageQuery): PageRequest {
  return {
    limit: query.limit,
    after: query.cursor === undefined ? undefined : after(collection, query.cursor),
  }
}

export interface PageAnswer<V> {
  readonly items: readonly V[]
  readonly nextCursor?: string
}

/** Of the answer with a page, for the OpenAPI document and the printer; `item` names a component. */
export function pageSchema(item: string): object {
  return {
    description: 'A page. `nextCursor` is there while there is more.',
    type: 'object',
    required: ['items'],
    properties: {
      items: { type: 'array', items: { $ref: `${item}#` } },
      nextCursor: { type: 'string' },
    },
  }
}

export function pageAnswer<T, V>(collection: string, page: Page<T>, view: (item: T) => V): PageAnswer<V> {
  const items = page.items.map(view)
  return page.next === undefined ? { items } : { items, nextCursor: encode(collection, page.next) }
}

function encode(collection: string, name: string): string {
  return Buffer.from(`${collection}:${name}`).toString('base64url')
}

function after(collection: string, cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString()
  const name = text.slice(collection.length + 1)
  // Decoding forgives stray characters; encoding again tells a cursor of ours from any other text.
  if (name !== '' && encode(collection, name) === cursor) return name
  throw new IdgenError(
    'IDGEN_CURSOR_INVALID',
    `${JSON.stringify(cursor.slice(0, 80))} is not a cursor of this list: pass nextCursor of the page before, unchanged, or leave it out to begin anew.`,
  )
}
