import type { EndedSpan } from '../../core/ended-span.ts'
import { otlpBody, otlpRejected } from './otlp-spans.ts'
import type { Sent } from './span-exporter.ts'
import { zipkinBody } from './zipkin-spans.ts'

/** Who records, as the collector shows it. */
export interface TracedService {
  readonly version: string
  readonly instance: string
  readonly dc: number
}

export interface SpanUploadOptions {
  readonly exporter: 'otlp' | 'zipkin'
  /** '': the exporter's usual place on this machine. */
  readonly endpoint: string
  /** Value of the header Authorization; '': none. */
  readonly authorization: string
  readonly service: TracedService
}

/** Sends batches as JSON over HTTP: OTLP 1.x, or Zipkin's API v2. The result never rejects. */
export function spanUpload(options: SpanUploadOptions): (spans: readonly EndedSpan[]) => Promise<Sent> {
  const { exporter, authorization, service } = options
  const url = options.endpoint || USUAL[exporter]
  // What follows may hold a key, and goes into no log.
  const { origin, pathname } = new URL(url)
  const shown = `${origin}${pathname}`
  const bodyOf = exporter === 'otlp' ? otlpBody : zipkinBody
  const headers = {
    'content-type': 'application/json',
    ...(authorization === '' ? {} : { authorization }),
  }
  return async (spans) => {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: bodyOf(spans, service),
        // Another place was not configured, and must not get what this header holds.
        redirect: 'manual',
        signal: AbortSignal.timeout(ANSWER_MS),
      })
      const text = await response.text()
      if (response.ok) return { kind: 'taken', rejected: exporter === 'otlp' ? otlpRejected(text) : 0 }
      const why = `${shown} answered ${response.status}: ${text.slice(0, SHOWN_MAX)}`
      if (!AGAIN.has(response.status)) return { kind: 'refused', why }
      return { kind: 'later', why, afterMs: secondsOf(response.headers.get('retry-after')) }
    } catch (thrown) {
      return { kind: 'later', why: `${shown}: ${reasonOf(thrown)}`, afterMs: undefined }
    }
  }
}

/** fetch itself says "fetch failed" only. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message
}

function secondsOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,4}$/.test(header) ? Number(header) * 1000 : undefined
}

const USUAL = {
  otlp: 'http://localhost:4318/v1/traces',
  zipkin: 'http://localhost:9411/api/v2/spans',
} as const
/** As OTLP names them: all other answers are for good. */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** As OpenTelemetry's exporters wait. */
const ANSWER_MS = 10_000
const SHOWN_MAX = 200
