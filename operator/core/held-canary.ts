import type { IdGeneratorSpecCanary } from '../api/generated/id-generator.ts'
import { parseDuration } from './duration.ts'
import { parseDecimal } from './rollout-plan.ts'

/**
 * spec.canary while the spec must not be carried out: a canary that is on its way is judged and may be rolled back, but no
 * step ends of itself, for the spec may ask for something else by now. What cannot be read is as if nobody had set it.
 */
export function heldCanary(canary: IdGeneratorSpecCanary): IdGeneratorSpecCanary {
  const { analysis } = canary
  return {
    ...canary,
    steps: canary.steps.map((step) => ({ ...step, hold: LONGEST_HOLD })),
    progressDeadline: readable(canary.progressDeadline, '10m'),
    abortScaleDownDelay: readable(canary.abortScaleDownDelay, '30s'),
    analysis: {
      ...analysis,
      interval: readable(analysis.interval, '30s'),
      initialDelay: readable(analysis.initialDelay, '1m'),
      metrics: analysis.metrics.map(({ max, maxRatioToStable, ...metric }) => ({
        ...metric,
        ...(isDecimal(max) ? { max } : {}),
        ...(isDecimal(maxRatioToStable) ? { maxRatioToStable } : {}),
      })),
    },
  }
}

/** The longest that can be read. */
const LONGEST_HOLD = '8784h'

function readable(text: string, otherwise: string): string {
  return canRead(() => parseDuration(text)) ? text : otherwise
}

function isDecimal(text: string | undefined): text is string {
  return text !== undefined && canRead(() => parseDecimal(text))
}

function canRead(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
