import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  AUTHORITY_LIFE_MS,
  type AuthorityState,
  authorityDueMs,
  DISTRIBUTION_MS,
  decideAuthority,
  decideServer,
  renewalMs,
  SERVER_LIFE_MS,
} from './renewal-decision.ts'

const DAY_MS = 24 * 3_600_000
const NOW_MS = Date.UTC(2026, 0, 1)

/** An authority that was made so many days ago. */
function made(daysAgo: number): { notBeforeMs: number; notAfterMs: number } {
  const notBeforeMs = NOW_MS - daysAgo * DAY_MS
  return { notBeforeMs, notAfterMs: notBeforeMs + AUTHORITY_LIFE_MS }
}

describe('the authority', () => {
  const table: readonly [string, AuthorityState, object][] = [
    ['is made where there is none', {}, { do: 'make' }],
    ['stays while it is young', { signing: made(2433) }, { do: 'keep' }],
    ['gets a successor after two thirds of its life', { signing: made(2434) }, { do: 'prepare-next' }],
    [
      'goes on signing while its successor is made known',
      { signing: made(2463), next: made(29) },
      { do: 'keep' },
    ],
    [
      'gives way when its successor is known',
      { signing: made(2464), next: made(30) },
      { do: 'sign-with-next' },
    ],
    [
      'stays trusted while a certificate of it may live',
      { signing: made(119), previous: made(2553) },
      { do: 'keep' },
    ],
    [
      'is forgotten when no certificate of it can be valid',
      { signing: made(120), previous: made(2554) },
      { do: 'forget-previous' },
    ],
    ['is forgotten at its own end', { signing: made(40), previous: made(3650) }, { do: 'forget-previous' }],
    ['is made anew when it ended', { signing: made(3650) }, { do: 'make' }],
    [
      'gives way at its end to a successor that is not known to all',
      { signing: made(3650), next: made(1) },
      { do: 'sign-with-next' },
    ],
    ['gives way to its successor when it is lost', { next: made(1) }, { do: 'sign-with-next' }],
    ['is made anew when its successor ended, too', { signing: made(8000), next: made(3651) }, { do: 'make' }],
    ['stays when the clock is behind', { signing: made(-900) }, { do: 'keep' }],
  ]
  for (const [what, state, step] of table)
    test(`the authority ${what}`, () => assert.deepEqual(decideAuthority(state, NOW_MS), step))

  test('the next look is when the answer changes, not a millisecond before', () => {
    for (const state of [
      { signing: made(0) },
      { signing: made(2450), next: made(5) },
      { signing: made(50), previous: made(2500) },
      { signing: made(50), previous: made(3600) },
    ]) {
      const dueMs = authorityDueMs(state)
      assert.equal(decideAuthority(state, Math.ceil(dueMs) - 1).do, 'keep')
      assert.notEqual(decideAuthority(state, Math.ceil(dueMs)).do, 'keep')
    }
  })

  test('an authority is known to all long before it signs', () => assert.equal(DISTRIBUTION_MS, 30 * DAY_MS))
})

describe('the certificate of the pods', () => {
  const validity = { notBeforeMs: NOW_MS, notAfterMs: NOW_MS + SERVER_LIFE_MS }
  const state = { ...validity, names: ['a', 'b'], signedByAuthority: true }

  test('is made for the first reason that holds', () => {
    assert.equal(decideServer(undefined, ['a'], NOW_MS), 'Missing')
    assert.equal(decideServer({ ...state, signedByAuthority: false }, ['a'], NOW_MS), 'AuthorityChanged')
    assert.equal(decideServer(state, ['a', 'c'], NOW_MS), 'NamesChanged')
    assert.equal(decideServer(state, ['b', 'a'], NOW_MS + 60 * DAY_MS), 'EndNear')
  })

  test('stays for two thirds of its life, whatever the order of its names', () => {
    assert.equal(renewalMs(validity), NOW_MS + 60 * DAY_MS)
    assert.equal(decideServer(state, ['b', 'a'], NOW_MS + 60 * DAY_MS - 1), undefined)
  })

  test('stays when the clock is behind', () => {
    assert.equal(decideServer(state, ['a', 'b'], NOW_MS - 900 * DAY_MS), undefined)
  })
})
