import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientAddresses } from '../app/client-addresses.ts'
import { UNKNOWN_DC } from '../app/dc-traffic.ts'
import { type CallContext, callContextOf } from './call-context.ts'

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
  return contextOf(headers).keyText
}

function traceOf(traceparent: string): string | undefined {
  return contextOf({ traceparent }).traceId
}

function contextOf(
  headers: Readonly<Record<string, string>>,
  address = '192.0.2.1',
  trustedProxies = '',
  forwardedHeader: 'x-forwarded-for' | 'forwarded' = 'x-forwarded-for',
): CallContext {
  const addresses = new ClientAddresses({ trustedProxies, forwardedHeader })
  return callContextOf(
    { head: { path: '/x/y', memo: undefined, field: (name) => headers[name] }, peer: { address } },
    addresses,
  )
}

test('the data centre of the client comes from idgen-client-dc, and anything else is unknown', () => {
  const dcOf = (headers: Record<string, string>): number => contextOf(headers).clientDc
  assert.equal(dcOf({ 'idgen-client-dc': '3' }), 3)
  assert.equal(dcOf({ 'idgen-client-dc': '8' }), UNKNOWN_DC)
  assert.equal(dcOf({}), UNKNOWN_DC)
})

test('the client is the other end of the connection, of IPv6 its /64', () => {
  assert.equal(contextOf({}).address, '192.0.2.1')
  assert.equal(contextOf({}, '::ffff:192.0.2.1').address, '192.0.2.1')
  assert.equal(contextOf({}, '2001:db8:0:1::9').address, '2001:db8:0:1::/64')
  assert.equal(contextOf({}, '::1').address, '0:0:0:0::/64')
  assert.equal(contextOf({}, 'unknown').address, 'unknown')
})

test('the client behind a trusted proxy is whom the proxy names, in its header and in no other', () => {
  const both = { 'x-forwarded-for': '198.51.100.7', forwarded: 'for=203.0.113.7' }
  assert.equal(contextOf(both).address, '192.0.2.1')
  assert.equal(contextOf(both, '192.0.2.1', '192.0.2.0/24').address, '198.51.100.7')
  assert.equal(contextOf(both, '192.0.2.1', '192.0.2.0/24', 'forwarded').address, '203.0.113.7')
  assert.equal(contextOf({}, '192.0.2.1', '192.0.2.0/24').address, '192.0.2.1')
})
