import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { advertisedNode } from './advertised-node.ts'
import { parseNode, printNode } from './app/node-record.ts'
import { loadConfig } from './config/load.ts'
import { nodeKey } from './core/coordination-keys.ts'

const PORTS = { httpPort: 8080, httpsPort: undefined, grpcPort: 50_051, respPort: undefined }

function addresses(environment: Record<string, string>): readonly string[] {
  const { http, grpc } = advertisedNode(loadConfig(undefined, environment), 'host/1', PORTS, 0)
  return [http, grpc]
}

test('a process that listens everywhere is advertised by the name of its machine', () => {
  assert.deepEqual(addresses({}), [`http://${hostname()}:8080`, `${hostname()}:50051`])
})

test('one that listens on one address is advertised by that', () => {
  const hosts = { IDGEN_SERVER_HTTP_HOST: '::1', IDGEN_SERVER_GRPC_HOST: '127.0.0.1' }
  assert.deepEqual(addresses(hosts), ['http://[::1]:8080', '127.0.0.1:50051'])
})

test('where there is HTTPS that is advertised', () => {
  const ports = { ...PORTS, httpsPort: 8443 }
  const { http } = advertisedNode(loadConfig(undefined, { IDGEN_SERVER_HTTP_HOST: '::1' }), 'n', ports, 0)
  assert.equal(http, 'https://[::1]:8443')
})

test('Redis clients are told an address where they are served, which is that of HTTP where nothing else is known', () => {
  const address = (environment: Record<string, string>): string | undefined =>
    advertisedNode(loadConfig(undefined, environment), 'n', { ...PORTS, respPort: 6399 }, 0).resp
  const http = { IDGEN_SERVER_ADVERTISE_HTTP: 'http://[fd00::7]:8080' }
  const tls = {
    IDGEN_SERVER_RESP_TLS: 'true',
    IDGEN_SERVER_HTTPS_CERT: '/tls/tls.crt',
    IDGEN_SERVER_HTTPS_KEY: '/tls/tls.key',
  }
  assert.equal(address({}), `redis://${hostname()}:6399`)
  assert.equal(address(http), 'redis://[fd00::7]:6399')
  assert.equal(address({ ...http, IDGEN_SERVER_RESP_HOST: '127.0.0.1' }), 'redis://127.0.0.1:6399')
  assert.equal(address({ ...http, ...tls }), 'rediss://[fd00::7]:6399')
  for (const ingress of ['https://ids.example', 'http://ids.example', 'https://ids.example:8443'])
    assert.equal(address({ IDGEN_SERVER_ADVERTISE_HTTP: ingress }), `redis://${hostname()}:6399`)
  assert.equal(address({ ...http, IDGEN_SERVER_ADVERTISE_RESP: 'redis://ids:1' }), 'redis://ids:1')
  const served = { IDGEN_SERVER_ADVERTISE_RESP: 'redis://ids:1' }
  assert.equal(advertisedNode(loadConfig(undefined, served), 'n', PORTS, 0).resp, undefined)
})

test('what the configuration says goes above both', () => {
  const given = {
    IDGEN_SERVER_ADVERTISE_HTTP: 'https://ids.example',
    IDGEN_SERVER_ADVERTISE_GRPC: 'ids.example:443',
  }
  assert.deepEqual(addresses(given), ['https://ids.example', 'ids.example:443'])
})

test('what a process tells of itself is read by the others', () => {
  const config = loadConfig(undefined, { IDGEN_DATACENTER_ID: '4' })
  const node = advertisedNode(config, 'host/1', { ...PORTS, respPort: 6399 }, Date.UTC(2026, 0, 1))
  assert.deepEqual(parseNode({ key: nodeKey(4, 'host/1'), value: printNode(node) }), node)
})
