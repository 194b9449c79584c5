import type { IncomingHttpHeaders } from 'node:http'

/**
 * The key a request carries: `Authorization: Bearer <key>`, else `X-API-Key: <key>`; undefined without either. One that is
 * empty is a key, and a wrong one: a script whose variable is not set must not go on with another identity.
 */
export function apiKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization !== undefined) {
    if (authorization.startsWith('Bearer ')) return authorization.slice(BEARER_LENGTH).trim()
    // The scheme's name is case-insensitive (RFC 9110 section 11.1); Node takes the space away where nothing follows.
    const scheme = authorization.slice(0, BEARER_LENGTH).toLowerCase()
    if (scheme === 'bearer ' || scheme === 'bearer') return authorization.slice(BEARER_LENGTH).trim()
  }
  const key = headers['x-api-key']
  return typeof key === 'string' ? key : undefined
}

/** The password of `Authorization: Basic`, which browsers send; undefined without one. */
export function passwordOf({ authorization }: IncomingHttpHeaders): string | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/=]{1,1024})$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('latin1')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : text.slice(colon + 1)
}

const BEARER_LENGTH = 'Bearer '.length
