import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CanaryObservation } from './canary-observation.ts'
import { counts, HOUR, held, installed, MINUTE, plan, reasons } from './rollout-scenes.ts'

/** What went wrong with other operators, one test each; the numbers are those of their issues. */
describe('a pitfall of others:', () => {
  test('a share that cannot be had is told as what it really is (argo-rollouts 2281, 1726, 1707)', () => {
    for (const [replicas, actual] of [
      [1, 50],
      [2, 33],
      [3, 25],
      [6, 14],
      [20, 5],
    ] as const) {
      const world = held(replicas)
      assert.equal(world.status.rollout?.desiredWeight, 5)
      assert.equal(world.status.rollout.actualWeight, actual)
      assert.equal(counts(world, 'r2')[0], 1)
    }
    const world = installed(3)
    world.wanted = 'r2'
    world.reconcile()
    assert.match(world.events[1]?.note ?? '', /goes to 5 % \(1 of 4 pods\)/)
  })

  test('an abort with nothing under way takes no pod from stable (argo-rollouts 1292)', () => {
    const world = installed()
    world.annotations.set('abort', 'r1')
    world.run(HOUR)
    assert.deepEqual(counts(world, 'r1'), [6])
    assert.deepEqual(reasons(world), ['RolloutCommandIgnored'])
  })

  test('stable keeps its pods while those of the canary are not available (argo-rollouts 2050)', () => {
    const world = held()
    world.pods.behaviours.set('r2', { startMs: HOUR })
    world.annotations.set('promote-full', 'r2')
    world.run(5 * MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 6])
  })

  test('an aborted revision gets no pods when the autoscaler wants more (argo-rollouts 4973)', () => {
    const world = held()
    world.annotations.set('abort', 'r2')
    world.pods.behaviours.set('r1', { startMs: HOUR })
    world.replicas = 20
    for (let at = 0; at < 10; at += 1) {
      world.run(MINUTE)
      assert.ok((counts(world, 'r2')[0] ?? 0) <= 1)
    }
  })

  test('the weights are published at all times, without a router too (argo-rollouts 4241)', () => {
    const world = installed()
    world.wanted = 'r2'
    world.onDecision = ({ status }) => {
      assert.equal(typeof status.rollout?.desiredWeight, 'number')
      assert.equal(typeof status.rollout?.actualWeight, 'number')
    }
    world.run(49 * HOUR)
    assert.equal(world.status.rollout?.actualWeight, 100)
  })

  test('there are never less pods than wanted while shares change (argo-rollouts 1068)', () => {
    const world = installed(10, plan({}, { enabled: false }))
    world.wanted = 'r2'
    let least = Number.POSITIVE_INFINITY
    world.onDecision = (_decision, before) => {
      least = Math.min(
        least,
        before.reduce((sum, one) => sum + one.available, 0),
      )
    }
    world.run(49 * HOUR)
    assert.equal(world.status.stableRevision, 'r2')
    assert.ok(least >= 10, `${least} pods`)
  })

  test('a promotion starts no pods and keeps their number (flagger 1600, 1209, 381)', () => {
    const world = held(8, plan({ steps: [{ weight: 100, holdMs: HOUR, requireApproval: false }] }))
    world.run(50 * MINUTE)
    const pods = world.pods.print()
    world.run(HOUR)
    assert.equal(world.status.stableRevision, 'r2')
    assert.equal(world.pods.print(), pods)
  })

  test('another number of pods does not begin the analysis anew (flagger 634)', () => {
    const world = held()
    const { startedAt, samples = [] } = world.status.rollout?.analysis ?? {}
    world.replicas = 9
    world.run(MINUTE)
    assert.equal(world.status.rollout?.analysis?.startedAt, startedAt)
    assert.ok((world.status.rollout?.analysis?.samples ?? []).length >= samples.length)
    assert.ok(!reasons(world).includes('CanaryStepStarted'))
  })

  test('no traffic is neither a failure nor a pass (flagger 1689, 1035)', () => {
    const idle = new CanaryObservation('r2')
    const look = { counters: new Map([['pod', { answered: 7, failed: 7 }]]), errors: [] }
    idle.observe(look, look)
    idle.observe(look, look)
    const bounds = { minSamples: 1, metrics: [{ name: 'errorRate', max: 0.01 }] }
    assert.equal(idle.judge(bounds, 1).verdict, 'NoData')
  })

  test('traffic of before is no pass for now (flagger 1098, 1011)', () => {
    const observation = new CanaryObservation('r2')
    const look = (answered: number) => ({ counters: new Map([['pod', { answered, failed: 0 }]]), errors: [] })
    const bounds = { minSamples: 100, metrics: [{ name: 'errorRate', max: 0.01 }] }
    observation.observe(look(0), look(0))
    observation.observe(look(5000), look(5000))
    assert.equal(observation.judge(bounds, 1).verdict, 'Pass')
    observation.observe(look(5000), look(9000))
    assert.equal(observation.judge(bounds, 2).verdict, 'NoData')
  })

  test('failures count while an approval is waited for (flagger 1801)', () => {
    const world = held(6, plan({ steps: [{ weight: 100, holdMs: 0, requireApproval: true }] }))
    world.run(HOUR)
    assert.equal(world.status.rollout?.pause?.reason, 'Approval')
    world.verdicts.set('r2', 'Fail')
    world.run(2 * MINUTE)
    assert.equal(world.status.rollout.state, 'RolledBack')
  })

  test('the only healthy copy is not taken away by a rollback (flagger, handleFailedPromotion)', () => {
    const world = held(4, plan({ steps: [{ weight: 100, holdMs: HOUR, requireApproval: false }] }))
    world.pods.behaviours.set('r1', { startMs: Number.POSITIVE_INFINITY })
    world.verdicts.set('r2', 'Fail')
    world.run(24 * HOUR)
    assert.equal(world.status.rollout?.state, 'RolledBack')
    assert.deepEqual(counts(world, 'r2'), [4])
  })
})
