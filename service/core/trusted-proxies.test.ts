import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientNameOf, parseIpAddress } from './ip-address.ts'
import { clientBehind, type ForwardedHeader, isTrusted, parseNetworks } from './trusted-proxies.ts'

function client(
  text: string,
  header: ForwardedHeader = 'x-forwarded-for',
  trusted = '10.0.0.0/8, fd00::/8',
): string {
  const parsed = parseNetworks(trusted)
  const peer = parseIpAddress('10.0.0.1')
  assert.ok('networks' in parsed && peer !== undefined)
  return clientNameOf(clientBehind(parsed.networks, peer, header, text))
}

describe('X-Forwarded-For', () => {
  test('names the client that the proxy was asked by', () => {
    assert.equal(client('203.0.113.7'), '203.0.113.7')
    assert.equal(client('203.0.113.7, 10.0.0.2'), '203.0.113.7')
    assert.equal(client('2001:db8::5,fd00::1 , 10.0.0.2'), '2001:db8:0:0::/64')
  })

  test('cannot be forged by the client, whatever it sends itself', () => {
    for (const forged of [
      '198.51.100.9',
      '198.51.100.9, 198.51.100.10',
      '10.0.0.9',
      '"',
      'for="',
      ',,,',
      '10.0.0.9, ',
    ])
      assert.equal(client(`${forged}, 203.0.113.7`), '203.0.113.7', forged)
  })

  test('has the client itself where that is inside, and nothing to the left of it', () => {
    assert.equal(client('10.3.0.5'), '10.3.0.5')
    assert.equal(client(''), '10.0.0.1')
  })

  test('leaves it at the last one that can be read', () => {
    assert.equal(client('unknown'), '10.0.0.1')
    assert.equal(client('203.0.113.7, unknown'), '10.0.0.1')
    assert.equal(client('203.0.113.7, nonsense, 10.0.0.2'), '10.0.0.2')
  })

  test('may have ports', () => {
    assert.equal(client('203.0.113.7:4711'), '203.0.113.7')
    assert.equal(client('[2001:db8:0:1::5]:443'), '2001:db8:0:1::/64')
    assert.equal(client('[2001:db8:0:1::5]'), '2001:db8:0:1::/64')
  })

  test('is read so far as any request has proxies', () => {
    assert.equal(client(`203.0.113.7${', 10.0.0.2'.repeat(100)}`), '10.0.0.2')
  })
})

describe('Forwarded', () => {
  test('names the client that the proxy was asked by', () => {
    assert.equal(client('for=203.0.113.7', 'forwarded'), '203.0.113.7')
    assert.equal(
      client('For="[2001:db8:0:1::5]:80";proto=https;by=10.0.0.1', 'forwarded'),
      '2001:db8:0:1::/64',
    )
    assert.equal(client('for=203.0.113.7;host=a, proto=http; for="10.0.0.2:80"', 'forwarded'), '203.0.113.7')
  })

  test('cannot be forged by the client, whatever it sends itself', () => {
    for (const forged of ['for=198.51.100.9', 'for="', 'for="a, ', 'host="', '\\"', 'for=10.0.0.9;host="x'])
      assert.equal(client(`${forged}, for=203.0.113.7;proto=http`, 'forwarded'), '203.0.113.7', forged)
  })

  test('does not take what stands in another pair', () => {
    assert.equal(client('host="a;for=198.51.100.9";for=203.0.113.7', 'forwarded'), '203.0.113.7')
    assert.equal(client('for=203.0.113.7;host="a, for=198.51.100.9"', 'forwarded'), '203.0.113.7')
    for (const host of [
      'a\\", for=198.51.100.9',
      'a\\", for=198.51.100.9;b=\\"',
      'a, for=198.51.100.9;b=\\\\',
    ])
      assert.equal(client(`for=203.0.113.7;host="${host}"`, 'forwarded'), '203.0.113.7', host)
  })

  test('leaves it at the proxy where it cannot be read', () => {
    for (const text of ['for=_hidden', 'for=unknown', '203.0.113.7', 'by=203.0.113.7', 'for'])
      assert.equal(client(text, 'forwarded'), '10.0.0.1', text)
  })
})

describe('trusted networks', () => {
  test('are a list with commas', () => {
    const parsed = parseNetworks('10.0.0.0/8,192.0.2.1, ::1')
    const loopback = parseIpAddress('::1')
    assert.ok('networks' in parsed && loopback !== undefined)
    assert.equal(parsed.networks.length, 3)
    assert.equal(isTrusted(parsed.networks, loopback), true)
    assert.deepEqual(parseNetworks(''), { networks: [] })
  })

  test('name the part that is none', () => {
    assert.deepEqual(parseNetworks('10.0.0.0/8, proxy.example'), { fault: 'proxy.example' })
  })
})
