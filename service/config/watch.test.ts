import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IdgenError } from '../core/errors.ts'
import type { ConfigChange } from './change.ts'
import { loadConfigText } from './load.ts'
import { ConfigFollower, type Reading } from './watch.ts'

interface Seen {
  readonly changes: ConfigChange[]
  readonly faults: IdgenError[]
  /** Two equal readings, as two polls of a file at rest give. */
  readonly settle: (text: string) => void
  readonly observe: (reading: Reading) => void
}

function followerOf(text: string, environment: Record<string, string> = {}): Seen {
  const changes: ConfigChange[] = []
  const faults: IdgenError[] = []
  const follower = new ConfigFollower({
    file: '/etc/idgen.yaml',
    environment,
    started: loadConfigText(text, 'idgen.yaml', environment),
    listener: { onChange: (change) => changes.push(change), onFaults: (error) => faults.push(error) },
  })
  const observe = (reading: Reading): void => follower.observe(reading)
  const settle = (next: string): void => {
    observe({ text: next })
    observe({ text: next })
  }
  settle(text)
  return { changes, faults, settle, observe }
}

const INFO = 'log: { level: info }'
const DEBUG = 'log: { level: debug }'

test('a changed live key is handed over', () => {
  const { changes, settle } = followerOf(INFO)
  settle(DEBUG)
  assert.equal(changes.length, 1)
  assert.equal(changes[0]?.config.log.level, 'debug')
  assert.deepEqual([changes[0]?.changedLiveKeys, changes[0]?.needsRestart], [['log.level'], []])
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
