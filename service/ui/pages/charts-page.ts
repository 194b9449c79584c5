import type { Workspace } from '../../ports/catalog-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page } from '../answer.ts'
import {
  dashboardUrl,
  type GrafanaPanel,
  INSTALLATION_PANELS,
  panelUrl,
  RANGES,
  type Shown,
  UNIT_PANELS,
} from '../grafana-panels.ts'
import { attr, type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, heading } from '../parts.ts'
import { reachable } from '../places.ts'
import { recentCharts } from '../recent-charts.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** Panels of Grafana with time range and business unit, where server.ui.grafanaUrl says where it is; else charts of our own. */
export function chartsPages(routes: UiRoutes, parts: UiParts): void {
  const { catalog } = parts.useCases
  routes.get('/charts', async (member) => {
    if (parts.grafanaUrl === '') return ownPage(member, parts)
    const within = reachable(member, member.query.get('within') ?? '')
    const range = RANGES.find((one) => one === member.query.get('range')) ?? RANGES[0]
    const [own] = member.caller.within.split('/')
    const mayList = (own === undefined || own === '') && member.caller.scopes.includes('manage')
    const units = mayList
      ? (await catalog.store.listWorkspaces({ after: undefined, limit: UNITS_MAX })).items
      : []
    return grafanaPage(member, parts, units, { range, within, theme: member.preferences.theme })
  })
}

function ownPage(member: Member, { figures }: UiParts): Answer {
  const words = member.say(WORDS)
  // Figures are of all workspaces.
  const charts =
    member.caller.within === ''
      ? html`<div hx-get="/ui/live/overview?only=charts" hx-trigger="every 2s" hx-swap="innerHTML">${recentCharts(member, figures)}</div>`
      : undefined
  const body = html`${heading(words.title, { lead: html`${words.ownLead} ${words.noGrafana}` })}${charts}`
  return page(words.title, 'charts', body)
}

function grafanaPage(member: Member, parts: UiParts, units: readonly Workspace[], shown: Shown): Answer {
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

function filters(member: Member, units: readonly Workspace[], { range, within }: Shown): Html {
  const words = member.say(WORDS)
  const link = (one: string): string => `/ui/charts?${new URLSearchParams({ range: one, within })}`
  const known = within === '' || units.some(({ name }) => name === within)
  const options = [...(known ? [] : [{ name: within }]), ...units].map(
    ({ name }) => html`<option value="${name}" ${attr('selected', name === within)}>${name}</option>`,
  )
  return html`<div class="mb-4 flex flex-wrap items-end gap-4">
<nav aria-label="${words.range}" class="segments">${RANGES.map((one) => html`<a href="${link(one)}" ${attr('aria-current', one === range, 'true')}>${one}</a>`)}</nav>
<form method="get" action="/ui/charts" class="flex items-end gap-2"><input type="hidden" name="range" value="${range}"><div><label class="label" for="within">${words.unit}</label><select id="within" name="within"><option value="">${words.everywhere}</option>${options}</select></div><button class="button-quiet">${words.show}</button></form></div>`
}

function frames(base: string, panels: readonly GrafanaPanel[], shown: Shown): Html {
  return html`<div class="grid gap-3 md:grid-cols-2">${panels.map(
    (panel) =>
      html`<iframe src="${panelUrl(base, panel, shown)}" title="${panel.title}" loading="lazy" class="h-56 w-full rounded-md border border-line"></iframe>`,
  )}</div>`
}

/** More business units than anybody finds in a list; what is not among them is reached from its own page. */
const UNITS_MAX = 500

const WORDS = bilingual(
  {
    title: 'Charts',
    lead: 'From Grafana, of all processes. Who is not signed in there sees its sign-in page.',
    ownLead: 'Of the process that answers.',
    noGrafana:
      'With server.ui.grafanaUrl the panels of Grafana stand here: longer times, business units, all processes.',
    range: 'Time range',
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
    ownLead: '当前应答进程的数据。',
    noGrafana:
      '设置 server.ui.grafanaUrl 后，此处将嵌入 Grafana 面板：可查看更长时间范围、业务单元及所有进程。',
    range: '时间范围',
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
