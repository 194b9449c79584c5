import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndedSpan } from '../../core/ended-span.ts'
import { otlpBody } from './otlp-spans.ts'
import { rejectedBy } from './otlp-values.ts'
import { zipkinBody } from './zipkin-spans.ts'

const SERVICE = { version: '1.2.3', instance: 'a/1', dc: 2 }
const SPAN: EndedSpan = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentId: '00f067aa0ba902b8',
  name: 'COMMIT',
  kind: 'client',
  startMs: 1_700_000_000_123.25,
  durationMs: 1.5,
  facts: { text: 'x', whole: 7, part: 0.5, yes: true },
  fault: 'it broke',
}

test('OTLP gets ids in hex, nanoseconds as text, and each fact by its kind', () => {
  const body = JSON.parse(otlpBody([SPAN], SERVICE)) as {
    resourceSpans: { scopeSpans: { spans: object[] }[] }[]
  }
  assert.deepEqual(body.resourceSpans[0]?.scopeSpans[0]?.spans[0], {
    traceId: SPAN.traceId,
    spanId: SPAN.spanId,
    parentSpanId: SPAN.parentId,
    name: 'COMMIT',
    kind: 3,
    startTimeUnixNano: '1700000000123250000',
    endTimeUnixNano: '1700000000124750000',
    attributes: [
      { key: 'text', value: { stringValue: 'x' } },
      { key: 'whole', value: { intValue: '7' } },
      { key: 'part', value: { doubleValue: 0.5 } },
      { key: 'yes', value: { boolValue: true } },
    ],
    status: { code: 2, message: 'it broke' },
  })
})

test('what a collector took a request without is found in its answer', () => {
  assert.deepEqual(rejectedBy('{"partialSuccess":{"rejectedSpans":"3"}}', 'rejectedSpans'), { rejected: 3 })
  assert.deepEqual(
    rejectedBy('{"partialSuccess":{"rejectedLogRecords":2,"errorMessage":"too old"}}', 'rejectedLogRecords'),
    { rejected: 2, why: 'too old' },
  )
  for (const nothing of ['', '{}', 'null', '{"partialSuccess":{"rejectedSpans":-1}}'])
    assert.deepEqual(rejectedBy(nothing, 'rejectedSpans'), { rejected: 0 }, nothing)
})

test('Zipkin gets microseconds and all facts as text', () => {
  const [span] = JSON.parse(zipkinBody([{ ...SPAN, durationMs: 0 }], SERVICE)) as Record<string, unknown>[]
  assert.deepEqual(span, {
    traceId: SPAN.traceId,
    id: SPAN.spanId,
    parentId: SPAN.parentId,
    name: 'COMMIT',
    kind: 'CLIENT',
    timestamp: 1_700_000_000_123_250,
    duration: 1,
    localEndpoint: { serviceName: 'idgen' },
    tags: {
      text: 'x',
      whole: '7',
      part: '0.5',
      yes: 'true',
      'service.version': '1.2.3',
      'service.instance.id': 'a/1',
      'idgen.dc': '2',
      error: 'it broke',
    },
  })
})
