import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { counts, HOUR, held, installed, MINUTE, reasons, SECOND } from './rollout-scenes.ts'

describe('a canary that does not come up', () => {
  test('is rolled back after the progress deadline with the reason of its pods, and stays blocked', () => {
    const world = installed()
    const failing = { reason: 'CrashLoopBackOff', message: 'exit code 1' }
    world.pods.behaviours.set('r2', { startMs: Number.POSITIVE_INFINITY, failing })
    world.wanted = 'r2'
    world.run(9 * MINUTE)
    assert.equal(world.status.canaryRevision, 'r2')
    world.run(MINUTE)
    const [blocked] = world.status.blockedRevisions ?? []
    assert.equal(blocked?.reason, 'ProgressDeadlineExceeded')
    assert.match(blocked?.message ?? '', /0 of 1 .*10m.*CrashLoopBackOff: exit code 1/)
    assert.equal(world.last.conditions.healthy.status, false)
    world.restart()
    world.run(100 * HOUR)
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 0])
    assert.equal(reasons(world).filter((reason) => reason === 'RolledBack').length, 1)
  })

  test('keeps its failed pods for the delay, so that somebody can look at them', () => {
    const world = installed()
    world.pods.behaviours.set('r2', { startMs: Number.POSITIVE_INFINITY })
    world.wanted = 'r2'
    world.run(10 * MINUTE + 29 * SECOND)
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 1])
    assert.equal(world.status.rollout?.state, 'RolledBack')
    world.run(SECOND)
    assert.deepEqual(counts(world, 'r1', 'r2'), [6, 0])
  })

  test('gets the whole deadline again with each pod that comes', () => {
    const world = held()
    world.pods.behaviours.set('r2', { startMs: 5000, down: true })
    world.run(9 * MINUTE)
    world.pods.behaviours.set('r2', { startMs: 5000 })
    world.run(MINUTE)
    world.pods.behaviours.set('r2', { startMs: 5000, down: true })
    world.run(9 * MINUTE)
    assert.equal(world.status.rollout?.state, 'Progressing')
    world.run(2 * MINUTE)
    assert.equal(world.status.rollout.state, 'RolledBack')
  })

  test('for long, because its pods come and go, is rolled back', () => {
    const world = held()
    // Down for two minutes, up for ten seconds, as a crash loop does it.
    for (let at = 0; at < 8 && world.status.rollout?.state === 'Progressing'; at += 1) {
      world.pods.behaviours.set('r2', { startMs: 5000, down: true })
      world.run(2 * MINUTE)
      world.pods.behaviours.set('r2', { startMs: 5000 })
      world.run(10 * SECOND)
    }
    assert.equal(world.status.blockedRevisions?.[0]?.reason, 'ProgressDeadlineExceeded')
  })

  test('in the number that an autoscaler adds has the whole deadline again', () => {
    const world = held()
    world.run(4 * MINUTE)
    world.pods.behaviours.set('r2', { startMs: 3 * MINUTE })
    world.replicas = 60
    world.run(5 * MINUTE)
    assert.equal(world.status.rollout?.state, 'Progressing')
    assert.deepEqual(counts(world, 'r2'), [3])
  })

  test('at once after a drained node is not, whenever that was', () => {
    const world = held()
    for (let at = 0; at < 3; at += 1) {
      world.pods.evict('r2', 1, world.nowMs)
      world.run(9 * MINUTE + 58 * SECOND)
    }
    assert.equal(world.status.rollout?.state, 'Progressing')
  })

  test('is rolled back in the middle of a hold and of a pause as well', () => {
    const world = held()
    world.annotations.set('pause', 'r2')
    world.run(HOUR)
    world.pods.behaviours.set('r2', { startMs: 5000, down: true })
    world.run(11 * MINUTE)
    assert.equal(world.status.rollout?.state, 'RolledBack')
  })
})
