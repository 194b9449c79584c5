import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import { UNKNOWN_DC } from '../app/dc-traffic.ts'
import { callContextOf } from './call-context.ts'

test('the key comes from a bearer token, whatever the case of the scheme, else from x-api-key', () => {
  assert.equal(keyOf({ authorization: 'Bearer idg_a' }), 'idg_a')
  assert.equal(keyOf({ authorization: 'bEARER  idg_a ' }), 'idg_a')
  assert.equal(keyOf({ 'x-api-key': 'idg_b' }), 'idg_b')
  assert.equal(keyOf({ authorization: 'Bearer idg_a', 'x-api-key': 'idg_b' }), 'idg_a')
  assert.equal(keyOf({ authorization: 'Basic dXNlcg==', 'x-api-key': 'idg_b' }), 'idg_b')
  assert.equal(keyOf({ authorization: 'Basic dXNlcg==' }), undefined)
  assert.equal(keyOf({}), undefined)
})

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'

test('a valid traceparent names the trace, a later version too', () => {
  assert.equal(traceOf(`00-${TRACE}-${SPAN}-01`), TRACE)
  assert.equal(traceOf(`01-${TRACE}-${SPAN}-01-what-comes`), TRACE)
})

test('an invalid traceparent counts as none (Trace Context 3.2)', () => {
  for (const header of [
    '',
    'nonsense',
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}`,
  ])
    assert.equal(traceOf(header), undefined, header)
})

function keyOf(headers: Record<string, string>): string | undefined {
  return callContextOf(metadataOf(headers)).keyText
}

function traceOf(traceparent: string): string | undefined {
  return callContextOf(metadataOf({ traceparent })).traceId
}

function metadataOf(headers: Record<string, string>): Metadata {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value)
  return metadata
}

test('the data centre of the client comes from idgen-client-dc, and anything else is unknown', () => {
  const dcOf = (headers: Record<string, string>): number => callContextOf(metadataOf(headers)).clientDc
  assert.equal(dcOf({ 'idgen-client-dc': '3' }), 3)
  assert.equal(dcOf({ 'idgen-client-dc': '8' }), UNKNOWN_DC)
  assert.equal(dcOf({}), UNKNOWN_DC)
})
