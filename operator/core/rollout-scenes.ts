import type { RolloutPlan } from './rollout-snapshot.ts'
import { SimulatedRollout } from './simulated-rollout.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

const PLAN: RolloutPlan = {
  strategy: 'Canary',
  steps: [
    { weight: 5, holdMs: 24 * HOUR, requireApproval: false },
    { weight: 50, holdMs: 24 * HOUR, requireApproval: false },
    { weight: 100, holdMs: 0, requireApproval: false },
  ],
  progressDeadlineMs: 10 * MINUTE,
  abortScaleDownDelayMs: 30 * SECOND,
  revisionHistoryLimit: 3,
  analysis: {
    enabled: true,
    provider: 'Scrape',
    intervalMs: 30 * SECOND,
    initialDelayMs: MINUTE,
    minSamples: 100,
    failureLimit: 2,
    errorLimit: 5,
    onNoData: 'Proceed',
    metrics: [{ name: 'errorRate', max: 0.01 }],
  },
}

export function plan(
  changes: Partial<RolloutPlan> = {},
  analysis: Partial<RolloutPlan['analysis']> = {},
): RolloutPlan {
  return { ...PLAN, ...changes, analysis: { ...PLAN.analysis, ...analysis } }
}

/** r1 serves with all pods. */
export function installed(replicas = 6, withPlan = plan()): SimulatedRollout {
  const world = new SimulatedRollout(withPlan, replicas)
  world.run(MINUTE)
  world.events.length = 0
  return world
}

/** r2 is at its first step, held and passing. */
export function held(replicas = 6, withPlan = plan()): SimulatedRollout {
  const world = installed(replicas, withPlan)
  world.wanted = 'r2'
  world.run(5 * MINUTE)
  world.events.length = 0
  return world
}

export function reasons(world: SimulatedRollout): string[] {
  return world.events.map(({ reason }) => reason)
}

export function counts(world: SimulatedRollout, ...revisions: string[]): number[] {
  return revisions.map((revision) => world.pods.count(revision))
}
