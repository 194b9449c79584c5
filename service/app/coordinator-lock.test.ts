import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { CoordinatorLock } from './coordinator-lock.ts'

function twoProcesses() {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const lock = (holder: string): CoordinatorLock =>
    new CoordinatorLock({ coordinator: new MemoryCoordinator(etcd), holder, ttlMs: 10_000 })
  return { clock, etcd, one: lock('one'), other: lock('other') }
}

test('one process at a time does the work, and the next one after it', async () => {
  const { etcd, one, other } = twoProcesses()
  const done: string[] = []
  const first = await one.run('ranges/0', async () => {
    assert.equal(etcd.get('/locks/ranges/0')?.value, 'one')
    assert.equal(await other.run('ranges/0', async () => void done.push('other')), false)
    assert.equal(await other.run('ranges/1', async () => void done.push('elsewhere')), true)
    done.push('one')
  })
  assert.equal(first, true)
  assert.equal(await other.run('ranges/0', async () => void done.push('later')), true)
  assert.deepEqual(done, ['elsewhere', 'one', 'later'])
  assert.deepEqual(etcd.list('/locks/').entries, [])
})

test('work that fails lets go of the lock', async () => {
  const { one, other } = twoProcesses()
  await assert.rejects(
    one.run('x', () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.equal(await other.run('x', async () => {}), true)
})

test('a holder that hangs keeps the others away for the lease alone', async () => {
  const { clock, one, other } = twoProcesses()
  const hanging = Promise.withResolvers<void>()
  const running = one.run('x', () => hanging.promise)
  await Promise.resolve()
  assert.equal(await other.run('x', async () => {}), false)
  clock.advance(10_001)
  assert.equal(await other.run('x', async () => {}), true)
  hanging.resolve()
  assert.equal(await running, true)
})

test('without etcd no work begins', async () => {
  const { etcd, one } = twoProcesses()
  etcd.away = 'cut off'
  await assert.rejects(
    one.run('x', () => Promise.reject(new Error('began'))),
    /etcd cannot be reached/,
  )
})

test('a turn keeps the lock after its work for the lease, and lets go of it where the work fails', async () => {
  const { clock, one, other } = twoProcesses()
  await assert.rejects(
    one.takeTurn('x', () => Promise.reject(new Error('broken'))),
    /broken/,
  )
  assert.equal(await one.takeTurn('x', async () => {}), true)
  assert.equal(await other.takeTurn('x', async () => {}), false)
  clock.advance(10_001)
  assert.equal(await other.takeTurn('x', async () => {}), true)
})
