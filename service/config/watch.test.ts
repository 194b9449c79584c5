import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts'
import type { IdgenError } from '../core/errors.ts'
import type { ConfigChange } from './change.ts'
import { resolveConfig } from './load.ts'
import type { Settings } from './settings-layer.ts'
import { ConfigFollower, type Reading } from './watch.ts'

interface Seen {
  readonly changes: ConfigChange[]
  readonly faults: IdgenError[]
  readonly unknown: string[]
  /** Two equal readings, as two polls of a file at rest give. */
  readonly settle: (text: string) => void
  readonly observe: (reading: Reading) => void
  /** The same of the files with secrets; gives which those are. */
  readonly secrets: (text: string) => readonly string[]
  readonly etcd: (settings: Readonly<Record<string, string>>) => void
}

interface Start {
  /** undefined: there is no file. */
  readonly text?: string | undefined
  readonly environment?: Record<string, string>
  readonly settings?: Settings
}

function follow({ text, environment = {}, settings }: Start): Seen {
  const changes: ConfigChange[] = []
  const faults: IdgenError[] = []
  const unknown: string[] = []
  const file = text === undefined ? undefined : { name: 'idgen.yaml', text }
  const follower = new ConfigFollower({
    file: text === undefined ? undefined : '/etc/idgen.yaml',
    environment,
    started: resolveConfig({ file, environment, settings }).config,
    settings,
    listener: {
      onChange: (change) => changes.push(change),
      onFaults: (error) => faults.push(error),
      onUnknown: (names) => unknown.push(...names.map(({ path }) => path)),
    },
  })
  const observe = (reading: Reading): void => follower.observe(reading)
  const secrets = (text: string): readonly string[] => {
    follower.observeSecrets([{ text }])
    follower.observeSecrets([{ text }])
    return follower.secretFiles
  }
  const settle = (next: string): void => {
    observe({ text: next })
    observe({ text: next })
  }
  const etcd = (next: Readonly<Record<string, string>>): void =>
    follower.observeSettings(new Map(Object.entries(next)))
  return { changes, faults, unknown, settle, observe, etcd, secrets }
}

function followerOf(text: string, environment: Record<string, string> = {}): Seen {
  const seen = follow({ text, environment })
  seen.settle(text)
  return seen
}

const SECRET_FOLDER = temporaryFolder('idgen-watch-')

const INFO = 'log: { level: info }'
const DEBUG = 'log: { level: debug }'

test('a changed live key is handed over', () => {
  const { changes, settle } = followerOf(INFO)
  settle(DEBUG)
  assert.equal(changes.length, 1)
  assert.equal(changes[0]?.config.log.level, 'debug')
  assert.deepEqual([changes[0]?.changedLiveKeys, changes[0]?.needsRestart], [['log.level'], []])
  assert.equal(changes[0]?.source, 'file')
  assert.deepEqual(changes[0]?.values, { 'log.level': { before: 'info', after: 'debug' } })
})

test('a key that needs a restart is named until the file says again what the process was started with', () => {
  const { changes, settle } = followerOf(INFO)
  settle(`${INFO}\ndatacenter: { id: 3 }`)
  settle(`${DEBUG}\ndatacenter: { id: 3 }`)
  settle(DEBUG)
  assert.deepEqual(
    changes.map(({ needsRestart }) => needsRestart),
    [['datacenter.id'], ['datacenter.id'], []],
  )
})

test('a comment, or a key that the environment covers, changes nothing', () => {
  const { changes, settle } = followerOf(INFO, { IDGEN_DATACENTER_ID: '1' })
  settle(`# hello\n${INFO}`)
  settle(`${INFO}\ndatacenter: { id: 3 }`)
  assert.deepEqual(changes, [])
})

test('faults are reported once and the last good configuration stays', () => {
  const { changes, faults, settle, observe } = followerOf(INFO)
  settle('log: { level: loud }')
  observe({ text: 'log: { level: loud }' })
  assert.equal(faults.length, 1)
  assert.equal(faults[0]?.faults[0]?.path, 'log.level')
  settle(INFO)
  assert.deepEqual(changes, [])
})

test('what is seen once only is not believed: an editor empties the file before it writes', () => {
  const { changes, faults, settle, observe } = followerOf(DEBUG)
  observe({ text: '' })
  observe({ fault: 'cannot be read (ENOENT)' })
  settle(DEBUG)
  assert.deepEqual([changes, faults], [[], []])
})

test('a file that stays away is reported', () => {
  const { faults, observe } = followerOf(INFO)
  observe({ fault: 'cannot be read (ENOENT)' })
  observe({ fault: 'cannot be read (ENOENT)' })
  assert.match(faults[0]?.message ?? '', /"\/etc\/idgen\.yaml" cannot be read \(ENOENT\)/)
})

test('a setting in etcd goes above the file and below the environment, and its removal brings the file back', () => {
  const { changes, etcd } = followerOf(INFO, { IDGEN_AUDIT_SAMPLE_EVERY: '5' })
  etcd({ 'log.level': 'debug', 'audit.sampleEvery': '7' })
  etcd({})
  assert.deepEqual(
    changes.map(({ config }) => [config.log.level, config.audit.sampleEvery]),
    [
      ['debug', 5],
      ['info', 5],
    ],
  )
})

test('without a file the settings in etcd are followed all the same', () => {
  const { changes, etcd } = follow({})
  etcd({ 'log.level': 'warn', 'snowflake.window': '1m' })
  assert.deepEqual(
    [changes[0]?.changedLiveKeys, changes[0]?.needsRestart],
    [['log.level'], ['snowflake.window']],
  )
})

test('a bad setting changes nothing, is told once per content, and its repair is taken', () => {
  const { changes, faults, etcd, settle } = followerOf(INFO)
  etcd({ 'log.level': 'loud', 'server.generate.deadline': '1y' })
  etcd({ 'log.level': 'loud', 'server.generate.deadline': '1y' })
  assert.equal(faults.length, 1)
  assert.deepEqual(
    faults[0]?.faults.map(({ path }) => path),
    ['server.generate.deadline', 'log.level'],
  )
  settle(DEBUG)
  assert.equal(changes.length, 0, 'file and etcd make the configuration together')
  etcd({ 'server.generate.deadline': '3s' })
  assert.deepEqual(
    changes.map(({ config }) => [config.log.level, config.server.generate.deadline]),
    [['debug', 3000]],
  )
})

test('a rule between keys is checked over file and etcd together', () => {
  const { changes, faults, etcd } = followerOf('segment: { refillDeadline: 900ms }')
  etcd({ 'server.generate.deadline': '500ms' })
  assert.match(faults[0]?.faults[0]?.message ?? '', /must not be above server\.generate\.deadline/)
  assert.deepEqual(changes, [])
})

test('settings that come before the file was seen at rest wait for it', () => {
  const { changes, etcd, settle } = follow({ text: INFO })
  etcd({ 'audit.sampleEvery': '9' })
  assert.equal(changes.length, 0)
  settle(INFO)
  assert.deepEqual(
    changes.map(({ config }) => [config.log.level, config.audit.sampleEvery]),
    [['info', 9]],
  )
})

test('settings of the start stay in force while etcd is silent', () => {
  const { changes, settle } = follow({ text: INFO, settings: new Map([['log.level', 'warn']]) })
  settle(INFO)
  settle(`${INFO}\n# edited`)
  assert.deepEqual(changes, [])
})

test('a setting that no key has is told and hinders nothing', () => {
  const { changes, faults, unknown, etcd } = follow({})
  etcd({ 'log.levle': 'debug', 'audit.sampleEvery': '9' })
  etcd({ 'log.levle': 'debug', 'audit.sampleEvery': '8' })
  assert.deepEqual([changes.length, faults.length, unknown], [2, 0, ['log.levle']])
})

test('a secret in a file is taken in when the file is at rest, whether variable or YAML names it', () => {
  for (const yaml of [false, true]) {
    const file = join(SECRET_FOLDER, `admin-${yaml}`)
    writeFileSync(file, 'first-secret-key')
    const text = `auth: { adminKeyFile: ${file} }`
    const seen = yaml ? followerOf(text) : follow({ environment: { IDGEN_AUTH_ADMIN_KEY_FILE: file } })
    assert.deepEqual(seen.secrets('first-secret-key'), [file])
    assert.equal(seen.changes.length, 0)
    writeFileSync(file, 'second-secret-key')
    seen.secrets('second-secret-key')
    assert.deepEqual(
      seen.changes.map(({ config, changedLiveKeys }) => [config.auth.adminKey, changedLiveKeys]),
      [['second-secret-key', ['auth.adminKey']]],
    )
    // One that can be guessed is refused, and the last good one stays.
    writeFileSync(file, 'x')
    seen.secrets('x')
    assert.equal(seen.faults.length, 1)
    rmSync(file)
    seen.secrets('gone')
    seen.secrets('gone')
    assert.equal(seen.faults.length, 2, 'told once; the last good one stays')
    assert.equal(seen.changes.length, 1)
  }
})

test('of a secret that changes nothing is told but that it did, and settings from etcd are told as such', () => {
  const file = join(SECRET_FOLDER, 'told')
  writeFileSync(file, 'first-secret-key')
  const { changes, secrets, etcd } = follow({ environment: { IDGEN_AUTH_ADMIN_KEY_FILE: file } })
  writeFileSync(file, 'second-secret-key')
  secrets('second-secret-key')
  assert.equal(changes[0]?.source, 'secrets')
  assert.deepEqual(changes[0]?.values, { 'auth.adminKey': { before: '[hidden]', after: '[hidden]' } })
  etcd({ 'log.level': 'warn' })
  assert.equal(changes[1]?.source, 'etcd')
})
