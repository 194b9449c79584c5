import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { counts, HOUR, held, installed, MINUTE, plan, reasons } from './rollout-scenes.ts'
import type { CrashPoint } from './simulated-rollout.ts'

describe('promote', () => {
  test('ends the hold of the current step only', () => {
    const world = held()
    world.annotations.set('promote', 'r2')
    world.run(HOUR)
    assert.equal(world.status.rollout?.stepIndex, 1)
    assert.deepEqual(counts(world, 'r1', 'r2'), [3, 3])
    assert.equal(world.annotations.size, 0)
    assert.match(world.events[0]?.note ?? '', /5 %, promoted by somebody/)
  })

  test('acts once wherever the operator ends in between, and again when it is set again', () => {
    for (const crash of ['after status', 'after annotations'] as const satisfies readonly CrashPoint[]) {
      const world = held()
      world.annotations.set('promote', 'r2')
      world.crash = crash
      world.run(HOUR)
      assert.equal(world.status.rollout?.stepIndex, 1, crash)
      assert.equal(world.annotations.size, 0)
      assert.equal(world.status.takenCommands, undefined)
      world.annotations.set('promote', 'r2')
      world.run(HOUR)
      assert.equal(world.status.stableRevision, 'r2')
    }
  })

  test('gives the approval that a step waits for after its hold', () => {
    const world = held(
      6,
      plan({
        steps: [
          { weight: 5, holdMs: HOUR, requireApproval: true },
          { weight: 100, holdMs: 0, requireApproval: false },
        ],
      }),
    )
    world.run(30 * HOUR)
    assert.equal(world.status.rollout?.pause?.reason, 'Approval')
    assert.equal(world.last.conditions.paused.status, true)
    assert.match(world.last.conditions.paused.message, /idgen\.io\/promote=r2/)
    assert.deepEqual(reasons(world), ['CanaryPaused'])
    world.annotations.set('promote', 'r2')
    world.run(HOUR)
    assert.equal(world.status.stableRevision, 'r2')
  })

  test('waits for the canary that is not yet there, and not for pods that stable lacks', () => {
    const world = held()
    world.pods.behaviours.set('r1', { startMs: 5000, down: true })
    world.annotations.set('promote', 'r2')
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r2'), [3])
  })
})

describe('promote-full', () => {
  test('goes to all at once, without holds and judgements', () => {
    const world = held()
    world.verdicts.set('r2', 'Inconclusive')
    world.run(MINUTE)
    world.annotations.set('promote-full', 'r2')
    world.run(MINUTE)
    assert.equal(world.status.stableRevision, 'r2')
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 6])
  })

  test('is not stopped by judgements, which somebody has overruled', () => {
    const world = held()
    world.verdicts.set('r2', 'Fail')
    world.pods.behaviours.set('r2', { startMs: 5 * MINUTE })
    world.annotations.set('promote-full', 'r2')
    world.run(6 * MINUTE)
    assert.equal(world.status.stableRevision, 'r2')
  })

  test('is rolled back when the pods do not come up', () => {
    const world = held()
    world.pods.behaviours.set('r2', { startMs: 5000, down: true })
    world.annotations.set('promote-full', 'r2')
    world.run(21 * MINUTE)
    assert.equal(world.status.rollout?.state, 'RolledBack')
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 0])
  })

  test('lets a fix out while stable is down', () => {
    const world = installed()
    world.pods.behaviours.set('r1', { startMs: 5000, down: true })
    world.wanted = 'r2'
    world.run(MINUTE)
    world.annotations.set('promote-full', 'r2')
    world.run(MINUTE)
    assert.equal(world.status.stableRevision, 'r2')
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 6])
  })
})

describe('abort', () => {
  test('rolls back and blocks the revision until retry', () => {
    const world = held()
    world.run(25 * HOUR)
    world.annotations.set('abort', 'r2')
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 0])
    assert.equal(world.status.blockedRevisions?.[0]?.reason, 'Aborted')
    world.replicas = 12
    world.run(100 * HOUR)
    assert.deepEqual(counts(world, 'r1', 'r2'), [12, 0])
    world.annotations.set('retry', 'r2')
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [12, 1])
    assert.equal(world.status.blockedRevisions, undefined)
    assert.equal(world.status.rollout?.stepIndex, 0)
  })

  test('acts once: a retry after it is not undone by the annotation that still stood', () => {
    const world = held()
    world.annotations.set('abort', 'r2')
    world.crash = 'after status'
    world.reconcile()
    assert.ok(world.annotations.has('abort'))
    world.annotations.set('retry', 'r2')
    world.run(MINUTE)
    assert.equal(world.status.canaryRevision, 'r2')
    assert.equal(world.annotations.size, 0)
  })

  test('with nothing under way leaves stable alone', () => {
    const world = installed()
    world.annotations.set('abort', 'r1')
    world.run(HOUR)
    assert.deepEqual(counts(world, 'r1'), [6])
    assert.deepEqual(reasons(world), ['RolloutCommandIgnored'])
    assert.match(world.events[0]?.note ?? '', /abort=r1 is ignored: no rollout is under way/)
  })
})

describe('a command for another revision', () => {
  test('is ignored, told once and removed', () => {
    for (const command of ['promote', 'promote-full', 'abort', 'retry'] as const) {
      const world = held()
      world.annotations.set(command, 'r1')
      world.crash = 'after status'
      world.run(HOUR)
      assert.deepEqual(reasons(world), ['RolloutCommandIgnored'], command)
      assert.equal(world.annotations.size, 0)
      assert.equal(world.status.canaryRevision, 'r2')
    }
  })

  test('as a pause is told once and stays, and counts when that revision comes', () => {
    const world = held()
    world.annotations.set('pause', 'r3')
    world.run(HOUR)
    assert.deepEqual(reasons(world), ['RolloutCommandIgnored'])
    world.wanted = 'r3'
    world.run(30 * HOUR)
    assert.equal(world.status.rollout?.pause?.reason, 'User')
    assert.equal(world.status.rollout.stepIndex, 0)
  })
})

describe('pause', () => {
  test('holds the step as long as it stands, and what the pods find still counts', () => {
    const world = held()
    world.annotations.set('pause', 'r2')
    world.run(60 * HOUR)
    assert.equal(world.status.rollout?.pause?.reason, 'User')
    assert.equal(world.annotations.get('pause'), 'r2')
    world.annotations.delete('pause')
    world.run(MINUTE)
    assert.equal(world.status.rollout?.stepIndex, 1)
  })

  test('wins over promote, which counts once the pause is taken away', () => {
    const world = held()
    world.annotations.set('pause', 'r2').set('promote', 'r2')
    world.run(HOUR)
    assert.equal(world.status.rollout?.stepIndex, 0)
    world.annotations.delete('pause')
    world.run(MINUTE)
    assert.equal(world.status.rollout?.stepIndex, 1)
  })
})
