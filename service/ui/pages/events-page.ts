import { auditFilter } from '../../app/audit-filter.ts'
import { isWithin } from '../../core/tag-path.ts'
import type { FoundRecord } from '../../ports/audit-query.ts'
import type { UiParts } from '../admin-ui.ts'
import { page } from '../answer.ts'
import { degradationBars, TAGS_MAX } from '../degradation-bars.ts'
import { type DegradedTime, degradedTimes, detailText } from '../degraded-times.ts'
import { type Html, html, type Value } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, code, heading, namedTag, notice, table } from '../parts.ts'
import { rangeLinks } from '../range-links.ts'
import { moment } from '../time-text.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** When tags went over to another algorithm and came back: a bar for each, and why. */
export function eventsPages(routes: UiRoutes, { useCases }: UiParts): void {
  routes.get('/events', async (member) => {
    const words = member.say(WORDS)
    const span = SPANS.find(({ name }) => name === member.query.get('span')) ?? DAY
    const toMs = useCases.clock.nowMs()
    const found = await movesSince(member, useCases, toMs - span.ms)
    const times = await timesOf(member, useCases, found)
    const tags = new Set(times.map(({ tag }) => tag)).size
    const picture = degradationBars(times, { ...found, toMs, label: words.picture(times.length) })
    const head = [words.when, words.tag, words.what, words.why]
    const body = html`${heading(words.title, { lead: words.lead, actions: spanLinks(member, span.name) })}
${found.isCut && notice('warning', html`${words.cut(RECORDS_MAX)} ${moment(new Date(found.fromMs))}`)}
${card('picture', words.bars, times.length > 0 ? html`<div class="overflow-x-auto" role="group" aria-label="${words.bars}" tabindex="0">${picture}</div><p class="hint">${words.whose}${tags > TAGS_MAX && html` ${words.fewer(TAGS_MAX, tags)}`}</p>` : words.none)}
<div class="mt-6">${card('list', words.list, found.newest.length > 0 ? table(words.list, head, rows(found.newest)) : words.noMoves)}</div>`
    return page(words.title, 'events', body)
  })
}

interface Found {
  readonly newest: readonly FoundRecord[]
  /** From here on all are there. */
  readonly fromMs: number
  /** Earlier ones were asked for, too. */
  readonly isCut: boolean
}

async function movesSince(member: Member, { audit }: UiParts['useCases'], fromMs: number): Promise<Found> {
  const from = new Date(fromMs).toISOString()
  let completeMs = fromMs
  const seen: FoundRecord[] = []
  for (const action of ['algorithm.degrade', 'algorithm.recover']) {
    const filter = auditFilter(member.caller, { action, from })
    const found = await audit.readBy(member.caller.keyId).find(filter, undefined, 'newest', RECORDS_MAX + 1)
    const kept = found.slice(0, RECORDS_MAX)
    if (found.length > kept.length) completeMs = Math.max(completeMs, kept.at(-1)?.at.getTime() ?? 0)
    seen.push(...kept)
  }
  // Of one kind without the other nothing can be told.
  const newest = seen.filter(({ at }) => at.getTime() >= completeMs)
  newest.sort((a, b) => b.at.getTime() - a.at.getTime() || b.id - a.id)
  return { newest, fromMs: completeMs, isCut: completeMs > fromMs }
}

/** Those that the log tells of, and what is degraded in this process now and was so before the records begin. */
async function timesOf(
  { caller }: Member,
  { audit, directory }: UiParts['useCases'],
  { newest, fromMs }: Found,
): Promise<DegradedTime[]> {
  // When processes ended, and nothing else: anybody who sees their bars may know.
  const ends = { action: 'audit.close', from: new Date(fromMs) }
  const closes =
    newest.length > 0 ? await audit.readBy(caller.keyId).find(ends, undefined, 'newest', RECORDS_MAX) : []
  const closed = new Map(closes.map(({ subject, at }) => [subject, at.getTime()]))
  const times = degradedTimes(newest, fromMs, closed)
  const byTag = Map.groupBy(times, ({ tag }) => tag)
  for (const { path, router } of directory.all()) {
    const sinceMs = router.degradedSinceMs
    if (sinceMs === undefined || !isWithin(path, caller.within)) continue
    if (isTold(byTag.get(path) ?? [], sinceMs)) continue
    times.push({ tag: path, fromMs: sinceMs, to: router.active.name })
  }
  return times
}

/** Whether the bars of a tag reach from a moment to now: in steps, or one of another process does. */
function isTold(times: readonly DegradedTime[], sinceMs: number): boolean {
  const goesOn = times.filter(({ untilMs }) => untilMs === undefined)
  if (goesOn.length === 0) return false
  const latestMs = sinceMs + SAME_MOVE_MS
  if (goesOn.some(({ fromMs }) => fromMs <= latestMs)) return true
  return times.some(({ fromMs }) => fromMs >= sinceMs - SAME_MOVE_MS && fromMs <= latestMs)
}

const DAY = { name: '24h', ms: 86_400_000 } as const
const SPANS = [
  { name: '1h', ms: 3_600_000 },
  DAY,
  { name: '7d', ms: 604_800_000 },
  { name: '30d', ms: 2_592_000_000 },
] as const
type SpanName = (typeof SPANS)[number]['name']
/** Of each kind. More bars than these tell nothing by eye; the audit log has all. */
const RECORDS_MAX = 500
/** A move and the record of it are of one moment, or nearly: times in the log never go back. */
const SAME_MOVE_MS = 1000

function spanLinks(member: Member, here: SpanName): Html {
  return rangeLinks(
    member,
    SPANS.map(({ name }) => name),
    here,
    (one) => `/ui/events?span=${one}`,
  )
}

function rows(records: readonly FoundRecord[]): Value[][] {
  return records.map(({ at, subject, action, detail }) => {
    const move = `${detailText(detail['from'])} → ${detailText(detail['to'])}`
    const tone = action === 'algorithm.degrade' ? 'text-warn' : 'text-good'
    return [
      moment(at),
      namedTag(code(subject)),
      html`<span class="whitespace-nowrap ${tone}">${move}</span>`,
      html`<span lang="en">${detailText(detail['reason'])}</span>`,
    ]
  })
}

const WORDS = bilingual(
  {
    title: 'Degradations',
    lead: 'When a tag could not go on with its first algorithm, another one of its chain took over. It comes back by itself.',
    bars: 'When, and for how long',
    list: 'One by one, newest first',
    none: 'No tag was degraded in this time.',
    noMoves: 'No tag went over or came back in this time.',
    whose:
      'Bars are of all processes of this database. One that was killed told of no end: its bar goes on. A bar from the left edge began before.',
    fewer: (shown: number, tags: number) => `Drawn are the ${shown} of ${tags} tags that were degraded last.`,
    cut: (most: number) =>
      `There are more than ${most} moves: choose a shorter time, or look into the audit log, which has all. These are those since`,
    picture: (count: number) => `${count} times in which a tag was degraded; the table below has each`,
    when: 'When',
    tag: 'Tag',
    what: 'From and to',
    why: 'Why',
  },
  {
    title: '降级记录',
    lead: '当标签的首选算法不可用时，链中的下一个算法会接替，恢复后自动切回。',
    bars: '发生时间与持续时长',
    list: '明细（最新在前）',
    none: '此时段内没有标签处于降级状态。',
    noMoves: '此时段内没有标签降级或恢复。',
    whose:
      '横条涵盖此数据库的所有进程。被强行终止的进程没有留下结束记录，其横条会一直延续；从最左侧开始的横条始于更早。',
    fewer: (shown, tags) => `共 ${tags} 个标签，图中为最近降级的 ${shown} 个。`,
    cut: (most) =>
      `切换超过 ${most} 次：请选择更短的时段，或查看包含全部记录的审计日志。以下仅包含此时刻之后的记录：`,
    picture: (count: number) => `共 ${count} 段降级时间，明细见下表`,
    when: '时间',
    tag: '标签',
    what: '切换',
    why: '原因（英文原文）',
  },
)
