import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PodCounters } from './exposition.ts'
import { RevisionTraffic } from './revision-traffic.ts'

function seen(...looks: Record<string, PodCounters>[]): RevisionTraffic {
  const traffic = new RevisionTraffic()
  for (const look of looks) traffic.observe(new Map(Object.entries(look)))
  return traffic
}

describe('the traffic of a revision', () => {
  test('is what the counters grew by, over all pods', () => {
    const { traffic } = seen(
      { a: { processStart: 1, answered: 100, failed: 1 }, b: { processStart: 1, answered: 7 } },
      { a: { processStart: 1, answered: 150, failed: 3 }, b: { processStart: 1, answered: 10, failed: 1 } },
    )
    assert.deepEqual(traffic, { answered: 53, failed: 3, duplicates: 0 })
  })

  test('does not count what a pod did before it was first seen', () => {
    assert.equal(seen({ a: { answered: 5000 } }).traffic.answered, 0)
    assert.equal(
      seen({ a: { answered: 5 } }, { a: { answered: 6 }, b: { answered: 9000 } }).traffic.answered,
      1,
    )
  })

  test('counts from 0 after a restart, whether the counter is then lower or higher', () => {
    const before = { processStart: 1, answered: 100 }
    assert.equal(seen({ a: before }, { a: { processStart: 2, answered: 30 } }).traffic.answered, 30)
    assert.equal(seen({ a: before }, { a: { processStart: 2, answered: 130 } }).traffic.answered, 130)
    // Without a start time only the fall tells.
    assert.equal(seen({ a: { answered: 100 } }, { a: { answered: 30 } }).traffic.answered, 30)
  })

  test('takes a sum that fell in the same process for a deleted tag, not for failures', () => {
    const { traffic } = seen(
      { a: { processStart: 1, answered: 100, failed: 1000 } },
      { a: { processStart: 1, answered: 150, failed: 400 } },
      { a: { processStart: 1, answered: 160, failed: 401 } },
    )
    assert.deepEqual([traffic.answered, traffic.failed], [60, 1])
  })

  test('has histograms by bound, and counters that appear late from 0', () => {
    const { traffic } = seen(
      { a: { processStart: 1 }, b: { processStart: 1, durations: new Map([[1, 5]]) } },
      {
        a: { processStart: 1, answered: 4, degraded: 2, durations: new Map([[1, 4]]) },
        b: { processStart: 1, durations: new Map([[1, 8]]) },
      },
    )
    assert.deepEqual(traffic, {
      answered: 4,
      failed: 0,
      duplicates: 0,
      degraded: 2,
      durations: new Map([[1, 7]]),
    })
  })

  test('begins anew with each window, at the counters of the last look', () => {
    const traffic = seen({ a: { answered: 1 } }, { a: { answered: 5 } })
    traffic.openWindow()
    assert.equal(traffic.traffic.answered, 0)
    traffic.observe(new Map([['a', { answered: 6 }]]))
    assert.equal(traffic.traffic.answered, 1)
  })

  test('forgets pods that are gone', () => {
    const traffic = seen({ a: { answered: 1 }, b: { answered: 1 } })
    traffic.keepOnly(new Set(['b']))
    traffic.observe(
      new Map([
        ['a', { answered: 50 }],
        ['b', { answered: 2 }],
      ]),
    )
    assert.equal(traffic.traffic.answered, 1)
  })
})
