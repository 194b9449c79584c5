import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HOUR, held, installed, MINUTE, plan, SECOND } from './rollout-scenes.ts'
import { SimulatedRollout } from './simulated-rollout.ts'

const UNJUDGED = plan({}, { enabled: false })
const APPROVAL = plan(
  {
    steps: [
      { weight: 5, holdMs: HOUR, requireApproval: true },
      { weight: 100, holdMs: 0, requireApproval: false },
    ],
  },
  { enabled: false },
)
const NEVER = { startMs: Number.POSITIVE_INFINITY }

/** A rollout to r2 that has just begun. */
function begun(withPlan = UNJUDGED): SimulatedRollout {
  const world = installed(6, withPlan)
  world.wanted = 'r2'
  world.pods.behaviours.set('r2', { startMs: MINUTE })
  world.reconcile()
  return world
}

/** Every state that an operator can leave behind. */
const STATES: Readonly<Record<string, () => SimulatedRollout>> = {
  'the first deployment comes up': () => {
    const world = new SimulatedRollout(UNJUDGED, 3)
    world.reconcile()
    return world
  },
  'nothing is under way': () => installed(6, UNJUDGED),
  'pods of the canary come up': () => begun(),
  'the first step is held': () => held(6, UNJUDGED),
  'both sides change to the second step': () => {
    const world = held(6, UNJUDGED)
    world.annotations.set('promote', 'r2')
    world.reconcile()
    return world
  },
  'the second step is held': () => {
    const world = held(6, UNJUDGED)
    world.run(30 * HOUR)
    return world
  },
  'an approval is waited for': () => {
    const world = held(6, APPROVAL)
    world.run(2 * HOUR)
    return world
  },
  'somebody paused it': () => {
    const world = held(6, UNJUDGED)
    world.annotations.set('pause', 'r2')
    world.run(HOUR)
    return world
  },
  'a promotion is written and not yet acted on': () => {
    const world = held(6, UNJUDGED)
    world.annotations.set('promote-full', 'r2')
    world.crash = 'after status'
    world.reconcile()
    return world
  },
  'the last step shrinks stable': () => {
    const world = held(6, UNJUDGED)
    world.annotations.set('promote-full', 'r2')
    world.run(SECOND)
    return world
  },
  'pods of the canary do not come up': () => {
    const world = begun()
    world.pods.behaviours.set('r2', NEVER)
    world.run(9 * MINUTE)
    return world
  },
  'a failed revision is to be looked at': () => {
    const world = begun()
    world.pods.behaviours.set('r2', NEVER)
    world.run(10 * MINUTE + 10 * SECOND)
    assert.equal(world.status.rollout?.state, 'RolledBack')
    return world
  },
  'an abort is written and not yet acted on': () => {
    const world = held(6, UNJUDGED)
    world.annotations.set('abort', 'r2')
    world.crash = 'after status'
    world.reconcile()
    return world
  },
  'a canary gives way to another': () => {
    const world = held(6, UNJUDGED)
    world.wanted = 'r3'
    world.crash = 'after status'
    world.reconcile()
    return world
  },
}

describe('an operator that starts anew while', () => {
  for (const [name, build] of Object.entries(STATES))
    test(`${name}: all goes on at the same times as without`, () => {
      const [one, other] = [build(), build()]
      const before = one.events.length
      other.restart()
      one.run(60 * HOUR)
      other.run(60 * HOUR)
      assert.deepEqual(other.status, one.status)
      assert.equal(other.pods.print(), one.pods.print())
      assert.deepEqual(other.events.slice(before), one.events.slice(before))
    })

  test('judgements are counted: the count goes on, and none counts twice', () => {
    const world = held()
    world.verdicts.set('r2', 'Fail')
    world.run(MINUTE)
    const { consecutiveFailures = 0 } = world.status.rollout?.analysis ?? {}
    assert.ok(consecutiveFailures > 0 && consecutiveFailures < 3)
    world.restart()
    world.reconcile()
    assert.equal(world.status.rollout?.analysis?.consecutiveFailures, consecutiveFailures)
    world.run(2 * MINUTE)
    assert.equal(world.status.rollout.state, 'RolledBack')
  })
})
