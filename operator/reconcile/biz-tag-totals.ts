import type { BizTag } from '../api/kinds.ts'
import { fullest } from '../core/biz-tag-capacity.ts'
import { conditionOf } from '../core/biz-tag-conditions.ts'

/** What an IdGenerator shows of its tags. */
export interface BizTagTotals {
  readonly total: number
  readonly ready: number
  /** Of the fullest tag's number space, "12.3"; undefined: no tag has one. */
  readonly usedPercent: string | undefined
}

export function totalsOf(tags: readonly BizTag[]): BizTagTotals {
  return {
    total: tags.length,
    ready: tags.filter(({ status }) => conditionOf(status?.conditions, 'Ready')?.status === 'True').length,
    usedPercent: fullest(tags.map(({ status }) => status?.usedPercent)),
  }
}
