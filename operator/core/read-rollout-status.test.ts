import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdGeneratorStatus } from '../api/generated/id-generator.ts'
import { readRolloutStatus } from './read-rollout-status.ts'
import { held } from './rollout-scenes.ts'
import type { RolloutStatus } from './rollout-status.ts'

describe('the status of a rollout', () => {
  test('is read as it was written', () => {
    const world = held()
    world.annotations.set('retry', 'r9')
    world.crash = 'after status'
    const { status } = world.reconcile()
    assert.ok(status.rollout?.analysis !== undefined && status.takenCommands !== undefined)
    // It fits the resource definition too.
    const written: IdGeneratorStatus = status
    assert.deepEqual(readRolloutStatus(JSON.parse(JSON.stringify(written)) as IdGeneratorStatus), status)
  })

  test('is empty where there is none, and leaves other fields out', () => {
    assert.deepEqual(readRolloutStatus(undefined), {})
    assert.deepEqual(readRolloutStatus({ replicas: 3, stableRevision: 'r1' }), { stableRevision: 'r1' })
  })

  test('that somebody cut down counts only as far as a decision can rest on it', () => {
    const { rollout } = held().status
    assert.ok(rollout?.analysis !== undefined)
    const { stepsHash: _cut, ...rest } = rollout
    assert.deepEqual(readRolloutStatus({ stableRevision: 'r1', rollout: rest }), { stableRevision: 'r1' })
    const cut: RolloutStatus = readRolloutStatus({
      rollout: { ...rollout, pause: { reason: 'Hold' }, analysis: { phase: 'Passing' }, waiting: {} },
      blockedRevisions: [{ revision: 'r0', reason: 'Unheard' }],
      takenCommands: [],
    })
    assert.deepEqual(cut.blockedRevisions, [{ revision: 'r0', reason: 'Aborted', message: '', at: '' }])
    assert.deepEqual(
      [cut.rollout?.pause, cut.rollout?.analysis, cut.rollout?.waiting],
      [undefined, undefined, undefined],
    )
    const odd = readRolloutStatus({
      rollout: { ...rollout, stepIndex: -4, analysis: { ...rollout.analysis, samples: [{ at: 'x' }] } },
    })
    assert.deepEqual([odd.rollout?.stepIndex, odd.rollout?.analysis?.samples], [0, []])
  })
})
