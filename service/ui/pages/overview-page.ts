import type { UiParts } from '../admin-ui.ts'
import { page } from '../answer.ts'
import { html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, heading, notice } from '../parts.ts'
import type { UiRoutes } from '../ui-routes.ts'

/** What this process does right now. */
export function overviewPages(routes: UiRoutes, { useCases, version }: UiParts): void {
  routes.get('/', ({ say }) => {
    const words = say(WORDS)
    const { ready, degraded } = useCases.readiness.report()
    const troubles = degraded.map(
      ({ what, why }) => html`<li><span class="font-medium">${what}</span>: ${why}</li>`,
    )
    return page(
      words.title,
      'overview',
      html`${heading(words.title, { lead: words.lead })}
${troubles.length > 0 ? notice('warning', html`<ul>${troubles}</ul>`) : notice('done', words.well)}
${card('process', words.process, html`<p class="text-sm">idgen ${version} · ${ready ? words.ready : words.notReady}</p>`)}`,
    )
  })
}

const WORDS = bilingual(
  {
    title: 'Overview',
    lead: 'What this process does right now.',
    well: 'Everything works.',
    process: 'This process',
    ready: 'ready',
    notReady: 'not ready',
  },
  {
    title: '总览',
    lead: '本进程的实时状态。',
    well: '一切正常。',
    process: '本进程',
    ready: '就绪',
    notReady: '未就绪',
  },
)
