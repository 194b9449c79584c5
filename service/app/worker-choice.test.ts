import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { workerKey, workerTimeKey } from '../core/coordination-keys.ts'
import type { Entry } from '../ports/coordinator.ts'
import { freeWorkers, noneFree, workerView } from './worker-choice.ts'

const NOW = 1_000_000

function view(
  workers: number,
  held: readonly number[],
  times: Readonly<Record<number, string | number>>,
  copies: readonly (readonly [number, number])[] = [],
) {
  const entry = (key: string, value: string): Entry => ({ key, value, createRevision: 1, modRevision: 1 })
  return workerView(
    3,
    workers,
    held.map((worker) => entry(workerKey(3, worker), '{}')),
    Object.entries(times).map(([worker, until]) =>
      entry(
        workerTimeKey(3, Number(worker)),
        typeof until === 'string' ? until : JSON.stringify({ untilMs: until, nonce: 'a' }),
      ),
    ),
    new Map(copies),
  )
}

describe('the worker ids to try', () => {
  test('trap 7: never used ones come first, then the one used longest ago', () => {
    const seen = view(5, [2], { 0: NOW - 10, 1: NOW - 3000, 2: NOW - 9000, 4: NOW })
    assert.deepEqual(freeWorkers(seen, NOW, 0), [3, 1, 0, 4])
  })

  test('the greater of etcd and the copy counts, and what lies ahead is not tried', () => {
    const seen = view(3, [], { 0: NOW - 10, 1: NOW + 1, 2: NOW - 5 }, [
      [0, NOW + 10],
      [2, NOW - 9000],
    ])
    assert.deepEqual(freeWorkers(seen, NOW, 0), [2])
  })

  test('a record that nobody can read keeps its worker id from being tried', () => {
    assert.deepEqual(freeWorkers(view(2, [], { 0: 'nonsense' }), NOW, 0), [1])
  })

  test('among equals every process begins somewhere else', () => {
    assert.deepEqual(freeWorkers(view(4, [], {}), NOW, 2), [2, 3, 0, 1])
    assert.deepEqual(freeWorkers(view(4, [], {}), NOW, 7), [3, 0, 1, 2])
  })
})

describe('the refusal when none is free', () => {
  test('says that all are held, and to come again after a lease at the latest', () => {
    const error = noneFree(view(2, [0, 1], {}), NOW, 20_000)
    assert.match(error.message, /Data centre 3 has no free worker id: all 2 are held by other processes/)
    assert.equal(error.retryAfterMs, 20_000)
    assert.equal(noneFree(view(2, [0, 1], {}), NOW, 90_000).retryAfterMs, 30_000)
  })

  test('says that the others lie ahead, and when the first will not any more', () => {
    const error = noneFree(view(3, [0], { 1: NOW + 5000, 2: NOW + 400 }), NOW, 30_000)
    assert.match(error.message, /1 of 3 are held and the time of the others lies ahead/)
    assert.equal(error.retryAfterMs, 400)
    assert.equal(noneFree(view(1, [], { 0: NOW + 1 }), NOW, 30_000).retryAfterMs, 100, 'not at once')
    assert.equal(noneFree(view(1, [], { 0: 'nonsense' }), NOW, 30_000).retryAfterMs, 30_000)
  })
})
