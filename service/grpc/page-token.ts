import { IdgenError } from '../core/errors.ts'
import type { PageRequest } from '../ports/catalog-store.ts'

const PAGE_SIZE_MAX = 1000
const PAGE_SIZE_DEFAULT = 50

/**
 * A token is `<collection>:<last name>` as base64url: opaque to callers, and bound to its collection so that a token
 * of one list is refused by another instead of silently skipping entries there.
 * @throws IDGEN_REQUEST_INVALID, IDGEN_CURSOR_INVALID
 */
export function pageRequest(
  collection: string,
  request: { readonly pageSize: number; readonly pageToken: string },
): PageRequest {
  const { pageSize, pageToken } = request
  if (pageSize > PAGE_SIZE_MAX)
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `page_size must be 0 to ${PAGE_SIZE_MAX}, not ${pageSize}.`,
      {
        faults: [{ path: '/pageSize', message: `must be 0 to ${PAGE_SIZE_MAX}, not ${pageSize}` }],
      },
    )
  return {
    limit: pageSize === 0 ? PAGE_SIZE_DEFAULT : pageSize,
    after: pageToken === '' ? undefined : after(collection, pageToken),
  }
}

/** Empty at the end of the list. */
export function pageToken(collection: string, next: string | undefined): string {
  return next === undefined ? '' : Buffer.from(`${collection}:${next}`).toString('base64url')
}

function after(collection: string, token: string): string {
  const name = Buffer.from(token, 'base64url')
    .toString()
    .slice(collection.length + 1)
  // Decoding forgives stray characters; encoding again tells a token of ours from any other text.
  if (name !== '' && pageToken(collection, name) === token) return name
  throw new IdgenError(
    'IDGEN_CURSOR_INVALID',
    `${JSON.stringify(token.slice(0, 80))} is not a token of this list: pass next_page_token of the page before, unchanged, or leave it out to begin anew.`,
    { faults: [{ path: '/pageToken', message: 'must be next_page_token of the page before' }] },
  )
}
