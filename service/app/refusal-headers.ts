import type { IdgenError, Quota } from '../core/errors.ts'

/**
 * What an answer over HTTP says of a refusal beside its text, a page like a call: when to come again, and which limit was used
 * up (draft-ietf-httpapi-ratelimit-headers-11): what is allowed, that nothing is left, and in how many seconds there is.
 */
export function refusalHeaders({ retryAfterMs, quota }: IdgenError): Readonly<Record<string, string>> {
  return {
    ...(retryAfterMs !== undefined && { 'retry-after': retryAfterSeconds(retryAfterMs) }),
    ...(quota !== undefined && {
      'ratelimit-policy': policyText(quota),
      ratelimit: `"${quota.name}";r=0;t=${retryAfterSeconds(retryAfterMs ?? 0)}`,
    }),
  }
}

/** Of one limit. */
export function policyText({ name, requests, windowS }: Quota): string {
  return `"${name}";q=${requests};w=${windowS}`
}

/** Whole seconds, rounded up, at least one: "0" would make a client hammer the server. */
function retryAfterSeconds(retryAfterMs: number): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
}
