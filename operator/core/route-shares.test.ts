import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { installed, MINUTE, plan, SECOND } from './rollout-scenes.ts'
import type { RolloutProgress } from './rollout-status.ts'
import { type RouteShares, routeShares } from './route-shares.ts'
import type { SimulatedRollout } from './simulated-rollout.ts'
import { printTimestamp } from './timestamp.ts'

/** "old 2/3 new 1/1": available of asked for; `next`: what is decided to be asked for. */
interface Pods {
  readonly old: readonly [available: number, replicas: number]
  readonly new: readonly [available: number, replicas: number]
  readonly next?: Readonly<Record<string, number>>
}

const NOW_MS = Date.UTC(2026, 10, 26)
const BASE = { state: 'Progressing', desiredWeight: 50 } as const
/** All pods of the step were there. */
const BEGUN = { stepStartedAt: printTimestamp(NOW_MS) }

/** Of four pods that are wanted; "new" is the revision on its way. */
function shares(
  rollout: Partial<RolloutProgress>,
  { old, new: canary, next = {} }: Pods,
  stable = 'old',
): RouteShares {
  const pods = (revision: string, [available, replicas]: readonly [number, number]) => ({
    revision,
    createdAt: '',
    replicas,
    ready: available,
    available,
  })
  const progress = { revision: 'new', ...BASE, ...rollout } as RolloutProgress
  const status = { stableRevision: stable, rollout: progress }
  return routeShares({ status, replicas: next }, [pods('old', old), pods('new', canary)], 4, NOW_MS)
}

function weightOf(rollout: Partial<RolloutProgress>, pods: Pods): number {
  return shares(rollout, pods).canaryWeight
}

describe('how routes share calls out', () => {
  test('a step whose pods were all there has its weight, whatever the number of pods', () => {
    assert.deepEqual(shares({ ...BEGUN, desiredWeight: 5 }, { old: [3, 3], new: [1, 1] }), {
      stableRevision: 'old',
      canaryRevision: 'new',
      canaryWeight: 5,
    })
  })

  test('a step that has just begun sends no more calls than there are pods', () => {
    const pods = { old: [3, 3], new: [1, 1] } as const
    assert.equal(weightOf({ desiredWeight: 50 }, pods), 25)
    assert.equal(weightOf({ desiredWeight: 100 }, pods), 25)
    assert.equal(weightOf({ desiredWeight: 5 }, pods), 5)
    assert.equal(weightOf({}, { old: [4, 4], new: [0, 1] }), 0)
  })

  test('pods that go away take their calls with them, on either side', () => {
    const waiting = { since: '', wanted: 2, available: 1, falls: 1 }
    assert.equal(shares({ ...BEGUN, waiting }, { old: [3, 3], new: [1, 2] }).canaryWeight, 25)
    assert.equal(
      shares({ ...BEGUN, waiting: { ...waiting, available: 2 } }, { old: [2, 2], new: [2, 2] }).canaryWeight,
      50,
    )
    assert.equal(weightOf(BEGUN, { old: [0, 2], new: [2, 2] }), 100)
  })

  test('pods that are about to end get no calls any more', () => {
    const pods = { old: [2, 2], new: [4, 4], next: { old: 0, new: 4 } } as const
    assert.equal(weightOf({ desiredWeight: 100 }, pods), 100)
  })

  test('after a rollback calls stay where pods are until the stable ones have come up', () => {
    const back = { state: 'RolledBack', desiredWeight: 0 } as const
    assert.deepEqual(shares(back, { old: [0, 0], new: [4, 4], next: { old: 4, new: 4 } }), {
      stableRevision: 'new',
      canaryRevision: 'new',
      canaryWeight: 100,
    })
    assert.equal(shares(back, { old: [2, 4], new: [2, 2] }).canaryWeight, 50)
    assert.deepEqual(shares(back, { old: [4, 4], new: [1, 1] }), { stableRevision: 'old', canaryWeight: 0 })
    assert.deepEqual(shares(back, { old: [1, 4], new: [0, 1] }), { stableRevision: 'old', canaryWeight: 0 })
  })

  test('after a promotion calls go on by the way that they went until every gateway knows the other', () => {
    const promoted = (agoMs: number): RouteShares =>
      shares(
        { state: 'Promoted', desiredWeight: 100, finishedAt: printTimestamp(NOW_MS - agoMs) },
        { old: [0, 0], new: [4, 4] },
        'new',
      )
    assert.deepEqual(promoted(1000), { stableRevision: 'new', canaryWeight: 100 })
    assert.deepEqual(promoted(30_000), { stableRevision: 'new', canaryWeight: 0 })
  })
})

describe('no Service of a route is empty while a pod serves', () => {
  const rows: readonly [string, Pods, RouteShares][] = [
    [
      'a canary without a pod lends its Service to stable',
      { old: [4, 4], new: [0, 2] },
      { stableRevision: 'old', canaryWeight: 0 },
    ],
    [
      'stable without a pod, or about to lose its last, lends its Service to the canary',
      { old: [2, 2], new: [4, 4], next: { old: 0 } },
      { stableRevision: 'new', canaryRevision: 'new', canaryWeight: 100 },
    ],
    [
      'both are empty together with their revisions',
      { old: [0, 2], new: [0, 2] },
      { stableRevision: 'old', canaryWeight: 0 },
    ],
  ]
  for (const [name, pods, expected] of rows)
    test(name, () => {
      assert.deepEqual(shares(BEGUN, pods), expected)
    })

  test('where neither side has a pod, both select the one that has most', () => {
    const one = (revision: string, available: number) => ({
      revision,
      createdAt: '',
      replicas: 4,
      ready: available,
      available,
    })
    const rollout = { revision: 'new', ...BASE } as RolloutProgress
    const decision = { status: { stableRevision: 'old', rollout }, replicas: {} }
    const revisions = [one('older', 1), one('old', 0), one('new', 0), one('replaced', 3)]
    assert.deepEqual(routeShares(decision, revisions, 4, NOW_MS), {
      stableRevision: 'replaced',
      canaryWeight: 0,
    })
  })

  const STORIES: Readonly<Record<string, (world: SimulatedRollout) => void>> = {
    'a rollout to its end': () => {},
    'a canary that is replaced': (world) => {
      world.wanted = 'r3'
    },
    'a canary that is replaced while stable has no pod': (world) => {
      world.pods.behaviours.set('r1', { startMs: 0, down: true })
      world.wanted = 'r3'
    },
    'a return to the revision before': (world) => {
      world.wanted = 'r1'
    },
    'a promotion at once': (world) => void world.annotations.set('promote-full', 'r2'),
    'an abort': (world) => void world.annotations.set('abort', 'r2'),
  }
  for (const [name, happen] of Object.entries(STORIES))
    for (const weight of [5, 50, 100])
      test(`through ${name}, from ${weight} %`, () => {
        const steps = [weight, 100].map((one) => ({ weight: one, holdMs: MINUTE, requireApproval: false }))
        const world = installed(4, plan({ steps }, { enabled: false }))
        let looks = 0
        world.onDecision = (decision, before) => {
          const {
            stableRevision,
            canaryRevision = stableRevision,
            canaryWeight,
          } = routeShares(decision, before, 4, world.nowMs)
          const left = new Map(
            before.map((one) => [
              one.revision,
              Math.min(one.available, decision.replicas[one.revision] ?? 0),
            ]),
          )
          const said = JSON.stringify([stableRevision, canaryRevision, canaryWeight, ...left])
          if ([...left.values()].some((pods) => pods > 0))
            for (const selected of [stableRevision, canaryRevision])
              assert.ok((left.get(selected ?? '') ?? 0) > 0, said)
          looks += 1
        }
        world.wanted = 'r2'
        world.run(30 * SECOND)
        happen(world)
        world.run(5 * MINUTE)
        assert.ok(looks > 5, `${looks} looks`)
      })
})
