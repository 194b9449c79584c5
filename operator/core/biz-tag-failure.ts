/** An answer of the service that is no success, or none at all. */
export interface ServiceFailure {
  /** IDGEN_…; "" when nobody answered, or something in between did. */
  readonly code: string
  /** HTTP status; 0: no answer. */
  readonly status: number
  /** What it says, for people. */
  readonly detail: string
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
}

/** What a failed declaration means. */
export interface FailureVerdict {
  /** Of the condition Ready: the STATUS column. */
  readonly reason: string
  readonly message: string
  /** Trying again changes nothing before somebody changes the BizTag or the IdGenerator. */
  readonly stalled: boolean
  /** All tags of the IdGenerator would fare the same: one probe asks for all of them. */
  readonly outage: boolean
  /** When to look again; undefined: when something changes. */
  readonly againMs: number | undefined
}

/** `service` names the IdGenerator, `path` the tag. */
export function judgeFailure(failure: ServiceFailure, service: string, path: string): FailureVerdict {
  const { code, status, detail } = failure
  const stalled = (reason: string, message: string, againMs?: number): FailureVerdict => ({
    reason,
    message,
    stalled: true,
    outage: false,
    againMs,
  })
  if (status === 0)
    return outage(
      `IdGenerator ${service} cannot be reached (${detail}). It is asked again by itself; look at its pods, its certificate and the NetworkPolicies.`,
    )
  // Without that code it is something in between that refuses, for all tags.
  if (status === 401 || (status === 403 && code !== 'IDGEN_FORBIDDEN'))
    return outage(
      `IdGenerator ${service} refuses the operator's key (${detail}). Check the Secret with its admin key; it is read again by itself.`,
    )
  switch (code) {
    case 'IDGEN_FORBIDDEN':
      return stalled(
        'AdminKeyTooNarrow',
        `IdGenerator ${service} knows the operator's key, and does not let it do this (${detail}). Put a key into the Secret of spec.auth.adminKeySecret that has the scope manage and is not limited to a part of the paths; it is read again by itself.`,
        FORBIDDEN_MS,
      )
    case 'IDGEN_TAG_CLAIMED':
      return stalled('TagAlreadyClaimed', `${detail} This BizTag looks again every minute.`, CLAIMED_MS)
    case 'IDGEN_DECLARATION_STALE':
      return stalled(
        'Stale',
        `${detail} The database has a newer state than this cluster. If the cluster was restored from a backup, delete this BizTag (deletionPolicy Retain keeps the numbers) and apply it again, or free the tag by: idgen tag release ${path}`,
        STALE_MS,
      )
    case 'IDGEN_RANGE_EXHAUSTED':
      return stalled(
        'CapacityExhausted',
        `${detail} Use another tag, or one whose chain goes on with snowflake.`,
      )
    case 'IDGEN_ROUTE_NOT_FOUND':
    case 'IDGEN_METHOD_NOT_ALLOWED':
      return stalled(
        'GeneratorTooOld',
        `IdGenerator ${service} runs a version that knows no declarations or keys of tags (${detail}): give it a newer image.`,
      )
  }
  if (status === 503 || status === 504 || status === 429) return unavailable(failure, service)
  if (status >= 500)
    return stalled(
      'ServiceFailed',
      `IdGenerator ${service} failed at ${path}: ${detail} Look at its log; it is tried again every minute.`,
      FAILED_MS,
    )
  return stalled('SpecInvalid', `${detail} Change spec of this BizTag.`)
}

function outage(message: string): FailureVerdict {
  return { reason: 'ServiceUnreachable', message, stalled: false, outage: true, againMs: undefined }
}

/** It answers, and lacks something itself: perhaps for this tag only. */
function unavailable({ detail, retryAfterMs = 0 }: ServiceFailure, service: string): FailureVerdict {
  return {
    reason: 'ServiceUnavailable',
    message: `IdGenerator ${service} cannot do it now: ${detail} It is tried again by itself.`,
    stalled: false,
    outage: false,
    againMs: Math.min(Math.max(retryAfterMs, UNAVAILABLE_LEAST_MS), UNAVAILABLE_MOST_MS),
  }
}

/** The one that claims it may go at any time, and in another cluster nobody tells us. */
const CLAIMED_MS = 60_000
const FAILED_MS = 60_000
/** A person's Secret changes without a word to us; all tags out of the key's reach may ask. */
const FORBIDDEN_MS = 120_000
/** The tag may be freed (idgen tag release), and nobody tells us; after a restored backup thousands may wait for it. */
const STALE_MS = 300_000
/** The service says 1 s for most; thousands of tags may ask. */
const UNAVAILABLE_LEAST_MS = 5000
/** A longer Retry-After would leave a tag waiting long after all is well. */
const UNAVAILABLE_MOST_MS = 60_000
