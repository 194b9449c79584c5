import type { IdGeneratorStatusCondition } from '../api/generated/id-generator.ts'

export interface GeneratorEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

type Conditions = readonly IdGeneratorStatusCondition[]

/** What people should hear of between two states. Rollouts tell their own story (core/rollout-decision.ts). */
export function conditionEvents(before: Conditions = [], after: Conditions = []): GeneratorEvent[] {
  return after.flatMap((condition) => {
    const { type, reason, status } = condition
    const earlier = before.find((one) => one.type === type)
    if (earlier?.status === status && earlier.reason === reason) return []
    return told(condition, earlier)
  })
}

function told(
  { type, status, reason, message: note }: IdGeneratorStatusCondition,
  earlier: IdGeneratorStatusCondition | undefined,
): GeneratorEvent[] {
  if (type === 'CredentialsValid' && status === 'False') return [{ type: 'Warning', reason, note }]
  if (type === 'CredentialsValid' && earlier?.status === 'False')
    return [{ type: 'Normal', reason: 'CredentialsComplete', note }]
  if (type === 'DatabaseReady' && reason === 'MigrationFailed') return [{ type: 'Warning', reason, note }]
  if (type === 'DatabaseReady' && (reason === 'MigrationRunning' || reason === 'Migrated'))
    return [{ type: 'Normal', reason, note }]
  if (type === 'Ready' && status === 'True' && earlier?.status !== 'True')
    return [{ type: 'Normal', reason: 'Ready', note }]
  if (type === 'Available' && status === 'False' && earlier?.status === 'True')
    return [{ type: 'Warning', reason, note }]
  if (type === 'Ready' && reason === 'ApplyFailed') return [{ type: 'Warning', reason, note }]
  // RolledBack is told by the rollout itself.
  if (type === 'Stalled' && reason !== 'RolledBack') return [{ type: 'Warning', reason, note }]
  if (type === 'Paused' && reason === 'Suspended') return [{ type: 'Normal', reason, note }]
  return []
}
