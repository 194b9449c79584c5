import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VERDICTS } from './analysis-verdict.ts'
import { PODS_MAX, REPLICAS_MAX } from './pod-budget.ts'
import { readRolloutStatus } from './read-rollout-status.ts'
import type { RolloutDecision } from './rollout-decision.ts'
import { HOUR, MINUTE, plan, SECOND } from './rollout-scenes.ts'
import type { CommandName, RevisionState, RolloutPlan } from './rollout-snapshot.ts'
import { SimulatedRollout } from './simulated-rollout.ts'

const HOLD_MS = 20 * MINUTE
const SKEW_MAX_MS = 10 * SECOND

function planOf(weights: readonly number[], requireApproval = false): RolloutPlan {
  const steps = weights.map((weight) => ({ weight, holdMs: weight === 100 ? 0 : HOLD_MS, requireApproval }))
  return plan({ steps, progressDeadlineMs: 5 * MINUTE }, { intervalMs: MINUTE, initialDelayMs: MINUTE })
}

const PLANS = [
  planOf([5, 50, 100]),
  planOf([10, 100]),
  planOf([50, 100], true),
  planOf([1, 5, 10, 25, 75, 100]),
]

const revision = fc.constantFrom('r1', 'r2', 'r3', 'r4')
/** Mostly the revision that is wanted at the time. */
const named = fc.oneof({ weight: 2, arbitrary: fc.constant('wanted') }, { weight: 1, arbitrary: revision })
const command = fc.constantFrom<CommandName>('promote', 'promote-full', 'abort', 'retry', 'pause')
const pods = fc.constantFrom(
  { startMs: 0 },
  { startMs: 5 * SECOND },
  { startMs: 2 * MINUTE },
  { startMs: Number.POSITIVE_INFINITY },
  { startMs: 5 * SECOND, down: true },
)
/** What may happen next, in any order. */
const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 4000, MINUTE, 6 * MINUTE, HOLD_MS, HOUR),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('spec' as const), revision }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('scale' as const),
      replicas: fc.constantFrom(0, 1, 2, 3, 6, 10, 20, REPLICAS_MAX),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('command' as const), command, revision: named }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unpause' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('pods' as const), revision: named, behaviour: pods }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('evict' as const),
      revision: named,
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('verdict' as const),
      revision: named,
      verdict: fc.constantFrom(...VERDICTS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      at: fc.constantFrom('after status' as const, 'after annotations' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('clock' as const),
      ms: fc.integer({ min: -SKEW_MAX_MS, max: SKEW_MAX_MS }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('plan' as const), plan: fc.constantFrom(...PLANS) }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** What must hold at every decision, whatever happened before. */
class Rules {
  readonly world: SimulatedRollout
  /** How often people gave each command. */
  readonly given = new Map<CommandName, number>()
  decisions = 0
  promotions = 0
  rollbacks = 0
  #stepSince: number | undefined
  #stepIndex = -1
  #stepOf = ''

  constructor(world: SimulatedRollout) {
    this.world = world
    world.onDecision = (decision, before) => this.#check(decision, before)
  }

  #check(decision: RolloutDecision, before: readonly RevisionState[]): void {
    this.decisions += 1
    this.#checkPods(decision, before)
    this.#checkBounds(decision)
    this.#checkChanges(decision)
    this.#checkHold(decision)
  }

  #checkPods({ replicas, status }: RolloutDecision, before: readonly RevisionState[]): void {
    const { world } = this
    const serving = ({ available, replicas: own }: RevisionState): number => Math.min(available, own)
    const now = before.reduce((sum, one) => sum + serving(one), 0)
    const after = before.reduce((sum, one) => sum + Math.min(serving(one), replicas[one.revision] ?? 0), 0)
    assert.ok(
      after >= Math.min(now, world.replicas),
      `${now} available pods, then ${after} of ${world.replicas}`,
    )
    const sides = [status.stableRevision, status.canaryRevision]
    for (const one of before) {
      const next = replicas[one.revision]
      assert.ok(next !== undefined, `nothing is decided for ${one.revision}`)
      if (!sides.includes(one.revision))
        assert.ok(next <= one.replicas, `${one.revision}, which nobody wants, grows`)
    }
    for (const name of Object.keys(replicas))
      assert.ok(
        name === world.wanted || before.some((one) => one.revision === name),
        `${name} cannot be made`,
      )
    const total = Object.values(replicas).reduce((sum, one) => sum + one, 0)
    const held = before.reduce((sum, one) => sum + one.replicas, world.pods.ending(world.nowMs))
    const grown = Object.entries(replicas).reduce(
      (sum, [name, next]) =>
        sum + Math.max(0, next - (before.find((one) => one.revision === name)?.replicas ?? 0)),
      0,
    )
    assert.ok(
      grown === 0 || held + grown <= PODS_MAX,
      `${held} worker ids are held, and ${grown} more wanted`,
    )
    // Fewer than wanted are asked for only while the others' worker ids are not free.
    assert.ok(total >= Math.min(world.replicas, PODS_MAX - held) || sides.every((one) => one === undefined))
  }

  #checkBounds({ status, requeueAfterMs, deletableRevisions, replicas }: RolloutDecision): void {
    assert.deepEqual(readRolloutStatus(status), status)
    assert.ok((status.blockedRevisions ?? []).length <= 10)
    assert.ok((status.takenCommands ?? []).length <= 5)
    assert.ok((status.rollout?.analysis?.samples ?? []).length <= 10)
    if (requeueAfterMs !== undefined) assert.ok(requeueAfterMs >= 1000 && requeueAfterMs <= HOUR)
    for (const name of deletableRevisions) assert.equal(replicas[name], 0)
    const blocked = (status.blockedRevisions ?? []).map((one) => one.revision)
    assert.ok(!blocked.includes(status.canaryRevision ?? ''), 'the canary is blocked')
    assert.ok(status.canaryRevision === undefined || status.canaryRevision === this.world.wanted)
    assert.notEqual(status.canaryRevision ?? 'none', status.stableRevision)
  }

  #checkChanges({ status, events }: RolloutDecision): void {
    const before = this.world.status
    const promoted = events.some(({ reason }) => reason === 'CanaryPromoted')
    assert.equal(
      promoted,
      before.stableRevision !== status.stableRevision,
      'stable changes by promotion only',
    )
    if (promoted) this.promotions += 1
    if (events.some(({ reason, type }) => reason === 'RolledBack' && type === 'Warning')) this.rollbacks += 1
    if (promoted && before.stableRevision !== undefined)
      assert.equal(status.stableRevision, this.world.wanted)
    // A blocked revision comes back by a command only.
    for (const { revision: name } of before.blockedRevisions ?? [])
      if (!(status.blockedRevisions ?? []).some((one) => one.revision === name))
        this.#spend('retry', `${name} is not blocked any more`)
    if (
      events.some(
        ({ reason, note }) => reason === 'CanaryStepCompleted' && note.includes('promoted by somebody'),
      )
    )
      this.#spend('promote', 'a step ended by command')
    if (status.rollout?.promoteFull === true && before.rollout?.promoteFull !== true)
      this.#spend('promote-full', 'a rollout goes to all')
    if (
      status.blockedRevisions?.[0]?.reason === 'Aborted' &&
      events.some(({ note }) => note.includes('aborted it'))
    )
      this.#spend('abort', 'a rollout is aborted')
  }

  /** Each command that somebody gave acts once at most. */
  #spend(name: CommandName, what: string): void {
    const left = this.given.get(name) ?? 0
    assert.ok(left > 0, `${what}, but nobody asked for it (${name})`)
    this.given.set(name, left - 1)
  }

  /** In true time, whatever the clocks of the leaders said. */
  #checkHold({ events, status }: RolloutDecision): void {
    const { rollout } = status
    const done = events.find(({ reason }) => reason === 'CanaryStepCompleted')
    const isOurs = done !== undefined && !done.note.includes('promoted by somebody')
    const before = this.world.status.rollout
    if (isOurs && before?.promoteFull !== true && rollout?.promoteFull !== true) {
      const weight = before?.desiredWeight ?? 0
      const heldMs = this.world.nowMs - (this.#stepSince ?? this.world.nowMs)
      if (weight < 100 && before?.revision === this.#stepOf)
        assert.ok(heldMs >= HOLD_MS - 2 * SKEW_MAX_MS, `a step was held for ${heldMs} ms only`)
    }
    const isSame = rollout?.stepIndex === this.#stepIndex && rollout.revision === this.#stepOf
    if (rollout?.stepStartedAt === undefined) this.#stepSince = undefined
    else if (!isSame || this.#stepSince === undefined) this.#stepSince ??= this.world.nowMs
    this.#stepIndex = rollout?.stepIndex ?? -1
    this.#stepOf = rollout?.revision ?? ''
  }
}

function happen(world: SimulatedRollout, rules: Rules, now: Step): void {
  const meant = 'revision' in now && now.revision !== 'wanted' ? now.revision : world.wanted
  switch (now.kind) {
    case 'pass':
      return world.run(now.ms)
    case 'spec':
      world.wanted = now.revision
      break
    case 'scale':
      world.replicas = now.replicas
      break
    case 'command':
      world.annotations.set(now.command, meant)
      rules.given.set(now.command, (rules.given.get(now.command) ?? 0) + 1)
      break
    case 'unpause':
      world.annotations.delete('pause')
      break
    case 'pods':
      world.pods.behaviours.set(meant, now.behaviour)
      break
    case 'evict':
      world.pods.evict(meant, now.count, world.nowMs)
      break
    case 'verdict':
      world.verdicts.set(meant, now.verdict)
      break
    case 'restart':
      world.restart()
      break
    case 'crash':
      world.crash = now.at
      break
    case 'clock':
      world.skewMs = now.ms
      break
    case 'plan':
      world.plan = now.plan
      break
  }
  world.reconcile()
}

/** Everything is well again and nobody interferes: then it must come to an end, with all pods on one revision. */
function comesToRest(world: SimulatedRollout, replicas: number): void {
  world.pods.behaviours.clear()
  world.verdicts.clear()
  world.annotations.clear()
  world.plan = planOf([5, 50, 100])
  world.replicas = replicas
  world.run(4 * HOUR)
  const { stableRevision = '', rollout, blockedRevisions = [] } = world.status
  assert.notEqual(rollout?.state, 'Progressing')
  const isBlocked = blockedRevisions.some((one) => one.revision === world.wanted)
  assert.ok(
    stableRevision === world.wanted || isBlocked,
    `${stableRevision} serves, ${world.wanted} is wanted`,
  )
  const running = world.pods.states(world.nowMs).filter(({ replicas }) => replicas > 0)
  assert.deepEqual(
    running.map((one) => [one.revision, one.replicas, one.available]),
    [[stableRevision, replicas, replicas]],
  )
  const { events, status } = world.reconcile()
  assert.deepEqual([events, world.reconcile().status], [[], status])
}

test('whatever people, pods, clocks and crashes do: no pod too few, no command twice, no hold cut short, and an end', () => {
  let decisions = 0
  let promotions = 0
  let rollbacks = 0
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 10, maxLength: 60 }),
      fc.constantFrom(...PLANS),
      fc.constantFrom(4, 4, REPLICAS_MAX),
      (steps, withPlan, atTheEnd) => {
        const world = new SimulatedRollout(withPlan, 6)
        world.pods.endMs = 40 * SECOND
        const rules = new Rules(world)
        world.run(MINUTE)
        for (const now of steps) happen(world, rules, now)
        comesToRest(world, atTheEnd)
        decisions += rules.decisions
        promotions += rules.promotions
        rollbacks += rules.rollbacks
      },
    ),
    { numRuns: 200 },
  )
  assert.ok(
    decisions > 10_000 && promotions > 100 && rollbacks > 5,
    `only ${decisions} decisions, ${promotions} promotions, ${rollbacks} rollbacks`,
  )
})
