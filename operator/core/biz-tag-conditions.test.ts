import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { conditionsOf, no, yes } from './biz-tag-conditions.ts'

const EARLIER = '2026-01-01T00:00:00Z'
const NOW = '2026-06-01T00:00:00Z'

describe('conditions of a BizTag', () => {
  test('the time changes with the status, and not with its reason or text', () => {
    const before = conditionsOf({ Ready: no('A', 'a'), Stalled: yes('A', 'a') }, [], 1, EARLIER)
    const after = conditionsOf({ Ready: no('B', 'b'), Accepted: yes('C', 'c') }, before, 2, NOW)
    assert.deepEqual(
      after.map(({ type, reason, observedGeneration, lastTransitionTime }) => [
        type,
        reason,
        observedGeneration,
        lastTransitionTime,
      ]),
      [
        ['Ready', 'B', 2, EARLIER],
        ['Accepted', 'C', 2, NOW],
      ],
    )
    assert.equal(conditionsOf({ Ready: yes('B', 'b') }, after, 2, NOW)[0]?.lastTransitionTime, NOW)
  })
})
