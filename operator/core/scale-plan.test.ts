import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { nextReplicas, type Pods, type ScaleWish } from './scale-plan.ts'
import { sharesFor } from './shares.ts'

function pods(revision: string, replicas: number, available = replicas): Pods {
  return { revision, replicas, available }
}

function wish(replicas: number, weight: number, more: Partial<ScaleWish> = {}): ScaleWish {
  return {
    replicas,
    stable: 's',
    canary: 'c',
    shares: sharesFor(replicas, weight),
    kept: undefined,
    ending: 0,
    ...more,
  }
}

describe('the next replicas', () => {
  test('grow the canary first and shrink stable by as many as became available', () => {
    const to50 = wish(6, 50)
    assert.deepEqual(nextReplicas([pods('s', 6)], to50), { s: 6, c: 3 })
    assert.deepEqual(nextReplicas([pods('s', 6), pods('c', 3, 0)], to50), { s: 6, c: 3 })
    assert.deepEqual(nextReplicas([pods('s', 6), pods('c', 3, 1)], to50), { s: 5, c: 3 })
    assert.deepEqual(nextReplicas([pods('s', 5), pods('c', 3, 3)], to50), { s: 3, c: 3 })
  })

  test('do not count a pod that is ending already', () => {
    // The Deployment was asked for 3 a moment ago and still reports 5 available.
    assert.deepEqual(nextReplicas([pods('s', 3, 5), pods('c', 3, 2)], wish(6, 50)), { s: 3, c: 3 })
    assert.deepEqual(nextReplicas([pods('s', 5, 6), pods('c', 6, 1)], wish(6, 100)), { s: 5, c: 6 })
  })

  test('keep stable where neither side has available pods', () => {
    assert.deepEqual(nextReplicas([pods('s', 5, 0), pods('c', 5, 0)], wish(5, 100)), { s: 5, c: 5 })
    assert.deepEqual(nextReplicas([pods('s', 5, 0), pods('c', 5, 2)], wish(5, 100)), { s: 3, c: 5 })
  })

  test('take pods that never came up from a revision that nobody wants, so that stable has their place', () => {
    const back = wish(5, 0, { canary: undefined })
    assert.deepEqual(nextReplicas([pods('s', 5, 3), pods('old', 3, 0)], back), { s: 5, old: 0 })
    assert.deepEqual(nextReplicas([pods('s', 5, 3), pods('old', 3, 1)], back), { s: 5, old: 1 })
    assert.deepEqual(nextReplicas([pods('s', 5, 5), pods('old', 3, 3)], back), { s: 5, old: 0 })
  })

  test('leave the only healthy copy while the stable one is broken', () => {
    const back = wish(4, 0, { canary: undefined })
    assert.deepEqual(nextReplicas([pods('s', 4, 0), pods('old', 4, 4)], back), { s: 4, old: 4 })
    assert.deepEqual(nextReplicas([pods('s', 4, 1), pods('old', 4, 4)], back), { s: 4, old: 3 })
  })

  test('leave a failed revision that is to be looked at', () => {
    const back = wish(4, 0, { canary: undefined, kept: 'old' })
    assert.deepEqual(nextReplicas([pods('s', 4), pods('old', 2, 0)], back), { s: 4, old: 2 })
  })
})

const revision = fc.record({ replicas: fc.nat({ max: 12 }), available: fc.nat({ max: 14 }) })
const situation = fc.record({
  stable: revision,
  canary: revision,
  old: revision,
  older: revision,
  replicas: fc.nat({ max: 12 }),
  weight: fc.constantFrom(0, 1, 5, 33, 50, 90, 99, 100),
})
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never

function build({ stable, canary, old, older, replicas, weight }: Situation): {
  all: Pods[]
  wished: ScaleWish
} {
  const all = [
    pods('s', stable.replicas, stable.available),
    pods('c', canary.replicas, canary.available),
    pods('old', old.replicas, old.available),
    pods('older', older.replicas, older.available),
  ]
  // At weight 0 there is no canary: what was one is as old as the others.
  return { all, wished: weight === 0 ? wish(replicas, 0, { canary: undefined }) : wish(replicas, weight) }
}

function available(all: readonly Pods[]): number {
  return all.reduce((total, one) => total + Math.min(one.available, one.replicas), 0)
}

/** Kubernetes ends pods that are not ready first. */
function applied(all: readonly Pods[], next: Record<string, number>): Pods[] {
  return all.map((one) => {
    const replicas = next[one.revision] ?? 0
    return { ...one, replicas, available: Math.min(one.available, one.replicas, replicas) }
  })
}

describe('whatever the pods do', () => {
  test('no step takes available pods below those wanted', () => {
    fc.assert(
      fc.property(situation, (now) => {
        const { all, wished } = build(now)
        const after = available(applied(all, nextReplicas(all, wished)))
        assert.ok(after >= Math.min(available(all), wished.replicas), `${available(all)} -> ${after}`)
      }),
      { numRuns: 2000 },
    )
  })

  test('a revision that nobody wants never grows', () => {
    fc.assert(
      fc.property(situation, (now) => {
        const { all, wished } = build(now)
        const next = nextReplicas(all, wished)
        for (const one of all)
          if (one.revision !== wished.stable && one.revision !== wished.canary)
            assert.ok((next[one.revision] ?? 0) <= one.replicas)
      }),
      { numRuns: 2000 },
    )
  })

  test('stable is never at 0 while the canary lacks pods', () => {
    fc.assert(
      fc.property(situation, (now) => {
        const { all, wished } = build(now)
        if (wished.replicas === 0 || now.stable.replicas === 0 || wished.canary === undefined) return
        const next = nextReplicas(all, wished)
        const others = available(all.filter((one) => one.revision !== 's'))
        if (others < wished.replicas) assert.ok((next['s'] ?? 0) >= 1)
      }),
      { numRuns: 2000 },
    )
  })

  test('it ends at the shares wished for once pods become available', () => {
    fc.assert(
      fc.property(situation, (now) => {
        const { all, wished } = build(now)
        let pass = all
        // Each pass makes every pod available that was asked for: two passes grow, two shrink.
        for (let at = 0; at < 4; at += 1)
          pass = applied(pass, nextReplicas(pass, wished)).map((one) => ({ ...one, available: one.replicas }))
        assert.deepEqual(
          pass.map(({ replicas }) => replicas),
          [wished.shares.stable, wished.canary === undefined ? 0 : wished.shares.canary, 0, 0],
        )
      }),
      { numRuns: 2000 },
    )
  })
})
