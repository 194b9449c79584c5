import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import { IdgenError } from '../core/errors.ts'
import { describeConfig } from './describe-config.ts'
import type { Environment } from './environment-layer.ts'
import { loadConfig, loadConfigText } from './load.ts'

const SECRET = 'hunter2-do-not-print'
const folder = temporaryFolder('idgen-secrets-')
const keyFile = join(folder, 'admin-key')
writeFileSync(keyFile, `${SECRET}\n`)

function errorOf(yaml: string, environment: Environment): IdgenError {
  try {
    loadConfigText(yaml, 'idgen.yaml', environment)
  } catch (error) {
    assert.ok(error instanceof IdgenError)
    return error
  }
  return assert.fail('the configuration was accepted')
}

test('a secret comes from a file named by the environment or by YAML, without its last line break', () => {
  assert.equal(loadConfig(undefined, { IDGEN_AUTH_ADMIN_KEY_FILE: keyFile }).auth.adminKey, SECRET)
  assert.equal(loadConfigText(`auth: { adminKeyFile: ${keyFile} }`, 'f', {}).auth.adminKey, SECRET)
})

test('a file named by the environment stands above a value in YAML', () => {
  const config = loadConfigText('auth: { adminKey: another-admin-key }', 'f', {
    IDGEN_AUTH_ADMIN_KEY_FILE: keyFile,
  })
  assert.equal(config.auth.adminKey, SECRET)
})

test('a secret given as value and as file in one place is refused', () => {
  const both = { IDGEN_AUTH_ADMIN_KEY: SECRET, IDGEN_AUTH_ADMIN_KEY_FILE: keyFile }
  assert.match(errorOf('', both).faults[0]?.message ?? '', /given together with IDGEN_AUTH_ADMIN_KEY/)
  const yaml = `auth: { adminKey: ${SECRET}, adminKeyFile: ${keyFile} }`
  assert.match(errorOf(yaml, {}).faults[0]?.message ?? '', /is given twice/)
})

test('a file that cannot be read is a fault that names it', () => {
  const { faults } = errorOf('', { IDGEN_AUTH_ADMIN_KEY_FILE: join(folder, 'none') })
  assert.match(
    `${faults[0]?.path} ${faults[0]?.message}`,
    /^IDGEN_AUTH_ADMIN_KEY_FILE ".*none" cannot be read \(ENOENT\)$/,
  )
})

test('keys that are no secret take no file', () => {
  assert.match(errorOf('', { IDGEN_LOG_LEVEL_FILE: keyFile }).faults[0]?.message ?? '', /is unknown/)
})

test('a refused secret does not stand in the error', () => {
  const broken = { IDGEN_AUTH_ADMIN_KEY: `${SECRET}\u0007`, IDGEN_DATABASE_URL: `mysql://u:${SECRET}@db/x` }
  const error = errorOf(`auth: { adminKey: [${SECRET}] }`, broken)
  assert.equal(error.faults.length, 3)
  assert.ok(!JSON.stringify([error.message, error.faults, error.stack]).includes(SECRET))
})

test('an address that is shown to others holds no password, and the refusal does not repeat it', () => {
  for (const address of [
    `://:${SECRET}@host:1`,
    `://${SECRET}@host:1`,
    `x://u:${SECRET}@host:1`,
    `://u:${SECRET}@`,
  ]) {
    const error = errorOf('', {
      IDGEN_SERVER_ADVERTISE_HTTP: `http${address}`,
      IDGEN_SERVER_ADVERTISE_GRPC: `u:${SECRET}@host:1`,
      IDGEN_SERVER_ADVERTISE_RESP: `redis${address}`,
      IDGEN_SERVER_UI_GRAFANA_URL: `https${address}`,
      IDGEN_TRACING_ENDPOINT: `http${address}`,
      IDGEN_AUDIT_OTLP_ENDPOINT: `http${address}`,
    })
    assert.equal(error.faults.length, 6, address)
    assert.ok(!JSON.stringify([error.message, error.faults, error.stack]).includes(SECRET))
  }
})

test('a described configuration hides secrets and shows the rest', () => {
  const shown = describeConfig(
    loadConfig(undefined, {
      IDGEN_AUTH_ADMIN_KEY: SECRET,
      IDGEN_DATABASE_URL: `postgres://ann:${SECRET}@db:5432/idgen?sslmode=require&password=${SECRET}`,
    }),
  )
  assert.ok(!JSON.stringify(shown).includes(SECRET))
  assert.equal(shown['auth.adminKey'], '[hidden]')
  assert.match(String(shown['database.url']), /^postgres:\/\/ann:hidden@db:5432\/idgen\?/)
  assert.equal(shown['server.http.port'], 8080)
})

test('a described configuration hides what looks like a key in the path of an address', () => {
  for (const [path, shown] of [
    ['/v1/logs', '/v1/logs'],
    ['/0123456789abcdef0123/v1/logs', '/hidden/v1/logs'],
    ['/v1/Abcdefghijklmnopqrstu', '/v1/hidden'],
    ['/services/collectors-of-all-logs/v1', '/services/collectors-of-all-logs/v1'],
    ['/0123456789abcdef0123?key=k', '/hidden?key=hidden'],
  ] as const) {
    const endpoint = `https://logs.example${path}`
    const described = describeConfig(
      loadConfig(undefined, { IDGEN_AUDIT_OTLP_ENDPOINT: endpoint, IDGEN_TRACING_ENDPOINT: endpoint }),
    )
    for (const key of ['audit.otlp.endpoint', 'tracing.endpoint'])
      assert.equal(described[key], `https://logs.example${shown}`)
  }
  const url = 'postgres://db:5432/idgen_of_all_the_shops_1'
  assert.equal(describeConfig(loadConfig(undefined, { IDGEN_DATABASE_URL: url }))['database.url'], url)
})

test('a described configuration shows that a secret is not set', () => {
  const shown = describeConfig(loadConfig(undefined, {}))
  assert.deepEqual([shown['auth.adminKey'], shown['database.url']], ['', ''])
})
