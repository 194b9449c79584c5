import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { PODS_MAX, REPLICAS_MAX, surgeOf, wantedPods } from './pod-budget.ts'
import { counts, HOUR, installed, MINUTE, plan, SECOND } from './rollout-scenes.ts'
import { nextReplicas } from './scale-plan.ts'
import { sharesFor } from './shares.ts'
import type { SimulatedRollout } from './simulated-rollout.ts'

const STEPS = [5, 50, 100].map((weight) => ({ weight, holdMs: 0, requireApproval: false }))
const AT_ONCE = [{ weight: 100, holdMs: 0, requireApproval: false }]
const UNJUDGED = { enabled: false }

/** `replicas` pods of r1, which take 40 s to end; `peak` is the most worker ids that were ever held. */
function large(replicas: number, steps = STEPS): { world: SimulatedRollout; peak: () => number } {
  const world = installed(replicas, plan({ steps }, UNJUDGED))
  world.pods.endMs = 40 * SECOND
  let most = 0
  world.onDecision = (decision, before) => {
    const asked = before.map(({ revision, replicas: own }) => Math.max(own, decision.replicas[revision] ?? 0))
    const fresh = Object.entries(decision.replicas).filter(
      ([name]) => !before.some((one) => one.revision === name),
    )
    const held = [...asked, ...fresh.map(([, count]) => count)].reduce((sum, one) => sum + one, 0)
    most = Math.max(most, held + world.pods.ending(world.nowMs))
    const serving = before.reduce(
      (sum, one) => sum + Math.min(one.available, decision.replicas[one.revision] ?? 0),
      0,
    )
    assert.ok(serving >= replicas, `${serving} of ${replicas} pods serve`)
  }
  return { world, peak: () => most }
}

describe('worker ids are enough for every pod', () => {
  for (const replicas of [1, 2, 3, 20, 120, 127, 128, 129, 160, 191, 192])
    for (const [name, steps] of [
      ['in steps', STEPS],
      ['at once', AT_ONCE],
    ] as const)
      test(`through a rollout of ${replicas} pods ${name}, and one right after it`, () => {
        const { world, peak } = large(replicas, steps)
        for (const wanted of ['r2', 'r3']) {
          world.wanted = wanted
          world.run(5 * SECOND)
          for (let tries = 0; tries < 20 && world.status.stableRevision !== wanted; tries += 1)
            world.run(MINUTE)
          assert.equal(world.status.stableRevision, wanted)
        }
        world.run(MINUTE)
        assert.deepEqual(counts(world, 'r1', 'r2', 'r3'), [0, 0, replicas])
        assert.ok(peak() <= PODS_MAX, `${peak()} pods`)
      })

  test('through a canary that is replaced again and again, and taken back', () => {
    const { world, peak } = large(192, [{ weight: 50, holdMs: HOUR, requireApproval: false }])
    for (const wanted of ['r2', 'r3', 'r4', 'r2', 'r3', 'r1']) {
      world.wanted = wanted
      world.run(25 * SECOND)
    }
    world.run(10 * MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2', 'r3', 'r4'), [192, 0, 0, 0])
    assert.ok(peak() <= PODS_MAX, `${peak()} pods`)
  })

  test('through a canary that never comes up, which takes no more than its wave', () => {
    const { world, peak } = large(192, AT_ONCE)
    world.pods.behaviours.set('r2', { startMs: Number.POSITIVE_INFINITY })
    world.wanted = 'r2'
    world.run(5 * MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [192, 48])
    world.run(10 * MINUTE)
    assert.equal(world.status.rollout?.state, 'RolledBack')
    assert.deepEqual(counts(world, 'r1', 'r2'), [192, 0])
    assert.ok(peak() <= PODS_MAX)
  })

  test('through a time in which pods of lost nodes do not end: the canary waits, and is not blocked for it', () => {
    const { world } = large(192)
    const ending = world.pods.ending.bind(world.pods)
    let stuck = 60
    world.pods.ending = (nowMs) => ending(nowMs) + stuck
    world.wanted = 'r2'
    world.run(57 * MINUTE)
    assert.deepEqual(counts(world, 'r1', 'r2'), [192, 0])
    assert.equal(world.status.rollout?.state, 'Progressing')
    stuck = 0
    // Slow ones, which take nearly half of the deadline.
    world.pods.behaviours.set('r2', { startMs: 4 * MINUTE })
    world.run(HOUR)
    assert.equal(world.status.stableRevision, 'r2')
    assert.deepEqual(counts(world, 'r1', 'r2'), [0, 192])
  })
})

describe('when worker ids are short', () => {
  const base = { replicas: 192, stable: 's', canary: 'c', kept: undefined, ending: 0 } as const
  const pods = (revision: string, replicas: number, available = replicas) => ({
    revision,
    replicas,
    available,
  })

  test('each side grows by what is left, the stable one first', () => {
    const wish = { ...base, shares: sharesFor(192, 50) }
    assert.deepEqual(nextReplicas([pods('s', 192)], wish), { s: 192, c: 48 })
    assert.deepEqual(nextReplicas([pods('s', 192)], { ...wish, ending: 40 }), { s: 192, c: 8 })
    assert.deepEqual(nextReplicas([pods('s', 192)], { ...wish, ending: 60 }), { s: 192, c: 0 })
    assert.deepEqual(nextReplicas([pods('s', 60), pods('c', 10), pods('old', 150)], wish), {
      s: 80,
      c: 10,
      old: 122,
    })
  })

  test('a failed revision that is looked at gives way to pods that serve', () => {
    const wish = { ...base, canary: undefined, kept: 'old', shares: sharesFor(192, 0) }
    assert.deepEqual(nextReplicas([pods('s', 42), pods('old', 150, 0)], wish), { s: 90, old: 0 })
    assert.deepEqual(nextReplicas([pods('s', 180), pods('old', 40, 0)], wish), { s: 192, old: 40 })
  })

  test('a pod that is there is never taken away for it', () => {
    const wish = { ...base, shares: sharesFor(192, 0), canary: undefined, ending: 100 }
    assert.deepEqual(nextReplicas([pods('s', 192)], wish), { s: 192 })
  })
})

describe('the bounds of the budget', () => {
  test('are those of the definition, and what a Deployment adds fits in what is spare', () => {
    const text = readFileSync(new URL('../../crds/idgen.io_idgenerators.yaml', import.meta.url), 'utf8')
    const maxima = [
      ...text.matchAll(
        /replicas:\n +type: integer\n.*\n.*\n +maximum: (\d+)|(?:min|max)Replicas: \{.*?maximum: (\d+)/gi,
      ),
    ]
    assert.deepEqual(
      maxima.map(([, one, other]) => Number(one ?? other)),
      [REPLICAS_MAX, REPLICAS_MAX, REPLICAS_MAX],
    )
    assert.deepEqual([1, 3, 5, 20, 32, 192].map(surgeOf), [1, 1, 2, 5, 8, 8])
    assert.deepEqual(
      [3, 192, 256].map((replicas) => wantedPods({ replicas })),
      [3, 192, 192],
    )
  })
})
