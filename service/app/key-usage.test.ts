import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryKeyUseStore } from '../adapters/memory/memory-key-use-store.ts'
import { IdgenError } from '../core/errors.ts'
import { KeyUsage } from './key-usage.ts'

const [A, B] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb']

class Store extends MemoryKeyUseStore {
  writes = 0
  away = false

  override note(uses: ReadonlyMap<string, Date>): Promise<void> {
    this.writes += 1
    if (this.away) return Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', 'away'))
    return super.note(uses)
  }
}

let clock: MemoryClock
let store: Store
let used: Map<string, number>
let usage: KeyUsage
beforeEach(() => {
  clock = new MemoryClock()
  store = new Store()
  used = new Map()
  const takeUses = (): Map<string, number> => {
    const uses = used
    used = new Map()
    return uses
  }
  usage = new KeyUsage({ store, authenticator: { takeUses }, clock, log: SILENT })
})

test('uses of all keys are written together once a minute, and nothing is written without one', async () => {
  usage.start()
  used.set(A, 1000).set(B, 2000)
  clock.advance(59_999)
  await settle()
  assert.equal(store.writes, 0)
  clock.advance(1)
  await settle()
  assert.equal(store.writes, 1)
  assert.deepEqual(
    await store.lastUses([A, B]),
    new Map([
      [A, new Date(1000)],
      [B, new Date(2000)],
    ]),
  )
  clock.advance(60_000)
  await settle()
  assert.equal(store.writes, 1)
  await usage.stop()
})

test('what could not be written is written the next time, and what is newer in its place', async () => {
  used.set(A, 1000).set(B, 2000)
  store.away = true
  await usage.write()
  used.set(A, 3000)
  store.away = false
  await usage.stop()
  assert.deepEqual(
    await store.lastUses([A, B]),
    new Map([
      [A, new Date(3000)],
      [B, new Date(2000)],
    ]),
  )
})

test('the admin key and callers without a key are in no list of keys', async () => {
  used.set('admin', 1).set('anonymous', 1)
  await usage.write()
  assert.equal(store.writes, 0)
})
