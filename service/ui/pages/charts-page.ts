import { SPAN_LENGTHS, SPAN_NAMES, type SpanName } from '../../app/figure-history.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, piece } from '../answer.ts'
import { type BusinessUnit, businessUnits, unitOptions } from '../business-units.ts'
import { figureCharts } from '../figure-charts.ts'
import {
  DEFAULT_RANGE,
  dashboardUrl,
  type GrafanaPanel,
  INSTALLATION_PANELS,
  panelUrl,
  RANGES,
  type Shown,
  UNIT_PANELS,
} from '../grafana-panels.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, heading, notice } from '../parts.ts'
import { isPaused, pausable } from '../pausable.ts'
import { reachable } from '../places.ts'
import { rangeLinks } from '../range-links.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** Panels of Grafana with time range and business unit, where server.ui.grafanaUrl says where it is; else charts of our own. */
export function chartsPages(routes: UiRoutes, parts: UiParts): void {
  const { catalog } = parts.useCases
  routes.get('/charts', async (member) => {
    if (parts.grafanaUrl === '') return ownPage(member, parts)
    const within = reachable(member, member.query.get('within') ?? '')
    const range = RANGES.find((one) => one === member.query.get('range')) ?? DEFAULT_RANGE
    const units = await businessUnits(member, catalog.store, within)
    return grafanaPage(member, parts, units, { range, within, ...member.preferences })
  })
  routes.get('/live/charts', (member) =>
    member.caller.within === ''
      ? piece(figureCharts(member, parts, spanOf(member.query.get('range')).span))
      : piece(html``, 403),
  )
}

function ownPage(member: Member, parts: UiParts): Answer {
  const words = member.say(WORDS)
  const { span, known } = spanOf(member.query.get('range'))
  const paused = isPaused(member) ? '&live=off' : ''
  const links = rangeLinks(member, SPAN_NAMES, span, (one) => `/ui/charts?range=${one}${paused}`)
  // Figures are of all workspaces.
  const charts =
    member.caller.within === ''
      ? html`<div class="mb-4 flex flex-wrap">${links}</div>${!known && notice('warning', words.longest)}${renewing(member, span, figureCharts(member, parts, span))}`
      : notice('warning', words.limited)
  const body = html`${heading(words.title, { lead: html`${words.ownLead} ${words.noGrafana}` })}${charts}`
  return page(words.title, 'charts', body)
}

/** A time of Grafana that is not kept here, in an address that somebody kept, becomes the next longer one, or the longest. */
function spanOf(wanted: string | null): { readonly span: SpanName; readonly known: boolean } {
  const same = SPAN_NAMES.find((name) => name === wanted)
  if (same !== undefined) return { span: same, known: true }
  if (wanted === '15m') return { span: '1h', known: true }
  return wanted === '7d' || wanted === '30d' ? { span: '24h', known: false } : { span: '5m', known: true }
}

/** As often as there is something new to see. */
function renewing(member: Member, span: SpanName, charts: Html): Html {
  const renewed =
    SPAN_LENGTHS[span].stepMs < 10_000
      ? html`<div hx-get="/ui/live/charts?range=${span}" hx-trigger="every 2s" hx-swap="innerHTML">${charts}</div>`
      : html`<div hx-get="/ui/live/charts?range=${span}" hx-trigger="every 10s" hx-swap="innerHTML">${charts}</div>`
  return pausable(member, charts, renewed)
}

function grafanaPage(member: Member, parts: UiParts, units: readonly BusinessUnit[], shown: Shown): Answer {
  const words = member.say(WORDS)
  const base = parts.grafanaUrl
  const open = (dashboard: GrafanaPanel['dashboard'], text: string): Html =>
    html`<a class="button-quiet" href="${dashboardUrl(base, dashboard, shown)}">${text}</a>`
  // What is of everybody is not for a key that is limited to a part.
  const installation =
    shown.within === '' && card('installation', words.installation, frames(base, INSTALLATION_PANELS, shown))
  const body = html`${heading(words.title, {
    lead: words.lead,
    actions: html`${shown.within === '' && open('idgen-overview', words.openOverview)}${open('idgen-tags', words.openTags)}`,
  })}${filters(member, units, shown)}${installation}
${card('unit', shown.within === '' ? words.allTags : words.unitTags(shown.within), frames(base, UNIT_PANELS, shown))}`
  return page(words.title, 'charts', body)
}

function filters(member: Member, units: readonly BusinessUnit[], { range, within }: Shown): Html {
  const words = member.say(WORDS)
  const links = rangeLinks(
    member,
    RANGES,
    range,
    (one) => `/ui/charts?${new URLSearchParams({ range: one, within })}`,
  )
  return html`<div class="mb-4 flex flex-wrap items-end gap-4">
${links}
<form method="get" action="/ui/charts" class="flex items-end gap-2"><input type="hidden" name="range" value="${range}"><div><label class="label" for="within">${words.unit}</label><select id="within" name="within"><option value="">${words.everywhere}</option>${unitOptions(units, within)}</select></div><button class="button-quiet">${words.show}</button></form></div>`
}

function frames(base: string, panels: readonly GrafanaPanel[], shown: Shown): Html {
  return html`<div class="grid gap-3 md:grid-cols-2">${panels.map(
    (panel) =>
      html`<iframe src="${panelUrl(base, panel, shown)}" title="${shown.language === 'en' ? panel.title : panel.titleZh}" loading="lazy" class="h-56 w-full rounded-md border border-line"></iframe>`,
  )}</div>`
}

const WORDS = bilingual(
  {
    title: 'Charts',
    lead: 'From Grafana, of all processes. Who is not signed in there sees its sign-in page.',
    ownLead: 'Of the process that answers, and of the last day: each process knows only what it did itself.',
    noGrafana:
      'With server.ui.grafanaUrl the panels of Grafana stand here: longer times, business units, all processes.',
    longest: 'A process keeps the figures of 24 hours: this is the longest time here.',
    limited: 'Figures are of all workspaces, and your key is limited to a part of them.',
    unit: 'Business unit',
    everywhere: 'All workspaces',
    show: 'Show',
    installation: 'The whole installation',
    allTags: 'Tags of all business units',
    unitTags: (within: string) => `Tags of ${within}`,
    openOverview: 'Open the overview in Grafana',
    openTags: 'Open the tags in Grafana',
  },
  {
    title: '图表',
    lead: '来自 Grafana，涵盖所有进程。未在 Grafana 登录时会显示其登录页。',
    ownLead: '当前应答进程最近一天的数据：每个进程只知道自己的情况。',
    noGrafana:
      '设置 server.ui.grafanaUrl 后，此处将嵌入 Grafana 面板：可查看更长时间范围、业务单元及所有进程。',
    longest: '进程只保留 24 小时的数据，这里以此为最长范围。',
    limited: '这些数据涵盖所有工作空间，而您的密钥仅限其中一部分。',
    unit: '业务单元',
    everywhere: '全部工作空间',
    show: '查看',
    installation: '整体概况',
    allTags: '全部业务单元的标签',
    unitTags: (within) => `${within} 的标签`,
    openOverview: '在 Grafana 中打开总览',
    openTags: '在 Grafana 中打开标签面板',
  },
)
