import { BatchExporter, type ExportNews } from './adapters/telemetry/batch-exporter.ts'
import { RecordingTracer } from './adapters/telemetry/recording-tracer.ts'
import { SPAN_BYTES, spanBytes } from './adapters/telemetry/span-bytes.ts'
import { spanUpload } from './adapters/telemetry/span-upload.ts'
import type { Config } from './config/keys.ts'
import type { EndedSpan } from './core/ended-span.ts'
import type { Sampling } from './core/span-sampling.ts'
import { TraceExamples } from './core/trace-examples.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { Random } from './ports/random.ts'
import type { Tracer } from './ports/tracer.ts'
import { VERSION } from './version.ts'

/** What traces calls, and brings the traces away. */
export interface OpenTracing {
  readonly tracer: Tracer
  readonly exporter: BatchExporter<EndedSpan>
  readonly examples: TraceExamples
}

export interface TracingParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly instance: string
}

/** undefined: `tracing.exporter` is none. Nothing waits for the collector, now or later. */
export function openTracing(
  { tracing, datacenter }: Config,
  { clock, random, log, instance }: TracingParts,
): OpenTracing | undefined {
  if (tracing.exporter === 'none') return undefined
  const service = { version: VERSION, instance, dc: datacenter.id }
  const { endpoint, authorization, queueMax, slow: slowMs } = tracing
  const send = spanUpload({ exporter: tracing.exporter, endpoint, authorization, service, clock })
  const exporter = new BatchExporter<EndedSpan>({
    send,
    clock,
    random,
    news: newsTo(log),
    queueMax,
    weigh: spanBytes,
    bytesMax: queueMax * SPAN_BYTES,
    batchMax: BATCH_MAX_BYTES,
  })
  const sampling = samplingOf(tracing)
  const examples = new TraceExamples()
  // Also what other threads recorded comes by here.
  const onEnd = (spans: readonly EndedSpan[]): void => {
    examples.note(spans)
    exporter.add(spans)
  }
  return { exporter, examples, tracer: new RecordingTracer({ sampling, slowMs, clock, random, onEnd }) }
}

export function samplingOf({ ratio, maxPerSecond }: Config['tracing']): Sampling {
  return { ratio, perSecond: maxPerSecond }
}

function newsTo(log: Log): ExportNews {
  return {
    later: (why) => log.warn({ why }, 'spans of traces cannot be exported now'),
    refused: (why, spans) => log.warn({ why, spans }, 'spans of traces were refused'),
    // No line of the log is worth more than a few spans: idgen_trace_spans_total counts them.
    dropped: () => undefined,
    again: () => log.info({}, 'spans of traces are exported again'),
  }
}

/** Some 500 spans, which are 300 KB of JSON. */
const BATCH_MAX_BYTES = 150_000
