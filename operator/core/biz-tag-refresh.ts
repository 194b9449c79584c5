import type { BizTag } from '../api/kinds.ts'
import { percentText } from './biz-tag-capacity.ts'
import { conditionOf } from './biz-tag-conditions.ts'
import type { DatacenterState, DeclareAnswer, DeclaredTag } from './biz-tag-declaration.ts'
import { settingsDiffering, type TagSettings } from './tag-settings.ts'

/**
 * - `same`: nothing worth a write.
 * - `record`: the status is behind.
 * - `declare`: the service does not have what was declared; it was restored, or somebody ended the claim, or changed the tag.
 */
export type RefreshStep = 'same' | 'record' | 'declare'

/** What is remembered of a tag when the service is looked at. */
export interface RefreshMemory {
  /** How long ago its status took over what was used. */
  readonly recordedMs: number
  /** What the service answered to the numbers of the status, where it knew that the rest was returned. */
  readonly settled?: DeclaredTag | undefined
  /** As the service had them after the last declaration; undefined: there will be one anyway. */
  readonly settings?: TagSettings | undefined
}

/** What a look at the service means for a tag. */
export function decideRefresh(
  tag: BizTag,
  seen: DeclaredTag | undefined,
  { recordedMs, settled, settings }: RefreshMemory,
): RefreshStep {
  const accepted = conditionOf(tag.status?.conditions, 'Accepted')
  // Whatever else stands in the way of this tag, its reconcile knows it.
  if (accepted?.status !== 'True' || accepted.observedGeneration !== tag.metadata.generation) return 'same'
  if (seen?.owner?.uid !== tag.metadata.uid) return 'declare'
  if (seen.generation !== tag.metadata.generation || seen.id !== tag.status?.tagId) return 'declare'
  if (settings !== undefined && settingsDiffering(settings, seen.settings).length > 0) return 'declare'
  const before = new Map(tag.status?.datacenters?.map((each) => [each.id, each]))
  const seenDcs = new Set(seen.datacenters.map(({ dc }) => dc))
  if ([...before.keys()].some((dc) => !seenDcs.has(dc))) return 'declare'
  let moved = false
  for (const place of seen.datacenters) {
    const known = before.get(place.dc)
    if (known?.highWater === undefined) return 'record'
    const returned = settled?.datacenters.find(({ dc }) => dc === place.dc)
    if (isBehind(place, known.highWater) && (returned === undefined || isBehind(place, returned.highWater)))
      return 'declare'
    if (Number(percentText(place.usedShare)) - Number(known.usedPercent ?? 0) >= PERCENT_STEP) return 'record'
    if (place.highWater !== known.highWater) moved = true
  }
  return moved && recordedMs >= RECORD_MS ? 'record' : 'same'
}

/**
 * The answer to a declaration says nothing but that numbers were returned, by processes that stopped: the status, a floor
 * that is too high and no loss, is worth no write at once. A rollout stops all pods, and thousands of tags would have one.
 */
export function onlyReturned({ status }: BizTag, answer: DeclareAnswer): boolean {
  const before = new Map(status?.datacenters?.map((each) => [each.id, each]))
  const same = answer.id === status?.tagId && answer.chain[0] === status.algorithm
  if (!same || answer.advanced.length > 0 || answer.datacenters.length !== before.size) return false
  let lower = false
  for (const place of answer.datacenters) {
    const known = before.get(place.dc)
    if (known?.highWater === undefined) return false
    if (known.rangeStart !== place.rangeStart || known.rangeEnd !== place.rangeEnd) return false
    if (isBehind(place, known.highWater)) lower = true
    else if (place.highWater !== known.highWater) return false
  }
  return lower
}

/** Decimal texts without leading zeros: the longer one is the greater. */
function isBehind({ highWater }: DatacenterState, recorded: string): boolean {
  return highWater.length === recorded.length ? highWater < recorded : highWater.length < recorded.length
}

/** One percentage point. */
const PERCENT_STEP = 1
/** 5,000 busy tags are five and a half writes a second; a restored backup of both stores is made good to that point. */
const RECORD_MS = 900_000
