import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTraceparent } from '../core/traceparent.ts'
import { traceContextOf } from './trace-context.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

test('a valid traceparent is taken over with a span of our own', () => {
  const trace = traceContextOf({ traceparent: `00-${TRACE}-${SPAN}-01` })
  assert.equal(trace.traceId, TRACE)
  assert.match(trace.traceparent ?? '', new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`))
  assert.ok(!trace.traceparent?.includes(SPAN))
  assert.equal(trace.requestId, TRACE)
})

test('without a traceparent every call gets a new valid trace', () => {
  const seen = new Set<string>()
  // More than one pool of random bytes, so that the refill is seen too.
  for (let call = 0; call < 500; call += 1) {
    const { traceId, spanId, requestId } = traceContextOf({})
    assert.match(`${traceId}-${spanId}`, /^[0-9a-f]{32}-[0-9a-f]{16}$/)
    assert.equal(requestId, traceId)
    seen.add(traceId)
    seen.add(spanId)
  }
  assert.equal(seen.size, 1000)
})

test('a traceparent is told where the request id does not say all of it', () => {
  assert.equal(traceContextOf({}).traceparent, undefined)
  const named = traceContextOf({ 'x-request-id': 'mine' })
  assert.equal(named.traceparent, `00-${named.traceId}-${named.spanId}-00`)
  const recorded = traceContextOf({}, { decide: () => true, nowMs: () => 0 })
  assert.equal(recorded.traceparent, `00-${recorded.traceId}-${recorded.spanId}-01`)
})

test('an invalid traceparent counts as none', () => {
  const invalid = [
    '',
    'x',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01\r\nx: y`,
    ` 00-${TRACE}-${SPAN}-01`,
  ]
  for (const header of invalid) assert.equal(parseTraceparent(header), undefined, header)
})

test('a later version of traceparent is read as far as it is known', () => {
  assert.deepEqual(parseTraceparent(`01-${TRACE}-${SPAN}-03-future`), {
    traceId: TRACE,
    spanId: SPAN,
    sampled: true,
  })
  assert.deepEqual(parseTraceparent(`01-${TRACE}-${SPAN}-02`), {
    traceId: TRACE,
    spanId: SPAN,
    sampled: false,
  })
})

test('an X-Request-Id is echoed only where it is a plain word', () => {
  assert.equal(traceContextOf({ 'x-request-id': 'order-17_a.B' }).requestId, 'order-17_a.B')
  for (const bad of ['', 'a b', 'a\r\nb', 'ü', 'x'.repeat(129)]) {
    const trace = traceContextOf({ 'x-request-id': bad })
    assert.equal(trace.requestId, trace.traceId, bad)
  }
})
