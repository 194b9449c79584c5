import type { EndedSpan } from '../../core/ended-span.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Sent } from './batch-exporter.ts'
import { jsonPost } from './json-post.ts'
import { otlpBody } from './otlp-spans.ts'
import { type ReportingService, rejectedBy } from './otlp-values.ts'
import { zipkinBody } from './zipkin-spans.ts'

export interface SpanUploadOptions {
  readonly exporter: 'otlp' | 'zipkin'
  /** '': the exporter's usual place on this machine. */
  readonly endpoint: string
  /** Value of the header Authorization; '': none. */
  readonly authorization: string
  readonly service: ReportingService
  readonly clock: Clock
}

/** Sends batches as OTLP 1.x, or to Zipkin's API v2; as `jsonPost` does. */
export function spanUpload(options: SpanUploadOptions): (spans: readonly EndedSpan[]) => Promise<Sent> {
  const { exporter, service, endpoint, authorization, clock } = options
  const post = jsonPost({
    endpoint: endpoint || USUAL[exporter],
    authorization,
    authorizationKey: 'tracing.authorization',
    rejectedBy: (answer) => (exporter === 'otlp' ? rejectedBy(answer, 'rejectedSpans') : { rejected: 0 }),
    clock,
  })
  const bodyOf = exporter === 'otlp' ? otlpBody : zipkinBody
  return (spans) => post(bodyOf(spans, service))
}

const USUAL = {
  otlp: 'http://localhost:4318/v1/traces',
  zipkin: 'http://localhost:9411/api/v2/spans',
} as const
