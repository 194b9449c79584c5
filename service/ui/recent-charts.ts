import type { FigureHistory, Interval } from '../app/figure-history.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { lineChart } from './line-chart.ts'
import { plainNumber, shortDuration, shortNumber } from './number-text.ts'
import { card } from './parts.ts'
import type { Member } from './visit.ts'

/** The last five minutes of this process, drawn here. */
export function recentCharts(member: Member, figures: FigureHistory): Html {
  const words = member.say(WORDS)
  const { language } = member.preferences
  const intervals = figures.intervals()
  const one = (
    title: string,
    read: (interval: Interval) => number | undefined,
    show: (value: number) => string,
    bad = false,
  ): Html => {
    const values = intervals.map(read)
    const present = values.filter((value) => value !== undefined)
    const now = values.at(-1)
    const nowText = now === undefined ? '–' : show(now)
    const most = show(Math.max(0, ...present))
    return html`<figure><figcaption class="mb-2 flex items-baseline justify-between gap-2"><span class="text-sm font-medium">${title}</span><span class="text-lg font-semibold tabular-nums">${nowText}</span></figcaption>
${lineChart({ label: words.chart(title, nowText, most), values, room: ROOM, tone: bad ? 'bad' : 'accent' })}
<p class="mt-1 flex justify-between text-xs text-muted"><span>${words.ago}</span><span>${words.most(most)}</span></p></figure>`
  }
  const rate = (value: number): string => `${shortNumber(value, language)}/s`
  return card(
    'recent',
    words.recent,
    html`<div class="grid gap-x-8 gap-y-6 md:grid-cols-2">
${one(words.ids, ({ ids }) => ids, rate)}
${one(
  words.p99,
  ({ p99 }) => p99,
  (value) => shortDuration(value, language),
)}
${one(words.failures, ({ failures }) => failures, rate, true)}
${one(
  words.degraded,
  ({ degradedTags }) => degradedTags,
  (value) => plainNumber(value, language),
  true,
)}</div>`,
  )
}

/** Intervals of five minutes, as FigureHistory keeps them. */
const ROOM = 150

const WORDS = bilingual(
  {
    ids: 'IDs issued',
    failures: 'Failed requests',
    p99: 'Response time, 99 %',
    degraded: 'Degraded tags',
    recent: 'The last five minutes',
    ago: '5 min ago',
    most: (value: string) => `highest ${value}`,
    chart: (title: string, now: string, most: string) =>
      `${title} over five minutes: now ${now}, highest ${most}`,
  },
  {
    ids: '已发号数量',
    failures: '失败请求',
    p99: '响应时间（99 分位）',
    degraded: '已降级标签',
    recent: '最近五分钟',
    ago: '5 分钟前',
    most: (value) => `最高 ${value}`,
    chart: (title, now, most) => `${title}，最近五分钟：当前 ${now}，最高 ${most}`,
  },
)
