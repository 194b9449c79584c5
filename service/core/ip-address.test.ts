import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { clientNameOf, isWithin, parseIpAddress, parseIpNetwork } from './ip-address.ts'

function nameOf(text: string): string | undefined {
  const address = parseIpAddress(text)
  return address && clientNameOf(address)
}

describe('a client', () => {
  test('is an IPv4 address in either form', () => {
    for (const text of ['192.0.2.7', '::ffff:192.0.2.7', '::ffff:c000:207', '::FFFF:C000:0207'])
      assert.equal(nameOf(text), '192.0.2.7', text)
  })

  test('is the /64 of an IPv6 address', () => {
    for (const text of ['2001:db8:1:2::5', '2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:0DB8:0001:0002:0:0:0:9'])
      assert.equal(nameOf(text), '2001:db8:1:2::/64', text)
    assert.notEqual(nameOf('2001:db8:1:3::5'), nameOf('2001:db8:1:2::5'))
    assert.equal(nameOf('fe80::1%eth0'), 'fe80:0:0:0::/64')
  })
})

describe('an address', () => {
  test('is what Node takes for one', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      'ffff',
      'abc',
      '12345',
      '',
      ':',
      '::',
      '.',
      '1.2.3.4',
      '256',
      '01',
      'g',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.constantFrom(':', '.', ''), (pieces, between) => {
        const text = pieces.join(between)
        assert.equal(parseIpAddress(text) !== undefined, isIP(text) !== 0, text)
      }),
      { numRuns: 2000 },
    )
    fc.assert(fc.property(fc.ipV4(), (text) => parseIpAddress(text) !== undefined))
    fc.assert(fc.property(fc.ipV6(), (text) => parseIpAddress(text)?.length === 8))
  })

  test('is none with anything else in it', () => {
    for (const text of [
      '',
      'unknown',
      '_hidden',
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.04',
      '1::2::3',
      '1:2:3:4:5:6:7:8::',
      ' 1.2.3.4',
    ])
      assert.equal(parseIpAddress(text), undefined, text)
    assert.equal(parseIpAddress('1'.repeat(100_000)), undefined)
  })
})

describe('a network', () => {
  const holds = (network: string, address: string): boolean | undefined => {
    const [a, b] = [parseIpNetwork(network), parseIpAddress(address)]
    return a && b && isWithin(a, b)
  }

  test('holds the addresses that begin as it does', () => {
    assert.equal(holds('10.0.0.0/8', '10.255.3.4'), true)
    assert.equal(holds('10.0.0.0/8', '11.0.0.1'), false)
    assert.equal(holds('10.0.0.0/8', '::ffff:10.1.2.3'), true)
    assert.equal(holds('10.0.0.0/8', 'a00::1'), false)
    assert.equal(holds('192.0.2.128/25', '192.0.2.127'), false)
    assert.equal(holds('192.0.2.128/25', '192.0.2.200'), true)
    assert.equal(holds('2001:db8::/33', '2001:db8:7fff::1'), true)
    assert.equal(holds('2001:db8::/33', '2001:db8:8000::1'), false)
    assert.equal(holds('0.0.0.0/0', '203.0.113.9'), true)
    assert.equal(holds('0.0.0.0/0', '2001:db8::1'), false)
    assert.equal(holds('::/0', '203.0.113.9'), true)
  })

  test('is one address where it has no length', () => {
    assert.equal(holds('192.0.2.7', '192.0.2.7'), true)
    assert.equal(holds('192.0.2.7', '192.0.2.6'), false)
  })

  test('is none where the length is none', () => {
    for (const text of [
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '::/129',
      '10.0.0.0/-1',
      '10/8',
      'example.org',
    ])
      assert.equal(parseIpNetwork(text), undefined, text)
  })
})
