import { auditFilter } from '../../app/audit-filter.ts'
import type { FoundRecord } from '../../ports/audit-query.ts'
import type { UiParts } from '../admin-ui.ts'
import { page } from '../answer.ts'
import { type DegradedTime, degradationBars } from '../degradation-bars.ts'
import { type Html, html, type Value } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, code, heading, namedTag, table } from '../parts.ts'
import { rangeLinks } from '../range-links.ts'
import { moment } from '../time-text.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** When tags went over to another algorithm and came back: a bar for each, and why. */
export function eventsPages(routes: UiRoutes, { useCases }: UiParts): void {
  const { audit, clock } = useCases
  routes.get('/events', async (member) => {
    const words = member.say(WORDS)
    const span = SPANS.find(({ name }) => name === member.query.get('span')) ?? DAY
    const from = new Date(clock.nowMs() - span.ms)
    const seen: FoundRecord[] = []
    for (const action of ['algorithm.degrade', 'algorithm.recover']) {
      const filter = auditFilter(member.caller, { action, from: from.toISOString() })
      seen.push(...(await audit.readBy(member.caller.keyId).find(filter, undefined, 'newest', RECORDS_MAX)))
    }
    seen.sort((a, b) => b.at.getTime() - a.at.getTime() || b.id - a.id)
    const times = degradedTimes(seen)
    const picture = degradationBars(times, {
      fromMs: from.getTime(),
      toMs: clock.nowMs(),
      label: words.picture(times.length),
    })
    const head = [words.when, words.tag, words.what, words.why]
    const body = html`${heading(words.title, { lead: words.lead, actions: spanLinks(member, span.name) })}
${card('picture', words.bars, times.length > 0 ? html`<div class="overflow-x-auto" role="group" aria-label="${words.bars}" tabindex="0">${picture}</div>` : words.none)}
<div class="mt-6">${card('list', words.list, seen.length > 0 ? table(words.list, head, rows(seen)) : words.none)}</div>`
    return page(words.title, 'events', body)
  })
}

const DAY = { name: '24h', ms: 86_400_000 } as const
const SPANS = [
  { name: '1h', ms: 3_600_000 },
  DAY,
  { name: '7d', ms: 604_800_000 },
  { name: '30d', ms: 2_592_000_000 },
] as const
type SpanName = (typeof SPANS)[number]['name']
/** More bars than these tell nothing by eye; the audit log has all. */
const RECORDS_MAX = 500

/** Pairs each going over with the coming back after it. `newest`: newest first. */
export function degradedTimes(newest: readonly FoundRecord[]): DegradedTime[] {
  const open = new Map<string, { fromMs: number; to: string }>()
  const times: DegradedTime[] = []
  const end = (tag: string, untilMs: number | undefined): void => {
    const begun = open.get(tag)
    open.delete(tag)
    if (begun !== undefined) times.push({ tag, ...begun, ...(untilMs !== undefined && { untilMs }) })
  }
  for (const { action, subject, at, detail } of newest.toReversed()) {
    // Down another step: a bar of its own.
    end(subject, at.getTime())
    if (action === 'algorithm.degrade') open.set(subject, { fromMs: at.getTime(), to: text(detail['to']) })
  }
  for (const tag of Array.from(open.keys())) end(tag, undefined)
  return times
}

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
    const move = `${text(detail['from'])} → ${text(detail['to'])}`
    const tone = action === 'algorithm.degrade' ? 'text-warn' : 'text-good'
    return [
      moment(at),
      namedTag(code(subject)),
      html`<span class="whitespace-nowrap ${tone}">${move}</span>`,
      html`<span lang="en">${text(detail['reason'])}</span>`,
    ]
  })
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '–'
}

const WORDS = bilingual(
  {
    title: 'Degradations',
    lead: 'When a tag could not go on with its first algorithm, another one of its chain took over. It comes back by itself.',
    bars: 'When, and for how long',
    list: 'One by one, newest first',
    none: 'No tag degraded in this time.',
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
    none: '此时段内没有降级。',
    picture: (count: number) => `共 ${count} 段降级时间，明细见下表`,
    when: '时间',
    tag: '标签',
    what: '切换',
    why: '原因（英文原文）',
  },
)
