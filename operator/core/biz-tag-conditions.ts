import type { BizTagStatusCondition } from '../api/generated/biz-tag.ts'

/** What a condition says, without when. */
export interface Fact {
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

export type BizTagConditionType =
  | 'Ready'
  | 'Accepted'
  | 'SegmentsInitialized'
  | 'CapacityAvailable'
  | 'CredentialsReady'
  | 'Reconciling'
  | 'Stalled'

/** undefined: the condition is not there. */
export type BizTagFacts = Readonly<Partial<Record<BizTagConditionType, Fact>>>

export function yes(reason: string, message: string): Fact {
  return { status: 'True', reason, message }
}

export function no(reason: string, message: string): Fact {
  return { status: 'False', reason, message }
}

/** The time of a condition is when its status changed last: text and reason may change without it. */
export function conditionsOf(
  facts: BizTagFacts,
  previous: readonly BizTagStatusCondition[],
  generation: number,
  now: string,
): BizTagStatusCondition[] {
  return ORDER.flatMap((type) => {
    const fact = facts[type]
    if (fact === undefined) return []
    const before = conditionOf(previous, type)
    const lastTransitionTime = before?.status === fact.status ? before.lastTransitionTime : now
    return [{ type, ...fact, observedGeneration: generation, lastTransitionTime }]
  })
}

export function conditionOf(
  conditions: readonly BizTagStatusCondition[] | undefined,
  type: BizTagConditionType,
): BizTagStatusCondition | undefined {
  return conditions?.find((condition) => condition.type === type)
}

/** As they stand in `kubectl describe`. */
const ORDER: readonly BizTagConditionType[] = [
  'Ready',
  'Accepted',
  'SegmentsInitialized',
  'CapacityAvailable',
  'CredentialsReady',
  'Reconciling',
  'Stalled',
]
