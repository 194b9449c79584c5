import { jsonPost } from './adapters/telemetry/json-post.ts'
import { OtlpAudit } from './adapters/telemetry/otlp-audit.ts'
import { rejectedBy } from './adapters/telemetry/otlp-values.ts'
import type { Config } from './config/keys.ts'
import type { TracingParts } from './open-tracing.ts'
import { VERSION } from './version.ts'

/** undefined: `audit.otlp.endpoint` is not set. Nothing waits for the receiver, now or later. */
export function openAuditExport(
  { audit, datacenter }: Config,
  { clock, random, log, instance }: TracingParts,
): OtlpAudit | undefined {
  const { endpoint, authorization, queueMax } = audit.otlp
  if (endpoint === '') return undefined
  const post = jsonPost({
    endpoint,
    authorization,
    authorizationKey: 'audit.otlp.authorization',
    rejectedBy: (answer) => rejectedBy(answer, 'rejectedLogRecords'),
    clock,
  })
  const service = { version: VERSION, instance, dc: datacenter.id }
  return new OtlpAudit({ post, queueMax, service, clock, random, log })
}
