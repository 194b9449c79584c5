import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndedSpan } from '../../core/ended-span.ts'
import { SPAN_BYTES, spanBytes } from './span-bytes.ts'

const SPAN: EndedSpan = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentId: undefined,
  name: 'POST /v1/workspaces/{workspace}/groups/{group}/tags/{tag}/ids',
  kind: 'server',
  startMs: 0,
  durationMs: 1,
  facts: { 'http.request.method': 'POST', 'http.response.status_code': 200, 'idgen.tag': 'shop/eu/orders' },
  fault: undefined,
}

test('a usual span weighs less than is promised, and each text in it counts', () => {
  assert.ok(spanBytes(SPAN) < SPAN_BYTES)
  const long = 'x'.repeat(400)
  const grown = spanBytes({ ...SPAN, facts: { ...SPAN.facts, text: long }, fault: long })
  assert.ok(grown >= spanBytes(SPAN) + 800 && grown > SPAN_BYTES)
})
