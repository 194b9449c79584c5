import type { SpanName } from '../app/figure-history.ts'
import type { Activity, Curve } from '../app/figure-span.ts'
import type { UiParts } from './admin-ui.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { lineChart } from './line-chart.ts'
import { percent, plainNumber, shortDuration, shortNumber } from './number-text.ts'
import { card } from './parts.ts'
import { timeAxis } from './time-axis.ts'
import { moment, timeOfDay } from './time-text.ts'
import type { Member } from './visit.ts'

type ChartParts = Pick<UiParts, 'figures' | 'node' | 'useCases'>

/** What this process did in a time that ends now, drawn here. No process knows of another one, so each chart says whose it is. */
export function figureCharts(member: Member, { figures, node, useCases }: ChartParts, span: SpanName): Html {
  const words = member.say(WORDS)
  const curve = figures.curve(span)
  if (curve === undefined) return card('figures', words.last[span], words.nothing)
  const process = words.process(node, useCases.traffic.serverDc)
  return card(
    'figures',
    words.last[span],
    html`${told(member, curve, process)}<div class="grid gap-x-8 gap-y-6 md:grid-cols-2">${FIGURES.map((one) => chart(member, curve, process, one))}</div>`,
  )
}

interface Figure {
  readonly name: 'ids' | 'p99' | 'failures' | 'degradedTags' | 'rangeUsedMost'
  readonly kind: 'rate' | 'duration' | 'count' | 'share'
  readonly tone: 'accent' | 'bad'
}

const FIGURES: readonly Figure[] = [
  { name: 'ids', kind: 'rate', tone: 'accent' },
  { name: 'p99', kind: 'duration', tone: 'accent' },
  { name: 'failures', kind: 'rate', tone: 'bad' },
  { name: 'degradedTags', kind: 'count', tone: 'bad' },
  { name: 'rangeUsedMost', kind: 'share', tone: 'accent' },
]

/** A share is drawn of the whole: a space of which a millionth is used is not to look full. */
const TOPS: Readonly<Partial<Record<Figure['kind'], { readonly top: number }>>> = { share: { top: 1 } }

function chart(member: Member, curve: Curve, process: string, { name, kind, tone }: Figure): Html {
  const words = member.say(WORDS)
  const { language } = member.preferences
  const read = (did: Activity | undefined): number | undefined => did?.[name]
  const shown = {
    rate: (value: number) => `${shortNumber(value, language)}/s`,
    duration: (value: number) => shortDuration(value, language),
    count: (value: number) => plainNumber(value, language),
    share: (value: number) => percent(value, language),
  }[kind]
  const stretches = curve.intervals.map(({ did, ...time }) => ({ ...time, value: read(did) }))
  const values = stretches.map(({ value }) => value).filter((value) => value !== undefined)
  const last = stretches.at(-1)?.value
  const now = last === undefined ? '–' : shown(last)
  const most = values.length === 0 ? '–' : shown(Math.max(...values))
  const idle = curve.intervals.some(({ did }) => did !== undefined && read(did) === undefined)
  const title = words[name]
  const label = words.chart(title, timesOf(curve), now, most, process)
  return html`<figure><figcaption class="mb-2 flex items-baseline justify-between gap-2"><span class="text-sm font-medium">${title}</span><span class="text-lg font-semibold tabular-nums">${now}</span></figcaption>
${lineChart({ label, window: curve, stretches, unknown: unknownOf(curve), tone, ...TOPS[kind] })}${timeAxis(curve)}
<p class="mt-1 flex flex-wrap justify-between gap-x-4 text-xs text-muted"><span class="wrap-anywhere">${process}</span><span>${words.most(most)}</span></p>${idle && html`<p class="text-xs text-muted">${kind === 'share' ? words.unchecked : words.idle}</p>`}${kind === 'share' && html`<p class="text-xs text-muted">${words.full}</p>`}</figure>`
}

/** Of which time and of whom these are, and where there is nothing: gaps are said too, not only drawn. */
function told(member: Member, curve: Curve, process: string): Html {
  const words = member.say(WORDS)
  const stops = stoodStill(curve)
  const lines = [
    words.of(process, timesOf(curve), words.step(curve.stepMs / 1000)),
    ...(curve.beginsMs > curve.fromMs ? [html`${words.notBefore} ${moment(new Date(curve.beginsMs))}`] : []),
    ...stops
      .slice(-STOPS_MAX)
      .map(
        ({ fromMs, untilMs }) =>
          html`${words.stoodStill} ${moment(new Date(fromMs))} – ${moment(new Date(untilMs))}`,
      ),
    ...(stops.length > STOPS_MAX ? [words.moreStops(stops.length - STOPS_MAX)] : []),
  ]
  return html`<ul class="mb-4 text-sm text-muted">${lines.map((line) => html`<li class="wrap-anywhere">${line}</li>`)}</ul>`
}

/** More are for the log: who was frozen so often has it there. */
const STOPS_MAX = 3

function stoodStill({ intervals }: Curve): { fromMs: number; untilMs: number }[] {
  return intervals.filter(({ did }) => did === undefined)
}

function unknownOf(curve: Curve): { fromMs: number; untilMs: number }[] {
  const { fromMs, beginsMs } = curve
  const before = beginsMs > fromMs ? [{ fromMs, untilMs: beginsMs }] : []
  return [...before, ...stoodStill(curve)]
}

/** 10:15 – 11:15, with the days where they are two. */
function timesOf({ fromMs, toMs }: Curve): string {
  const [from, to] = [new Date(fromMs), new Date(toMs)]
  const day = (at: Date): string => at.toISOString().slice(0, 10)
  const before = day(from) === day(to) ? '' : `${day(from)} `
  return `${before}${timeOfDay(from)} – ${before === '' ? '' : `${day(to)} `}${timeOfDay(to)} UTC`
}

const WORDS = bilingual(
  {
    ids: 'IDs issued',
    failures: 'Failed requests',
    p99: 'Response time, 99 %',
    degradedTags: 'Degraded tags',
    rangeUsedMost: 'Fullest number space',
    full: 'The upper edge is 100 %. The value is that of the last check of capacity.',
    last: {
      '5m': 'The last five minutes',
      '1h': 'The last hour',
      '6h': 'The last six hours',
      '24h': 'The last 24 hours',
    },
    nothing: 'Nobody has looked yet.',
    process: (node: string, dc: number) => `${node}, data centre ${dc}`,
    of: (process: string, times: string, step: string) =>
      `Of the process ${process} alone: ${times}, ${step}.`,
    step: (seconds: number) =>
      seconds < 60 ? `a point each ${seconds} seconds` : `a point each ${seconds / 60} minutes`,
    notBefore: 'Shaded: this process has no figures of this time. It has them since',
    stoodStill: 'Shaded: this process stood still, or its clock was set; nothing is known of',
    moreStops: (count: number) => `It stood still ${count} more times before.`,
    idle: 'Where there is no line, nobody asked.',
    unchecked: 'Where there is no line, no check had succeeded yet.',
    most: (value: string) => `highest ${value}`,
    chart: (title: string, times: string, now: string, most: string, process: string) =>
      `${title}, ${times}: now ${now}, highest ${most}; ${process}`,
  },
  {
    ids: '已发号数量',
    failures: '失败请求',
    p99: '响应时间（99 分位）',
    degradedTags: '已降级标签',
    rangeUsedMost: '号段空间最高占用',
    full: '图表上沿为 100%。取自最近一次容量检查。',
    last: {
      '5m': '最近 5 分钟',
      '1h': '最近 1 小时',
      '6h': '最近 6 小时',
      '24h': '最近 24 小时',
    },
    nothing: '尚无数据。',
    process: (node, dc) => `${node}（数据中心 ${dc}）`,
    of: (process, times, step) => `仅为进程 ${process}的数据：${times}，${step}。`,
    step: (seconds) => (seconds < 60 ? `每 ${seconds} 秒一个点` : `每 ${seconds / 60} 分钟一个点`),
    notBefore: '阴影部分：本进程没有这段时间的数据，数据始于',
    stoodStill: '阴影部分：本进程曾停滞或时钟被调整，以下时段没有数据：',
    moreStops: (count) => `此前还停滞过 ${count} 次。`,
    idle: '没有曲线处表示没有请求。',
    unchecked: '没有曲线处表示尚未成功检查过容量。',
    most: (value) => `最高 ${value}`,
    chart: (title, times, now, most, process) => `${title}，${times}：当前 ${now}，最高 ${most}；${process}`,
  },
)
