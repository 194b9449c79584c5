import { ERRORS } from '../core/errors.ts'

interface Response {
  headers?: Record<string, object>
}

interface Operation {
  readonly responses?: Record<string, Response>
}

/**
 * Says of every operation that is limited which headers its answers carry with limits.headers. In one place: which
 * operations are limited their refusals tell already, and a refusal says for itself what was used up.
 */
export function documentQuotas<D extends { readonly paths?: object; components?: object }>(document: D): D {
  const limited = String(ERRORS.IDGEN_RATE_LIMITED.http)
  for (const item of Object.values(document.paths ?? {}))
    for (const { responses = {} } of Object.values(item as Record<string, Operation>)) {
      if (!(limited in responses)) continue
      for (const [status, response] of Object.entries(responses))
        if (status !== limited) response.headers = { ...response.headers, ...REFERENCES }
    }
  document.components = { ...document.components, headers: COMPONENTS }
  return document
}

/** draft-ietf-httpapi-ratelimit-headers-11. */
const COMPONENTS = {
  RateLimit: {
    description:
      'With `limits.headers`: of every limit that the request counted for how many further requests would pass now, and in how many seconds more will. Left out where nothing is limited.',
    schema: { type: 'string' },
    example: '"address";r=994;t=1, "tag";r=12;t=1',
  },
  RateLimitPolicy: {
    description: 'With `limits.headers`: what these limits allow, and in how many seconds.',
    schema: { type: 'string' },
    example: '"address";q=1000;w=1, "tag";q=200;w=1',
  },
}

const REFERENCES = {
  RateLimit: { $ref: '#/components/headers/RateLimit' },
  'RateLimit-Policy': { $ref: '#/components/headers/RateLimitPolicy' },
}
