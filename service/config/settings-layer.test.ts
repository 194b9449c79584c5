import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IdgenError } from '../core/errors.ts'
import { ROWS } from './keys.ts'
import { type ConfigSources, type ResolvedConfig, resolveConfig } from './load.ts'
import { isLocal } from './settings-layer.ts'

function resolve(
  settings: Readonly<Record<string, string>>,
  more: Partial<ConfigSources> = {},
): ResolvedConfig {
  return resolveConfig({ settings: new Map(Object.entries(settings)), environment: {}, ...more })
}

function faultsOf(settings: Readonly<Record<string, string>>): readonly string[] {
  try {
    resolve(settings)
  } catch (error) {
    return (error as IdgenError).faults.map(({ path, message }) => `${path} ${message}`)
  }
  return []
}

test('defaults < YAML < etcd < environment', () => {
  const file = { name: 'f', text: 'log: { level: warn }\naudit: { sampleEvery: 2 }\ncatalog.maxTags: 7' }
  const environment = { IDGEN_LOG_LEVEL: 'error' }
  const { config, given } = resolve({ 'log.level': 'debug', 'audit.sampleEvery': '3' }, { file, environment })
  assert.deepEqual(
    [config.log.level, config.audit.sampleEvery, config.catalog.maxTags, config.segment.prefetch],
    ['error', 3, 7, 1],
  )
  assert.deepEqual([...given].sort(), ['audit.sampleEvery', 'catalog.maxTags', 'log.level'])
})

test('values are text as in the environment, and the line break at the end does not count', () => {
  const { config } = resolve({
    'snowflake.window': '45s\n',
    'datacenter.id': '7',
    'database.migrate': 'false',
  })
  assert.deepEqual(
    [config.snowflake.window, config.datacenter.id, config.database.migrate],
    [45_000, 7, false],
  )
})

test('all faults come at once, each with its key in etcd', () => {
  const faults = faultsOf({ 'datacenter.id': '8', 'log.level': '', 'capacity.alertShare': '80 %' })
  assert.deepEqual(
    faults.map((fault) => fault.split(' ')[0]),
    ['log.level', 'capacity.alertShare', 'datacenter.id'],
  )
  assert.match(faults.join('\n'), /from 0 to 7.*not "8" \(etcd \/settings\/datacenter\.id\)/)
})

test('secrets, where they are sent, guards, how etcd is reached, and what differs between processes are refused', () => {
  const refused = [
    'etcd.endpoints',
    'etcd.prefix',
    'etcd.timeout',
    'etcd.password',
    'database.url',
    'auth.adminKey',
    'redis.endpoints',
    'server.nodeName',
    'datacenter.installation',
    'tracing.endpoint',
    'audit.otlp.endpoint',
    'auth.enabled',
    'auth.clients',
    'server.openDocuments',
    'server.grpc.tls',
    'server.resp.tls',
    'server.metrics.tls',
    'server.https.minVersion',
    'server.https.redirect',
  ]
  const faults = faultsOf(Object.fromEntries(refused.map((path) => [path, 'hush-hush'])))
  assert.equal(faults.length, refused.length)
  for (const fault of faults) assert.match(fault, /cannot be set in etcd/)
  assert.ok(!faults.join().includes('hush-hush'), 'no secret stands in a fault')
})

test('no address to which idgen turns may come from etcd: a secret may go there', () => {
  const addresses = [...ROWS].filter(([, { kind }]) => kind === 'url')
  const open = addresses.filter(([, row]) => !isLocal(row)).map(([path]) => path)
  // A link of the admin pages, which nothing is sent to.
  assert.deepEqual(open, ['server.ui.grafanaUrl'])
})

test('a setting for one installation goes above the one for all, and is nothing to the others', () => {
  const settings = {
    'log.level': 'warn',
    'log.level@west': 'debug',
    'datacenter.id@west': '2',
    'datacenter.id@east': '9',
    'log.level@': 'error',
  }
  const west = resolve(settings, { environment: { IDGEN_DATACENTER_INSTALLATION: 'west' } })
  assert.deepEqual([west.config.log.level, west.config.datacenter.id], ['debug', 2])
  const north = resolve(settings, { file: { name: 'f', text: 'datacenter: { installation: north }' } })
  assert.deepEqual([north.config.log.level, north.config.datacenter.id], ['warn', 0])
  assert.equal(resolve(settings).config.log.level, 'warn')
  assert.ok(!resolve(settings).given.has('datacenter.id'))
})

test('an unknown name is told with the nearest one and does not keep an older revision from starting', () => {
  const { unknown, config } = resolve({ 'log.levle': 'debug', 'log.level': 'warn' })
  assert.equal(config.log.level, 'warn')
  assert.equal(unknown.length, 1)
  assert.match(unknown[0]?.message ?? '', /did you mean log\.level\?.*\/settings\/log\.levle/)
})

test('a whole tree put there by mistake costs a few lines', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`key-${'x'.repeat(300)}-${i}`, '']))
  const { unknown } = resolve(many)
  assert.equal(unknown.length, 20)
  assert.ok(unknown.every(({ path, message }) => path.length <= 100 && message.length < 300))
})
