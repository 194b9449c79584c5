import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deletableRevisions } from './revision-history.ts'

describe('the history of revisions', () => {
  const state = (revision: string, day: number, pods = 0) => ({
    revision,
    createdAt: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`,
    replicas: pods,
    ready: pods,
    available: pods,
  })

  test('keeps the youngest without pods beside those that are needed', () => {
    const all = [state('a', 1), state('b', 2), state('c', 3), state('d', 4), state('e', 5), state('f', 6, 3)]
    assert.deepEqual(deletableRevisions(all, new Set(['f']), 3), ['b', 'a'])
    assert.deepEqual(deletableRevisions(all, new Set(['f', 'a']), 3), ['b'])
    assert.deepEqual(deletableRevisions(all, new Set(['f']), 0), ['e', 'd', 'c', 'b', 'a'])
  })

  test('never names one that has pods, asked for or still there', () => {
    const ending = { ...state('a', 1), available: 1 }
    assert.deepEqual(deletableRevisions([ending, state('b', 2, 2)], new Set(), 0), [])
  })

  test('is the same in whatever order the cache gives it', () => {
    const same = ['x', 'y', 'z'].map((revision) => state(revision, 1))
    assert.deepEqual(
      deletableRevisions(same.toReversed(), new Set(), 1),
      deletableRevisions(same, new Set(), 1),
    )
  })
})
