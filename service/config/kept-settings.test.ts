import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KeptSettings } from '../ports/settings-store.ts'
import { keptDefaults, keptSettings } from './kept-settings.ts'
import { ROWS } from './keys.ts'
import { loadConfig } from './load.ts'

const AUDIT_KEY = 'k'.repeat(32)

function kept(environment: Record<string, string>): KeptSettings {
  return keptSettings(loadConfig(undefined, environment))
}

test('every key is kept but those that differ from process to process', () => {
  const paths = new Set(Object.keys(kept({})))
  const left = [...ROWS.keys()].filter((path) => !paths.has(path))
  assert.deepEqual(left.sort(), [
    'audit.file',
    'data.dir',
    'datacenter.id',
    'server.advertise.grpc',
    'server.advertise.http',
    'server.advertise.resp',
    'server.grpc.port',
    'server.http.port',
    'server.https.port',
    'server.metrics.port',
    'server.nodeName',
    'server.resp.port',
    'server.workerIds',
  ])
  const ofOne = { IDGEN_SERVER_NODE_NAME: 'a', IDGEN_DATA_DIR: '/x', IDGEN_SERVER_HTTP_PORT: '9000' }
  assert.deepEqual(kept(ofOne), kept({}))
  assert.deepEqual(kept({}), keptDefaults())
})

test('of a secret nothing is kept that could be guessed: without audit.key only that there is one', () => {
  const one = kept({ IDGEN_AUTH_ADMIN_KEY: 'a-password-that-is-1' })
  assert.deepEqual(one['auth.adminKey'], { shown: '[hidden]' })
  assert.deepEqual(one, kept({ IDGEN_AUTH_ADMIN_KEY: 'a-password-that-is-2' }))
})

test('with audit.key a digest changes with the secret, the key and the name of the setting', () => {
  const of = (secret: string, key = AUDIT_KEY): KeptSettings =>
    kept({
      IDGEN_AUTH_ADMIN_KEY: secret,
      IDGEN_SERVER_COMPATIBILITY_LEAF_KEY: secret,
      IDGEN_AUDIT_KEY: key,
      IDGEN_DATABASE_URL: `postgresql://idgen:${secret}@db/idgen`,
    })
  const digests = [
    of('a-password-that-is-1'),
    of('a-password-that-is-2'),
    of('a-password-that-is-1', 'l'.repeat(32)),
  ].flatMap((settings) =>
    ['auth.adminKey', 'server.compatibility.leafKey', 'database.url'].map((path) => settings[path]?.mark),
  )
  assert.equal(new Set(digests).size, 9)
  for (const digest of digests) assert.match(digest ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(of('a-password-that-is-1'), of('a-password-that-is-1'))
  const text = JSON.stringify(of('a-password-that-is-1'))
  assert.ok(!text.includes('a-password-that-is-1') && !text.includes(AUDIT_KEY), text)
  assert.ok(text.includes('@db/idgen'))
})

test('an address that may hold a secret though its key is none shows no value of its query, and a change of it is seen', () => {
  const of = (token: string): KeptSettings =>
    kept({
      IDGEN_TRACING_ENDPOINT: `https://collector/v1?api_key=${token}#${token}`,
      IDGEN_AUDIT_KEY: AUDIT_KEY,
    })
  assert.equal(of('TOKEN')['tracing.endpoint']?.shown, 'https://collector/v1?api_key=hidden#hidden')
  assert.notDeepEqual(of('TOKEN'), of('OTHER'))
  assert.ok(!JSON.stringify(of('TOKEN')).includes('TOKEN'))
  const plain = kept({ IDGEN_TRACING_ENDPOINT: 'https://collector', IDGEN_AUDIT_KEY: AUDIT_KEY })
  assert.deepEqual(plain['tracing.endpoint'], { shown: 'https://collector' })
})

test('of an address whose password ended it too early nothing is shown', () => {
  for (const url of ['idgen:1/pw@c/x', 'idgen:1?pw@c/x', 'idgen:1#pw@c/x', 'idgen:1/pw%40c/x']) {
    const { shown } = kept({ IDGEN_TRACING_ENDPOINT: `https://${url}` })['tracing.endpoint'] ?? {}
    assert.equal(shown, '[hidden]', url)
  }
})
