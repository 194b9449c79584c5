import type { Caller } from '../app/authenticator.ts'
import type { Scope } from '../ports/api-key-store.ts'
import { attr, type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import type { Member } from './visit.ts'

/** The parts of the pages, in the order of the navigation. A part without a page yet is left out. */
export type Section =
  | 'overview'
  | 'charts'
  | 'tags'
  | 'workspaces'
  | 'ids'
  | 'keys'
  | 'audit'
  | 'nodes'
  | 'events'

interface Entry {
  readonly section: Section
  readonly url: string
  /** Left out: every key that may sign in. */
  readonly needs?: Scope
}

const ENTRIES: readonly Entry[] = [
  { section: 'overview', url: '/ui' },
  { section: 'charts', url: '/ui/charts' },
  { section: 'tags', url: '/ui/tags', needs: 'manage' },
  { section: 'workspaces', url: '/ui/workspaces', needs: 'manage' },
  { section: 'events', url: '/ui/events', needs: 'audit' },
  { section: 'nodes', url: '/ui/nodes' },
  { section: 'keys', url: '/ui/keys', needs: 'manage' },
  { section: 'audit', url: '/ui/audit', needs: 'audit' },
  { section: 'ids', url: '/ui/ids' },
]

/** Links to the parts that this caller may use. */
export function navigation({ caller, say }: Member, here: Section | undefined): Html {
  const words = say(WORDS)
  return html`<nav aria-label="${words.label}"><ul class="flex flex-wrap gap-1 md:flex-col">${ENTRIES.filter(
    (entry) => mayOpen(caller, entry),
  ).map(
    ({ section, url }) =>
      html`<li><a href="${url}" ${attr('aria-current', section === here, 'page')} class="block whitespace-nowrap rounded-md px-2 py-2 text-sm md:px-3 font-medium text-muted hover:bg-raised hover:text-ink aria-[current=page]:bg-accent/12 aria-[current=page]:text-accent">${words[section]}</a></li>`,
  )}</ul></nav>`
}

function mayOpen({ scopes }: Caller, { needs }: Entry): boolean {
  return needs === undefined || scopes.includes(needs)
}

const WORDS = bilingual(
  {
    label: 'Main',
    overview: 'Overview',
    charts: 'Charts',
    tags: 'Tags',
    workspaces: 'Workspaces',
    ids: 'Read an ID',
    keys: 'API keys',
    audit: 'Audit log',
    nodes: 'Nodes',
    events: 'Degradations',
  },
  {
    label: '主导航',
    overview: '总览',
    charts: '图表',
    tags: '业务标签',
    workspaces: '工作空间',
    ids: '解析 ID',
    keys: 'API 密钥',
    audit: '审计日志',
    nodes: '节点',
    events: '降级记录',
  },
)
