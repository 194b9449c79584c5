import type { IncomingHttpHeaders } from 'node:http'

/** The key a request carries: `Authorization: Bearer <key>`, else `X-API-Key: <key>`; undefined without either. */
export function apiKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization !== undefined) {
    if (authorization.startsWith('Bearer ')) return authorization.slice(BEARER_LENGTH).trim()
    // The scheme's name is case-insensitive (RFC 9110 section 11.1).
    if (authorization.slice(0, BEARER_LENGTH).toLowerCase() === 'bearer ')
      return authorization.slice(BEARER_LENGTH).trim()
  }
  const key = headers['x-api-key']
  return typeof key === 'string' ? key : undefined
}

const BEARER_LENGTH = 'Bearer '.length
