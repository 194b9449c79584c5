import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Verdict } from './analysis-verdict.ts'
import { judgeRestarts, type PodRestarts } from './judge-restarts.ts'

const HOUR = 3_600_000
const BEGIN = 1_800_000_000_000

/** That many pods, made when the rollout began, each of which restarted so often. */
function young(pods: number, restarts: number, createdMs = BEGIN): PodRestarts[] {
  return Array.from({ length: pods }, () => ({
    createdMs,
    restarts,
    ...(restarts === 0 ? {} : { lastEndMs: createdMs + 60_000 }),
  }))
}

/** Pods of a month ago that ended last at a moment after, or before, the rollout began. */
function old(pods: number, restarts: number, lastEndMs: number): PodRestarts[] {
  return young(pods, restarts, BEGIN - 720 * HOUR).map((pod) => ({ ...pod, lastEndMs: BEGIN + lastEndMs }))
}

function verdictAfter(hours: number, canary: PodRestarts[], stable?: PodRestarts[]): Verdict | 'None' {
  const span = { sinceMs: BEGIN, nowMs: BEGIN + hours * HOUR }
  return judgeRestarts(canary, stable, span)?.metric.verdict ?? 'None'
}

describe('restarts of a canary', () => {
  const quiet = young(19, 0)
  const table: readonly [string, number, PodRestarts[], PodRestarts[] | undefined, Verdict | 'None'][] = [
    ['none', 24, young(1, 0), quiet, 'None'],
    ['at the start, because a store was late', 0.1, young(1, 3), quiet, 'Pass'],
    ['every quarter of an hour', 1, young(1, 4), quiet, 'Fail'],
    ['every six hours, at the end of the first day', 24, young(1, 4), quiet, 'Fail'],
    ['every twelve hours, after a day', 24, young(1, 2), quiet, 'Pass'],
    [
      'every twelve hours, in the second day of the default steps',
      48,
      [...young(1, 4), ...young(2, 2, BEGIN + 24 * HOUR)],
      quiet,
      'Fail',
    ],
    ['once each, because a rack lost its power', 1, young(50, 1), young(50, 0), 'Pass'],
    ['twice each of many', 1, young(50, 2), young(50, 0), 'Fail'],
    ['of one among many that never comes to rest', 1, [...young(9, 0), ...young(1, 13)], quiet, 'Fail'],
    ['now and then in a hold of months', 2000, young(1, 40), quiet, 'Pass'],
    ['as often as those of stable', 24, young(1, 5), young(19, 5), 'Pass'],
    ['twice as often as those of stable', 24, young(1, 10), young(19, 5), 'Pass'],
    ['three times as often as those of stable', 24, young(1, 15), young(19, 5), 'Fail'],
    ['while pods of stable restarted long ago', 24, young(1, 5), old(19, 5, -HOUR), 'Fail'],
    ['while old pods of stable restart as well', 24, young(1, 5), old(19, 5, HOUR), 'Pass'],
    ['beside no pod of stable', 1, young(1, 4), undefined, 'Fail'],
    ['in pods that an earlier try of the revision left', 1, old(1, 9, -HOUR), quiet, 'None'],
    ['of pods from the future, where clocks differ', -1, young(1, 3), quiet, 'Pass'],
  ]
  for (const [name, hours, canary, stable, expected] of table)
    test(`${name}: ${expected}`, () => {
      assert.equal(verdictAfter(hours, canary, stable), expected)
    })

  test('are told with the time they took and what is borne, beside those of stable', () => {
    const span = { sinceMs: BEGIN, nowMs: BEGIN + 2 * HOUR }
    assert.deepEqual(judgeRestarts(young(1, 8), young(3, 0), span), {
      metric: { name: 'restarts', canary: '8', stable: '0', samples: 0, verdict: 'Fail' },
      note: 'restarts are 8 in 2h of 1 pods, above 3; stable: 0 in 6h',
    })
    assert.equal(judgeRestarts(young(1, 1), undefined, span)?.note, '')
  })
})
