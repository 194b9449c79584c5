import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { counts, HOUR, held, installed, MINUTE, plan, reasons, SECOND } from './rollout-scenes.ts'
import { SimulatedRollout } from './simulated-rollout.ts'

describe('a first deployment', () => {
  test('skips the steps and is stable with its first available pod', () => {
    const world = new SimulatedRollout(plan(), 3)
    world.reconcile()
    assert.deepEqual(counts(world, 'r1'), [3])
    assert.equal(world.status.stableRevision, undefined)
    assert.equal(world.last.conditions.progressing.reason, 'FirstDeployment')
    world.run(5 * SECOND)
    assert.equal(world.status.stableRevision, 'r1')
    assert.equal(world.status.rollout?.state, 'Promoted')
    assert.deepEqual(reasons(world), ['RevisionCreated', 'CanaryStepStarted', 'CanaryPromoted'])
  })

  test('that does not come up is told, never rolled back, and gives way to the next spec at once', () => {
    const world = new SimulatedRollout(plan(), 3)
    const failing = { reason: 'ImagePullBackOff', message: 'no such image idgen:typo' }
    world.pods.behaviours.set('r1', { startMs: Number.POSITIVE_INFINITY, failing })
    world.run(11 * MINUTE)
    assert.equal(world.status.blockedRevisions, undefined)
    assert.equal(world.last.conditions.healthy.reason, 'ProgressDeadlineExceeded')
    assert.match(world.last.conditions.healthy.message, /0 of 3.*ImagePullBackOff: no such image idgen:typo/)
    world.wanted = 'r2'
    world.run(MINUTE)
    assert.equal(world.status.stableRevision, 'r2')
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 3])
  })

  test('waits when no pods are wanted, and a rollout at 0 replicas does not skip its steps', () => {
    const world = new SimulatedRollout(plan(), 0)
    world.run(HOUR)
    assert.equal(world.status.stableRevision, undefined)
    world.replicas = 3
    world.run(MINUTE)
    assert.equal(world.status.stableRevision, 'r1')
    world.replicas = 0
    world.wanted = 'r2'
    world.run(100 * HOUR)
    assert.equal(world.status.rollout?.stepIndex, 0)
    world.replicas = 3
    world.run(HOUR)
    assert.equal(world.status.stableRevision, 'r1')
    assert.deepEqual(counts(world, 'r1', 'r2'), [3, 1])
  })
})

describe('a canary', () => {
  test('goes 5 %, 24 h, 50 %, 24 h, 100 % without a pod less at any time', () => {
    const world = installed(6)
    const startedMs = world.nowMs
    world.wanted = 'r2'
    world.onDecision = (decision, before) => {
      const available = before.reduce((sum, one) => sum + Math.min(one.available, one.replicas), 0)
      assert.ok(available >= 6, `only ${available} pods are available`)
      void decision
    }
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 1])
    assert.equal(world.status.rollout?.desiredWeight, 5)
    assert.equal(world.status.rollout?.actualWeight, 14)
    assert.equal(world.status.rollout?.pause?.reason, 'Hold')
    world.run(24 * HOUR)
    assert.deepEqual(counts(world, 'r1', 'r2'), [3, 3])
    assert.equal(world.status.stableRevision, 'r1')
    world.run(24 * HOUR)
    assert.equal(world.status.stableRevision, 'r2')
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 6])
    assert.deepEqual(reasons(world), [
      'RevisionCreated',
      'CanaryStepStarted',
      'CanaryPaused',
      'CanaryStepCompleted',
      'CanaryStepStarted',
      'CanaryPaused',
      'CanaryStepCompleted',
      'CanaryStepStarted',
      'CanaryStepCompleted',
      'CanaryPromoted',
    ])
    const promoted = world.events.at(-1)?.atMs ?? 0
    assert.ok(promoted - startedMs >= 48 * HOUR && promoted - startedMs < 48 * HOUR + 5 * MINUTE)
  })

  test('is promoted without starting or ending a pod', () => {
    const world = held(4, plan({ steps: [{ weight: 100, holdMs: HOUR, requireApproval: false }] }))
    const before = world.pods.print()
    world.run(HOUR)
    assert.equal(world.status.stableRevision, 'r2')
    assert.equal(world.pods.print(), before)
  })

  test('shares one replica with stable, because a Service has no finer share', () => {
    const world = held(1)
    assert.deepEqual(counts(world, 'r1', 'r2'), [1, 1])
    assert.equal(world.status.rollout?.desiredWeight, 5)
    assert.equal(world.status.rollout?.actualWeight, 50)
  })

  test('of the strategy Immediate goes to all at once, unjudged, and stable shrinks as it comes up', () => {
    const world = installed(
      4,
      plan(
        { strategy: 'Immediate', steps: [{ weight: 100, holdMs: 0, requireApproval: false }] },
        { enabled: false },
      ),
    )
    world.wanted = 'r2'
    world.reconcile()
    assert.deepEqual(counts(world, 'r1', 'r2'), [4, 4])
    world.run(10 * SECOND)
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 4])
    assert.equal(world.status.stableRevision, 'r2')
  })

  test('of the strategy Immediate is rolled back too when its pods do not come up', () => {
    const world = installed(
      4,
      plan(
        { strategy: 'Immediate', steps: [{ weight: 100, holdMs: 0, requireApproval: false }] },
        { enabled: false },
      ),
    )
    world.pods.behaviours.set('r2', { startMs: Number.POSITIVE_INFINITY })
    world.wanted = 'r2'
    world.run(11 * MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [4, 0])
    assert.equal(world.status.blockedRevisions?.[0]?.reason, 'ProgressDeadlineExceeded')
  })
})

describe('the hold', () => {
  test('goes on over a restart of the operator and a leader whose clock is behind', () => {
    const world = held()
    const since = world.status.rollout?.stepStartedAt
    world.run(12 * HOUR)
    world.restart()
    world.skewMs = -20 * SECOND
    const until = world.status.rollout?.pause?.until
    world.run(11 * HOUR)
    assert.equal(world.status.rollout?.pause?.until, until)
    assert.equal(world.status.rollout?.stepStartedAt, since)
    assert.equal(world.status.rollout?.stepIndex, 0)
    world.run(HOUR)
    assert.equal(world.status.rollout?.stepIndex, 1)
  })

  test('that another clock began in the future is written once, not at every look', () => {
    const world = held()
    world.skewMs = -10 * MINUTE
    const { status } = world.reconcile()
    world.nowMs += 1000
    assert.deepEqual(world.reconcile().status, status)
  })

  test('does not begin before pods are available, and one evicted pod does not begin it anew', () => {
    const world = installed()
    world.pods.behaviours.set('r2', { startMs: 8 * MINUTE })
    world.wanted = 'r2'
    world.run(7 * MINUTE)
    assert.equal(world.status.rollout?.stepStartedAt, undefined)
    world.run(2 * MINUTE)
    const since = world.status.rollout?.stepStartedAt
    assert.ok(since !== undefined)
    world.pods.evict('r2', 1, world.nowMs)
    world.run(HOUR)
    assert.equal(world.status.rollout?.stepStartedAt, since)
  })

  test('is not a reason to look more than once an hour when nothing is judged', () => {
    const world = held(6, plan({}, { enabled: false }))
    world.run(HOUR)
    assert.equal(world.reconcile().requeueAfterMs, HOUR)
    assert.deepEqual(world.reconcile().status, world.reconcile().status)
  })
})

describe('the spec changes under a rollout', () => {
  test('a new revision takes the place of the canary and stable stays', () => {
    const world = held()
    world.wanted = 'r3'
    world.run(MINUTE)
    assert.equal(world.status.stableRevision, 'r1')
    assert.deepEqual(counts(world, 'r1', 'r2', 'r3'), [6, 0, 1])
    assert.deepEqual(reasons(world).slice(0, 3), ['RevisionReplaced', 'RevisionCreated', 'CanaryStepStarted'])
    assert.equal(world.status.blockedRevisions, undefined)
  })

  test('back to the stable revision skips all steps', () => {
    const world = held()
    world.run(24 * HOUR)
    world.wanted = 'r1'
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 0])
    assert.equal(world.status.rollout?.state, 'RolledBack')
    assert.equal(world.status.canaryRevision, undefined)
    assert.equal(world.last.conditions.healthy.status, true)
  })

  test('another number of replicas rescales both sides and begins nothing anew', () => {
    const world = held()
    world.run(25 * HOUR)
    const { stepStartedAt, analysis } = world.status.rollout ?? {}
    world.replicas = 10
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [5, 5])
    world.replicas = 4
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [2, 2])
    assert.equal(world.status.rollout?.stepStartedAt, stepStartedAt)
    assert.equal(world.status.rollout?.analysis?.startedAt, analysis?.startedAt)
    assert.ok(!reasons(world).slice(4).includes('CanaryStepStarted'))
  })

  test('other steps go on at the last one that gives no more than there is', () => {
    const step = (weight: number, hours = 24) => ({ weight, holdMs: hours * HOUR, requireApproval: false })
    for (const [from, steps, index, keepsHold] of [
      [0, [step(5, 48), step(100, 0)], 0, true],
      [0, [step(10), step(100, 0)], 0, false],
      [1, [step(5), step(20), step(50, 48), step(100, 0)], 2, true],
      [1, [step(5), step(20), step(60), step(100, 0)], 1, false],
      [1, [step(100, 0)], 0, false],
    ] as const) {
      const world = held()
      if (from === 1) world.run(24 * HOUR)
      assert.equal(world.status.rollout?.stepIndex, from)
      const since = world.status.rollout.stepStartedAt
      world.plan = plan({ steps })
      world.reconcile()
      assert.equal(world.status.rollout?.stepIndex, index)
      assert.equal(world.status.rollout.stepCount, steps.length)
      assert.equal(world.status.rollout.stepStartedAt === since, keepsHold)
    }
  })

  test('steps of 5 and 10 % that make the same pods are both gone through', () => {
    const world = held(
      3,
      plan({ steps: [5, 10, 100].map((weight) => ({ weight, holdMs: HOUR, requireApproval: false })) }),
    )
    world.run(HOUR)
    assert.equal(world.status.rollout?.stepIndex, 1)
    assert.deepEqual(counts(world, 'r1', 'r2'), [3, 1])
    world.run(HOUR)
    assert.equal(world.status.rollout?.stepIndex, 2)
  })
})

describe('a stable revision whose Deployment somebody deleted', () => {
  test('cannot be made again, so the wanted revision takes over at once', () => {
    const world = held()
    world.pods.remove('r1')
    world.run(MINUTE)
    assert.equal(world.status.stableRevision, 'r2')
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 6])
    assert.ok(reasons(world).includes('StableRevisionLost'))
  })

  test('is asked for again where it is the wanted one', () => {
    const world = installed()
    world.pods.remove('r1')
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1'), [6])
    assert.deepEqual(reasons(world), [])
  })

  test('leaves a blocked revision blocked, with the pods that still serve', () => {
    const world = held()
    world.pods.behaviours.set('r1', { startMs: 5000, down: true })
    world.annotations.set('abort', 'r2')
    world.run(MINUTE)
    world.pods.remove('r1')
    world.run(MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 1])
    assert.equal(world.last.conditions.healthy.reason, 'StableRevisionLost')
    world.annotations.set('retry', 'r2')
    world.run(MINUTE)
    assert.equal(world.status.stableRevision, 'r2')
    assert.deepEqual(counts(world, 'r2'), [6])
  })
})

describe('the next look', () => {
  test('comes soon after something changed, which may let the next thing happen', () => {
    const world = held(3, plan({}, { enabled: false }))
    world.run(HOUR)
    world.annotations.set('promote', 'r2')
    const { events, requeueAfterMs } = world.reconcile()
    assert.deepEqual([events.length > 0, requeueAfterMs], [true, SECOND])
    assert.equal(installed(6, plan({}, { enabled: false })).reconcile().requeueAfterMs, undefined)
  })
})

describe('what is written', () => {
  test('fits the schema however much pods and metrics say', () => {
    const message = 'so much to say '.repeat(1000)
    const world = installed()
    world.pods.behaviours.set('r2', {
      startMs: Number.POSITIVE_INFINITY,
      failing: { reason: 'Odd', message },
    })
    world.wanted = 'r2'
    world.run(11 * MINUTE)
    assert.equal(world.status.blockedRevisions?.[0]?.message.length, 1024)
    assert.equal(world.status.rollout?.message.length, 1024)
    assert.match(world.events.at(-1)?.note ?? '', /…\. It stays blocked; .*idgen\.io\/retry=r2/)
    assert.ok((world.events.at(-1)?.note ?? '').length < 1024)
  })

  test('remembers the last ten blocked revisions', () => {
    const world = installed()
    for (let at = 2; at < 14; at += 1) {
      world.wanted = `r${at}`
      world.run(MINUTE)
      world.annotations.set('abort', world.wanted)
      world.run(MINUTE)
    }
    const blocked = (world.status.blockedRevisions ?? []).map(({ revision }) => revision)
    assert.deepEqual(blocked, ['r13', 'r12', 'r11', 'r10', 'r9', 'r8', 'r7', 'r6', 'r5', 'r4'])
    assert.equal(world.pods.states(world.nowMs).length, 1 + 1 + 3, 'stable, wanted, and three of the past')
  })
})
