import { jsonPost } from './adapters/telemetry/json-post.ts'
import { OtlpAudit } from './adapters/telemetry/otlp-audit.ts'
import { rejectedBy } from './adapters/telemetry/otlp-values.ts'
import type { Config } from './config/keys.ts'
import type { TracingParts } from './open-tracing.ts'
import type { Clock } from './ports/clock.ts'
import { VERSION } from './version.ts'

/** undefined: `audit.otlp.endpoint` is not set. Nothing waits for the receiver, now or later. */
export function openAuditExport(
  { audit, datacenter }: Config,
  { clock, random, log, instance }: TracingParts,
): OtlpAudit | undefined {
  const { endpoint, queueMax } = audit.otlp
  if (endpoint === '') return undefined
  const post = auditPost(audit.otlp, clock)
  const service = { version: VERSION, instance, dc: datacenter.id }
  return new OtlpAudit({ post, queueMax, service, clock, random, log })
}

/** As `jsonPost`, for a receiver of the audit log. */
export function auditPost(
  { endpoint, authorization }: Config['audit']['otlp'],
  clock: Clock,
): ReturnType<typeof jsonPost> {
  return jsonPost({
    endpoint,
    authorization,
    authorizationKey: 'audit.otlp.authorization',
    rejectedBy: (answer) => rejectedBy(answer, 'rejectedLogRecords'),
    alsoAgain: AGAIN,
    clock,
  })
}

/**
 * What OTLP takes for final, but a person mends: a key that was changed there first, a gateway that starts anew or has lost the
 * address. Audit records are worth the wait. It leaves final what is wrong with the records themselves (400, 413).
 */
const AGAIN: ReadonlySet<number> = new Set([401, 403, 404, 408, 500])
