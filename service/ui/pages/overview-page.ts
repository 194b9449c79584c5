import { createHash } from 'node:crypto'
import type { UiParts } from '../admin-ui.ts'
import { page, piece } from '../answer.ts'
import { figureCharts } from '../figure-charts.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { percent, plainNumber, shortDuration, shortNumber } from '../number-text.ts'
import { heading, notice } from '../parts.ts'
import { pausable } from '../pausable.ts'
import { troubleText } from '../trouble-words.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** What this process does right now: cards with the values of its /metrics, and the last five minutes. */
export function overviewPages(routes: UiRoutes, parts: UiParts): void {
  routes.get('/', (member) => {
    const words = member.say(WORDS)
    // Figures are of all workspaces.
    const live =
      member.caller.within === ''
        ? html`<div id="troubles">${troubles(member, parts).body}</div>${renewing(member, figuresOf(member, parts))}`
        : notice('warning', words.limited)
    const body = html`${heading(words.title, {
      lead: words.lead(parts.node, parts.version),
      ...(mayManage(member) && {
        actions: html`<a class="button" href="/ui/tags/new">${words.newTag}</a><a class="button-quiet" href="/ui/tags">${words.allTags}</a>`,
      }),
    })}${live}`
    return page(words.title, 'overview', body)
  })
  routes.get('/live/overview', (member) =>
    member.caller.within === ''
      ? piece(html`${figuresOf(member, parts)}${changedTroubles(member, parts)}`)
      : piece(html``, 403),
  )
}

function mayManage({ caller }: Member): boolean {
  return caller.scopes.includes('manage')
}

/** Says which troubles are seen already: those are not sent again. */
function renewing(member: Member, figures: Html): Html {
  return html`${pausable(member, figures, html`<div hx-get="/ui/live/overview" hx-trigger="every 2s" hx-include="[name=seen]" hx-swap="innerHTML">${figures}</div>`)}
<p class="text-sm"><a class="link" href="/ui/charts?range=1h">${member.say(WORDS).longer}</a></p>`
}

function figuresOf(member: Member, parts: UiParts): Html {
  return html`${cards(member, parts)}${figureCharts(member, parts, '5m')}`
}

/** Put into its place by its id. A notice that came anew every two seconds would be read out every two seconds. */
function changedTroubles(member: Member, parts: UiParts): Html | undefined {
  const { body, seen } = troubles(member, parts)
  if (member.query.get('seen') === seen) return undefined
  return html`<div id="troubles" hx-swap-oob="innerHTML">${body}</div>`
}

/** @returns what is wrong, or that nothing is; `seen`: told back by who has it already */
function troubles(member: Member, parts: UiParts): { readonly body: Html; readonly seen: string } {
  const told = troublesNotice(member, parts)
  const seen = createHash('sha256').update(told.toString()).digest('base64url').slice(0, SEEN_LENGTH)
  return { body: html`${told}<input type="hidden" name="seen" value="${seen}">`, seen }
}

/** Two notices that are told apart by less would have to be made for it. */
const SEEN_LENGTH = 16

function troublesNotice(member: Member, { useCases, figures }: UiParts): Html {
  const words = member.say(WORDS)
  const { ready, degraded } = useCases.readiness.report()
  const list = degraded.map((trouble) => html`<li>${troubleText(member, trouble)}</li>`)
  if (!ready) return notice('error', html`<p>${words.notReady}</p><ul>${list}</ul>`)
  if (list.length > 0) return notice('warning', html`<ul>${list}</ul>`)
  // Who signed in for the first time sees zeros: say where the first ID comes from.
  const isNew = figures.now().ids === 0 && mayManage(member)
  return notice('done', isNew ? html`${words.well} ${words.begin}` : words.well)
}

function cards(member: Member, { figures }: UiParts): Html {
  const words = member.say(WORDS)
  const { language } = member.preferences
  const now = figures.now()
  const whole = figures.whole()
  const rate = (value: number | undefined): string => `${shortNumber(value ?? 0, language)}/s`
  const p99 = whole?.p99
  const all = [
    { label: words.ids, value: now.ids, more: rate(whole?.ids), metric: 'idgen_ids_issued_total' },
    {
      label: words.requests,
      value: now.requests,
      more: rate(whole?.requests),
      metric: 'idgen_generate_requests_total',
    },
    {
      label: words.failures,
      value: now.failures,
      more: rate(whole?.failures),
      metric: 'idgen_generate_failures_total',
    },
    {
      label: words.p99,
      value: p99 === undefined ? '–' : shortDuration(p99, language),
      more: words.waiting(now.waiting),
      metric: 'idgen_generate_duration_seconds',
    },
    { label: words.tags, value: now.tags, more: words.inMemory, metric: 'idgen_tags_in_memory' },
    {
      label: words.degraded,
      value: now.degradedTags,
      more: words.degradedMore,
      metric: 'idgen_tags_degraded',
    },
    {
      label: words.capacity,
      value: now.rangeUsedMost === undefined ? '–' : percent(now.rangeUsedMost, language),
      more: now.rangeUsedMost === undefined ? words.unchecked : words.alerts(now.rangeAlerts),
      metric: 'idgen_range_used_ratio_max',
    },
  ]
  return html`<dl class="mb-6 grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-4">${all.map(
    ({ label, value, more, metric }) => html`<div class="card px-4 py-3" data-metric="${metric}">
<dt class="text-xs font-medium text-muted">${label}</dt>
<dd class="mt-1 text-xl font-semibold wrap-anywhere tabular-nums sm:text-2xl">${typeof value === 'number' ? plainNumber(value, language) : value}</dd>
<dd class="mt-1 text-xs text-muted">${more}</dd>
<dd class="mt-1 truncate font-mono text-[0.65rem] text-muted">${metric}</dd></div>`,
  )}</dl>`
}

const WORDS = bilingual(
  {
    title: 'Overview',
    lead: (node: string, version: string) =>
      `What the process ${node} (idgen ${version}) does right now. The values are those of its /metrics.`,
    limited: 'Figures are of all workspaces, and your key is limited to a part of them.',
    well: 'Everything works.',
    longer: 'Charts of longer times',
    newTag: 'New tag',
    allTags: 'All tags',
    begin:
      'This process has given no ID yet: make a tag, or open one of those that are there, and press “Get IDs” on its page.',
    notReady: 'This process is not ready: it gets no traffic.',
    ids: 'IDs issued',
    requests: 'Requests',
    failures: 'Failed requests',
    p99: 'Response time, 99 %',
    waiting: (count: number) => (count === 1 ? '1 waits now' : `${count} wait now`),
    tags: 'Tags served here',
    inMemory: 'in memory',
    degraded: 'Degraded tags',
    degradedMore: 'served by another algorithm than their first',
    capacity: 'Fullest number space',
    unchecked: 'not known yet',
    alerts: (count: number) => (count === 0 ? 'no tag near its end' : `${count} near their end`),
  },
  {
    title: '总览',
    lead: (node, version) => `进程 ${node}（idgen ${version}）的实时状态，数值与其 /metrics 一致。`,
    limited: '这些数据涵盖所有工作空间，而您的密钥仅限其中一部分。',
    well: '一切正常。',
    longer: '查看更长时间的图表',
    newTag: '新建标签',
    allTags: '全部标签',
    begin: '本进程尚未发出任何 ID：请新建标签或打开已有标签，在其页面点击“取号”。',
    notReady: '本进程未就绪，不接收流量。',
    ids: '已发号数量',
    requests: '请求数',
    failures: '失败请求',
    p99: '响应时间（99 分位）',
    waiting: (count) => `当前等待 ${count} 个`,
    tags: '本进程服务的标签',
    inMemory: '已载入内存',
    degraded: '已降级标签',
    degradedMore: '当前未使用首选算法',
    capacity: '号段空间最高占用',
    unchecked: '尚未得知',
    alerts: (count) => (count === 0 ? '没有标签接近用尽' : `${count} 个标签即将用尽`),
  },
)
