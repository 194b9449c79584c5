import assert from 'node:assert/strict'
import { test } from 'node:test'
import { environmentName, FILE_SUFFIX } from './environment-name.ts'
import { DURATION_MAX_MS } from './key-row.ts'
import { KEYS, ROWS } from './keys.ts'
import { loadConfig } from './load.ts'
import { parseValue } from './parse-value.ts'

test('every default is a value that the key allows', () => {
  for (const [path, row] of ROWS)
    assert.deepEqual(parseValue(row, { scalar: row.default }), { value: row.default }, path)
})

test('every default also holds as text, as the environment gives it', () => {
  for (const [path, row] of ROWS)
    assert.deepEqual(parseValue(row, { text: String(row.default) }), { value: row.default }, path)
})

test('no two keys have the same environment name, and none is that of the file of a secret', () => {
  const names = [...ROWS.keys()].map(environmentName)
  assert.equal(new Set(names).size, ROWS.size)
  const secrets = [...ROWS].filter(([, { secret }]) => secret).map(([path]) => environmentName(path))
  const files = new Set(secrets.map((name) => name + FILE_SUFFIX))
  assert.deepEqual(
    names.filter((name) => files.has(name)),
    [],
  )
})

test('environment names are those that the documents promise', () => {
  assert.equal(environmentName('server.http.port'), 'IDGEN_SERVER_HTTP_PORT')
  assert.equal(environmentName('auth.adminKey'), 'IDGEN_AUTH_ADMIN_KEY')
  assert.equal(environmentName('data.dir'), 'IDGEN_DATA_DIR')
})

test('every key has a sentence that documents it, and no duration can overflow a timer', () => {
  for (const [path, row] of ROWS) {
    assert.match(row.doc, /^.{15,}\.$/, path)
    if (row.kind === 'duration_ms') assert.ok(row.max <= DURATION_MAX_MS, path)
  }
})

test('no key is a section of another one', () => {
  for (const path of ROWS.keys())
    assert.deepEqual(
      [...ROWS.keys()].filter((other) => other.startsWith(`${path}.`)),
      [],
    )
})

test('the type of the configuration follows the registry', () => {
  const config = loadConfig(undefined, {})
  const port: number = config.server.http.port
  const level: 'debug' | 'info' | 'warn' | 'error' | 'silent' = config.log.level
  const migrate: boolean = config.database.migrate
  const url: string = config.database.url
  assert.deepEqual([port, level, migrate, url], [KEYS['server.http.port'].default, 'info', true, ''])
})
