import type { BizTagStatus } from '../api/generated/biz-tag.ts'
import { type BizTagConditionType, conditionOf } from './biz-tag-conditions.ts'

/** What people are told beside the status. */
export interface BizTagEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
}

/** What the change from one status to the next is worth: each thing is told once, when it begins. */
export function statusEvents(previous: BizTagStatus | undefined, next: BizTagStatus): BizTagEvent[] {
  const begins = (type: BizTagConditionType, status: 'True' | 'False') => {
    const before = conditionOf(previous?.conditions, type)
    const now = conditionOf(next.conditions, type)
    const same = before?.status === status && (status === 'True' || before.reason === now?.reason)
    return now?.status === status && !same ? now : undefined
  }
  const events: BizTagEvent[] = []
  const initialized = begins('SegmentsInitialized', 'True')
  if (initialized !== undefined)
    events.push({
      type: 'Normal',
      reason: 'SegmentsInitialized',
      note: `The tag ${next.path} was made or taken over. ${initialized.message}`,
    })
  const notReady = begins('Ready', 'False')
  if (notReady !== undefined)
    events.push({
      type: WAITS.has(notReady.reason) ? 'Normal' : 'Warning',
      reason: notReady.reason,
      note: notReady.message,
    })
  const short = begins('CapacityAvailable', 'False')
  if (short !== undefined)
    events.push({
      type: 'Warning',
      reason: short.reason === 'Exhausted' ? 'CapacityExhausted' : 'CapacityLow',
      note: short.message,
    })
  return events
}

/** Nobody has to do anything. */
const WAITS: ReadonlySet<string> = new Set(['GeneratorNotReady', 'RangeNotOpen'])

export function advancedEvent(path: string, datacenters: readonly number[]): BizTagEvent {
  return {
    type: 'Warning',
    reason: 'NumbersAdvanced',
    note: `The database was behind what this BizTag had seen of ${path}, in data centre ${datacenters.join(', ')}: it lost data, perhaps by a restored backup. The tag goes on above; compare other data of that database.`,
  }
}

export function settingsRestoredEvent(path: string, differing: readonly string[]): BizTagEvent {
  return {
    type: 'Warning',
    reason: 'SettingsRestored',
    note: `${path} was not as this BizTag declares it, because somebody changed it past the BizTag, or its database was restored: ${differing.join(', ')}. It was set back; change the BizTag instead.`,
  }
}

export function takenOverEvent(path: string, from: string): BizTagEvent {
  return {
    type: 'Normal',
    reason: 'TagTakenOver',
    note: `${path} was still claimed by BizTag ${from}, which is gone; it belongs to this one now, and goes on above its numbers.`,
  }
}
