import type { BizTagStatusDatacenter } from '../api/generated/biz-tag.ts'
import type { DatacenterState } from './biz-tag-declaration.ts'

/** "12.3": rounded down, so that 100.0 means that nothing is left. */
export function percentText(share: number): string {
  return (Math.floor(Math.min(Math.max(share, 0), 1) * 1000) / 10).toFixed(1)
}

export function datacenterStatus({
  dc,
  rangeStart,
  rangeEnd,
  highWater,
  usedShare,
}: DatacenterState): BizTagStatusDatacenter {
  return { id: dc, rangeStart, rangeEnd, highWater, usedPercent: percentText(usedShare) }
}

/** Of the fullest; undefined: none is known. */
export function fullest(percents: Iterable<string | undefined>): string | undefined {
  let most: string | undefined
  for (const percent of percents)
    if (percent !== undefined && (most === undefined || Number(percent) > Number(most))) most = percent
  return most
}

export type Capacity = 'Available' | 'Above80Percent' | 'Exhausted'

export function capacityOf(usedPercent: string): Capacity {
  const used = Number(usedPercent)
  if (used >= 100) return 'Exhausted'
  return used > LOW_PERCENT ? 'Above80Percent' : 'Available'
}

/** As the service's own alert. */
const LOW_PERCENT = 80
