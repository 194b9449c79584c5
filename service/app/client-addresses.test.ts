import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientAddresses } from './client-addresses.ts'

const BEHIND_10 = { trustedProxies: '10.0.0.0/8', forwardedHeader: 'x-forwarded-for' } as const

test('who asks directly is counted by his own address, whatever he says', () => {
  const addresses = new ClientAddresses(BEHIND_10)
  assert.equal(addresses.nameOf(addresses.peerAt('192.0.2.1'), '198.51.100.7'), '192.0.2.1')
  assert.equal(addresses.nameOf(addresses.peerAt('2001:db8:0:1::9'), '198.51.100.7'), '2001:db8:0:1::/64')
})

test('nobody is trusted unless named', () => {
  const addresses = new ClientAddresses({ trustedProxies: '', forwardedHeader: 'x-forwarded-for' })
  assert.equal(addresses.nameOf(addresses.peerAt('10.0.0.1'), '198.51.100.7'), '10.0.0.1')
  assert.equal(addresses.nameOf(addresses.peerAt('127.0.0.1'), '198.51.100.7'), '127.0.0.1')
})

test('a trusted proxy asks for whom it says, and for itself where it says nothing', () => {
  const addresses = new ClientAddresses(BEHIND_10)
  const proxy = addresses.peerAt('::ffff:10.0.0.1')
  assert.equal(addresses.nameOf(proxy, '203.0.113.1, 198.51.100.7'), '198.51.100.7')
  assert.equal(addresses.nameOf(proxy, undefined), '10.0.0.1')
})

test('a connection is looked at once, and again when the proxies change', () => {
  const addresses = new ClientAddresses(BEHIND_10)
  const connection = {}
  const first = addresses.peerOf(connection, '10.0.0.1')
  assert.notEqual(first.proxy, undefined)
  assert.equal(addresses.peerOf(connection, undefined), first, 'the address of a closed socket is gone')
  addresses.configure({ trustedProxies: '192.0.2.0/24', forwardedHeader: 'forwarded' })
  assert.equal(addresses.peerOf(connection, '10.0.0.1').proxy, undefined)
  assert.equal(addresses.header, 'forwarded')
})

test('a connection without an address is one of the unknown', () => {
  const addresses = new ClientAddresses(BEHIND_10)
  assert.equal(addresses.peerAt(undefined).name, 'unknown')
  assert.equal(addresses.peerAt('unix socket').name, 'unknown')
})

test('what is no network is refused by its name', () => {
  assert.throws(
    () => new ClientAddresses({ ...BEHIND_10, trustedProxies: '10.0.0.0/8, lb.example' }),
    /lb\.example/,
  )
})
