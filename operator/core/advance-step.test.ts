import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideRollout } from './decide-rollout.ts'
import { HOUR, held, installed, MINUTE, plan, reasons, SECOND } from './rollout-scenes.ts'
import type { RevisionState } from './rollout-snapshot.ts'

function state(revision: string, replicas: number, available = replicas): RevisionState {
  return { revision, createdAt: '2026-01-01T00:00:00Z', replicas, ready: available, available }
}

/** Whether the step of 50 % of 6 pods has its pods, when they are these. */
function hasItsPods(...revisions: RevisionState[]): boolean {
  const world = installed(6, plan({ steps: [{ weight: 50, holdMs: HOUR, requireApproval: false }] }))
  world.wanted = 'r2'
  world.reconcile()
  const { status } = decideRollout({
    nowMs: world.nowMs,
    plan: world.plan,
    wantedRevision: 'r2',
    replicas: 6,
    endingPods: 0,
    status: world.status,
    revisions,
    commands: {},
  })
  return status.rollout?.stepStartedAt !== undefined
}

describe('a step', () => {
  test('has its pods when both sides are as wanted and nothing else has any', () => {
    const table: readonly [boolean, ...RevisionState[]][] = [
      [true, state('r1', 3), state('r2', 3)],
      [true, state('r1', 3), state('r2', 3), state('r0', 0)],
      [false, state('r1', 3), state('r2', 3, 2)],
      [false, state('r1', 3, 2), state('r2', 3)],
      [false, state('r1', 4), state('r2', 3)],
      [false, state('r1', 3), state('r2', 2)],
      [false, state('r1', 3), state('r2', 2, 3)],
      [false, state('r1', 3), state('r2', 3), state('r0', 1, 0)],
    ]
    for (const [expected, ...revisions] of table)
      assert.equal(hasItsPods(...revisions), expected, JSON.stringify(revisions))
  })

  test('does not end with its hold while a pod of either side is away', () => {
    for (const revision of ['r1', 'r2']) {
      const world = held()
      world.run(23 * HOUR + 54 * MINUTE)
      world.pods.behaviours.set(revision, { startMs: 5 * SECOND, down: true })
      world.run(5 * MINUTE)
      assert.equal(world.status.rollout?.stepIndex, 0, revision)
      world.pods.behaviours.delete(revision)
      world.run(MINUTE)
      assert.equal(world.status.rollout.stepIndex, 1)
    }
  })

  test('without a hold is not held by a clock that is behind', () => {
    const world = installed(6, plan({ steps: [{ weight: 50, holdMs: 0, requireApproval: true }] }))
    world.wanted = 'r2'
    world.run(5 * MINUTE)
    world.skewMs = -6 * MINUTE
    world.reconcile()
    assert.equal(world.status.rollout?.pause?.reason, 'Approval')
  })

  test('says since when it waits for the same thing, and tells it once', () => {
    const world = held()
    const since = world.status.rollout?.pause?.since
    assert.ok(since !== undefined)
    world.run(HOUR)
    assert.equal(world.status.rollout?.pause?.since, since)
    assert.deepEqual(reasons(world), [])
    world.annotations.set('pause', 'r2')
    world.run(HOUR)
    assert.notEqual(world.status.rollout.pause?.since, since)
    assert.deepEqual(reasons(world), ['CanaryPaused'])
  })
})
