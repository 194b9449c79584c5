import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemorySettingsStore } from '../adapters/memory/memory-settings-store.ts'
import type { KeptSettings } from '../ports/settings-store.ts'
import type { AuditEntry } from './audit-trail.ts'
import { BEGIN_MAX_MS, OWED_MAX_MS, StartedSettings } from './started-settings.ts'

const DEFAULTS: KeptSettings = {
  'log.level': { shown: 'info' },
  'limits.perKey': { shown: 0 },
  'auth.adminKey': { shown: '' },
  'audit.key': { shown: '' },
}

class World {
  readonly clock = new MemoryClock()
  readonly store = new MemorySettingsStore(this.clock)
  readonly log = new RecordedLog()
  readonly records: AuditEntry[] = []
  /** What else happens before records are written. */
  whileFlushed: (() => Promise<unknown>) | undefined

  /** A process that starts, or goes on, with what differs from the defaults. */
  process({ dc = 1, diesBeforeFlush = false } = {}): StartedSettings {
    return new StartedSettings({
      store: this.store,
      clock: this.clock,
      log: this.log,
      dc,
      defaults: DEFAULTS,
      audit: {
        record: (entry) => void (diesBeforeFlush || this.records.push(entry)),
        flush: async () => {
          await this.whileFlushed?.()
          return !diesBeforeFlush
        },
      },
    })
  }

  /** What a start puts on record, action and values. */
  async start(given: KeptSettings, how?: { dc?: number; diesBeforeFlush?: boolean }): Promise<unknown[]> {
    const before = this.records.length
    await this.process(how).begin({ ...DEFAULTS, ...given })
    return this.records.slice(before).map(({ action, detail }) => [action, detail?.['values']])
  }
}

const LIMITED = { 'limits.perKey': { shown: 100 } }
const TO_LIMITED = ['settings.change', { 'limits.perKey': { before: 0, after: 100 } }]

test('the first start of an installation records what differs from the defaults', async () => {
  const world = new World()
  assert.deepEqual(await world.start(LIMITED), [
    ['settings.begin', { 'limits.perKey': { before: 0, after: 100 } }],
  ])
})

test('a start with other settings is one record, whoever starts with them next, and going back is another', async () => {
  const world = new World()
  await world.start({})
  assert.deepEqual(await world.start({}), [])
  assert.deepEqual(await world.start(LIMITED), [TO_LIMITED])
  assert.deepEqual(await world.start(LIMITED), [])
  assert.deepEqual(await world.start({}), [
    ['settings.change', { 'limits.perKey': { before: 100, after: 0 } }],
  ])
})

test('of many that start at one moment one records the change', async () => {
  const world = new World()
  await world.start({})
  const settings = { ...DEFAULTS, ...LIMITED }
  await Promise.all(Array.from({ length: 15 }, () => world.process().begin(settings)))
  assert.equal(world.records.filter(({ action }) => action === 'settings.change').length, 1)
  assert.deepEqual(world.log.lines, [])
})

test('each data centre is compared with itself', async () => {
  const world = new World()
  await world.start(LIMITED)
  assert.equal((await world.start({}, { dc: 2 })).length, 1)
  assert.deepEqual(await world.start(LIMITED), [])
})

test('what a process did not live to record, a later start does', async () => {
  const world = new World()
  await world.start({})
  assert.deepEqual(await world.start(LIMITED, { diesBeforeFlush: true }), [])
  assert.deepEqual(await world.start(LIMITED), [], 'it may be on its way')
  world.clock.advance(OWED_MAX_MS + 1)
  assert.deepEqual(await world.start(LIMITED), [TO_LIMITED])
  world.clock.advance(OWED_MAX_MS + 1)
  assert.deepEqual(await world.start(LIMITED), [], 'once')
})

const BACK = ['settings.change', { 'limits.perKey': { before: 100, after: 0 } }]

test('a change that may not be on record and is taken back is one, for its way there may be', async () => {
  const world = new World()
  await world.start({})
  await world.start(LIMITED, { diesBeforeFlush: true })
  world.clock.advance(OWED_MAX_MS + 1)
  assert.deepEqual(await world.start({}), [BACK])
  assert.deepEqual(await world.start(LIMITED), [TO_LIMITED])
})

test('a start right after one that was killed records what that one owed beside its own', async () => {
  const world = new World()
  await world.start({})
  await world.start(LIMITED, { diesBeforeFlush: true })
  const third = { ...LIMITED, 'log.level': { shown: 'debug' } }
  const both = {
    'limits.perKey': { before: 0, after: 100 },
    'log.level': { before: 'info', after: 'debug' },
  }
  assert.deepEqual(await world.start(third, { diesBeforeFlush: true }), [])
  world.clock.advance(OWED_MAX_MS + 1)
  assert.deepEqual(await world.start(third), [['settings.change', both]], 'two were killed')
  await world.start({}, { diesBeforeFlush: true })
  assert.deepEqual((await world.start(LIMITED)).length, 1, 'one was killed a moment ago')
  assert.equal((await world.store.find(1))?.owed, undefined)
})

test('settings that were kept while the record was written leave the first start not owed', async () => {
  const world = new World()
  world.whileFlushed = () => world.process().keep({ 'log.level': { shown: 'debug' } })
  await world.start(LIMITED)
  world.whileFlushed = undefined
  world.clock.advance(OWED_MAX_MS + 1)
  assert.deepEqual(await world.start({ ...LIMITED, 'log.level': { shown: 'debug' } }), [
    ['settings.change', { 'log.level': { before: 'info', after: 'debug' } }],
  ])
  assert.equal((await world.store.find(1))?.owed, undefined)
})

test('what another start took over while the record was written stays owed, from what is on record on', async () => {
  const world = new World()
  await world.start({})
  const third = { ...LIMITED, 'log.level': { shown: 'debug' } }
  let begun = false
  world.whileFlushed = async () => {
    if (!begun) {
      begun = true
      await world.process({ diesBeforeFlush: true }).begin({ ...DEFAULTS, ...third })
    }
  }
  assert.deepEqual(await world.start(LIMITED), [TO_LIMITED])
  world.clock.advance(OWED_MAX_MS + 1)
  assert.deepEqual(await world.start(third), [
    ['settings.change', { 'log.level': { before: 'info', after: 'debug' } }],
  ])
})

test('whatever hangs, the start goes on', async () => {
  const world = new World()
  world.whileFlushed = () => new Promise(() => {})
  const begun = world.start(LIMITED)
  await settle()
  world.clock.advance(BEGIN_MAX_MS)
  await begun
  assert.deepEqual(
    world.log.lines.map(({ text }) => text),
    ['settings could not be compared with those of the last start'],
  )
  assert.equal(world.clock.pending, 0)
})

test('what was changed and recorded while a process ran is no change of the next start', async () => {
  const world = new World()
  await world.start({})
  await world.process().keep(LIMITED)
  assert.deepEqual(await world.start(LIMITED), [])
  await world.process({ dc: 3 }).keep(LIMITED)
  assert.equal(await world.store.find(3), undefined, 'nothing began there')
})

test('a secret that was replaced is seen by its mark, and only while marks are made with one key', async () => {
  const world = new World()
  const secrets = (mark: string, key: string): KeptSettings => ({
    'auth.adminKey': { shown: '[hidden]', mark },
    'audit.key': { shown: '[hidden]', mark: key },
  })
  const hidden = { before: '[hidden]', after: '[hidden]' }
  await world.start(secrets('a', 'k1'))
  assert.deepEqual(await world.start(secrets('b', 'k1')), [['settings.change', { 'auth.adminKey': hidden }]])
  assert.deepEqual(await world.start(secrets('c', 'k2')), [['settings.change', { 'audit.key': hidden }]])
  assert.deepEqual(await world.start(secrets('c', 'k2')), [])
})

test('a key that this version is the first to know changes only where it is not on its default', async () => {
  const world = new World()
  const { 'limits.perKey': _, ...older } = DEFAULTS
  await world.process().begin(older)
  assert.deepEqual(await world.start({}), [])
  assert.deepEqual(await world.start(LIMITED), [TO_LIMITED])
  await world.process().begin(older)
  assert.deepEqual(await world.start(LIMITED), [], 'the older version does not forget it')
})

test('a database that does not answer is told, and keeps nobody from starting', async () => {
  const world = new World()
  world.store.isAway = true
  assert.deepEqual(await world.start(LIMITED), [])
  assert.deepEqual(
    world.log.lines.map(({ text }) => text),
    ['settings could not be compared with those of the last start'],
  )
})
