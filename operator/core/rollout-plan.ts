import type { IdGeneratorSpec, IdGeneratorSpecCanaryAnalysis } from '../api/generated/id-generator.ts'
import type { MetricBound } from './analysis-verdict.ts'
import { parseDuration, printDuration } from './duration.ts'
import type { AnalysisPlan, PlannedStep, RolloutPlan } from './rollout-snapshot.ts'

/** @throws an Error that names every field that cannot be read, with its value. */
export function planRollout(spec: Pick<IdGeneratorSpec, 'canary' | 'revisionHistoryLimit'>): RolloutPlan {
  const { canary } = spec
  const faults: string[] = []
  const read = reader(faults)
  const steps = canary.steps.map(
    ({ weight, hold, requireApproval }, at): PlannedStep => ({
      weight,
      holdMs: read(`canary.steps[${at}].hold`, hold, parseDuration),
      requireApproval,
    }),
  )
  const plan: RolloutPlan = {
    strategy: canary.strategy,
    steps: canary.strategy === 'Immediate' ? [ALL_AT_ONCE] : upToAll(steps),
    progressDeadlineMs: read('canary.progressDeadline', canary.progressDeadline, parseDuration),
    abortScaleDownDelayMs: read('canary.abortScaleDownDelay', canary.abortScaleDownDelay, parseDuration),
    revisionHistoryLimit: spec.revisionHistoryLimit,
    analysis: planAnalysis(canary.analysis, canary.strategy, read),
  }
  if (faults.length > 0) throw new Error(faults.join('; '))
  return plan
}

/** "5@24h 50@24h+approval 100": what the position in the steps is compared by. */
export function printSteps(steps: readonly PlannedStep[]): string {
  return steps
    .map(({ weight, holdMs, requireApproval }) => {
      const hold = holdMs === 0 ? '' : `@${printDuration(holdMs)}`
      return `${weight}${hold}${requireApproval ? '+approval' : ''}`
    })
    .join(' ')
}

/** The only step of a first deployment, and of the strategy Immediate. */
export const ALL_AT_ONCE: PlannedStep = { weight: 100, holdMs: 0, requireApproval: false }

/** The schema asks for a last step of 100; an object that is older than the schema may lack it. */
function upToAll(steps: readonly PlannedStep[]): PlannedStep[] {
  return steps.at(-1)?.weight === 100 ? [...steps] : [...steps, ALL_AT_ONCE]
}

type Read = <T extends string>(path: string, text: T, parse: (text: T) => number) => number

function planAnalysis(
  spec: IdGeneratorSpecCanaryAnalysis,
  strategy: RolloutPlan['strategy'],
  read: Read,
): AnalysisPlan {
  const { provider, minSamples, failureLimit, errorLimit, onNoData } = spec
  return {
    // Immediate is for those who do not want to wait: only that pods come up counts.
    enabled: spec.enabled && strategy === 'Canary',
    provider,
    intervalMs: Math.max(
      SHORTEST_INTERVAL_MS,
      read('canary.analysis.interval', spec.interval, parseDuration),
    ),
    initialDelayMs: read('canary.analysis.initialDelay', spec.initialDelay, parseDuration),
    minSamples,
    failureLimit,
    errorLimit,
    onNoData,
    metrics: spec.metrics.map(({ name, query, max, maxRatioToStable }, at): MetricBound => {
      const path = `canary.analysis.metrics[${at}]`
      return {
        name,
        ...(query === undefined ? {} : { query }),
        ...(max === undefined ? {} : { max: read(`${path}.max`, max, parseDecimal) }),
        ...(maxRatioToStable === undefined
          ? {}
          : { maxRatioToStable: read(`${path}.maxRatioToStable`, maxRatioToStable, parseDecimal) }),
      }
    }),
  }
}

/** "0s" would ask all pods without a pause. */
const SHORTEST_INTERVAL_MS = 1000

function reader(faults: string[]): Read {
  return (path, text, parse) => {
    try {
      return parse(text)
    } catch (thrown) {
      faults.push(`spec.${path}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      return 0
    }
  }
}

/** Of a maximum or a ratio. */
export function parseDecimal(text: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(text)) throw new Error(`"${text}" is no number; write it like 0.01 or 250`)
  return Number(text)
}
