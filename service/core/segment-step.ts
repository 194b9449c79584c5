import type { StepBounds } from './tag.ts'

/** Weight of the load in the formula of: at `qps` = base the step grows by half. */
const QPS_WEIGHT = 0.5
/** Weight of the CPU: a busy process asks the store less often. */
const CPU_WEIGHT = 0.3

/**
 * How many numbers the next allocation takes:
 * base × (1 + 0.5 × qps/base) × (1 + 0.3 × cpu), rounded, clamped to min..max.
 * The `step` of the requirement's formula is the base step: with the current step in its place the same load
 * would give a different answer at every call.
 *
 * `qps`: IDs a second, 0 or more. `cpu`: 0..1; what lies outside is clamped, since a sampled share can be off.
 */
export function nextStep(bounds: StepBounds, qps: number, cpu: number): number {
  const load = 1 + QPS_WEIGHT * (Math.max(0, qps) / bounds.base)
  const busy = 1 + CPU_WEIGHT * Math.min(1, Math.max(0, cpu))
  return Math.min(bounds.max, Math.max(bounds.min, Math.round(bounds.base * load * busy)))
}
