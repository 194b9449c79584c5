import { authorize } from '../../app/authenticator.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { Page } from '../../ports/catalog-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, piece } from '../answer.ts'
import { type BusinessUnit, businessUnits, unitOptions } from '../business-units.ts'
import { attr, type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { plainNumber } from '../number-text.ts'
import { card, field, heading, named, namedTag, pager, table } from '../parts.ts'
import { reachable, tagUrl } from '../places.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** Tags of all workspaces: searched by name, filtered by business unit, a page at a time, and chosen for a batch. */
export function tagsPages(routes: UiRoutes, { useCases: { catalog, tagSearch } }: UiParts): void {
  routes.get('/tags', async (member): Promise<Answer> => {
    const within = reachable(member, member.query.get('within') ?? '')
    authorize(member.caller, 'manage', within)
    const query = { within, text: (member.query.get('q') ?? '').trim().slice(0, TEXT_MAX) }
    const [found, count, units] = await Promise.all([
      tagSearch.find(query, member.query.get('after') ?? undefined, PAGE),
      tagSearch.count(query),
      businessUnits(member, catalog.store, within),
    ])
    const list = results(member, found, count)
    // While somebody types or chooses: the list, and by their ids (hx-select-oob) what depends on the unit.
    if (member.isPiece)
      return piece(html`${list}${unitChoice(member, units, within)}${newTagLink(member, within)}`)
    return tagsPage(member, within, units, list)
  })
}

function tagsPage(member: Member, within: string, units: readonly BusinessUnit[], list: Html): Answer {
  const words = member.say(WORDS)
  const body = html`${heading(words.title, {
    lead: words.lead,
    actions: html`${newTagLink(member, within)}<a class="button-quiet" href="/ui/tags/new-batch">${words.createMany}</a>`,
  })}
<form method="get" action="/ui/tags" class="mb-4 grid items-end gap-3 sm:grid-cols-[1fr_16rem_auto]" data-address hx-get="/ui/tags" hx-trigger="input changed delay:300ms target:#q, change target:#within" hx-sync="replace" hx-target="#results" hx-swap="innerHTML" hx-select-oob="#within,#new-tag">
${field({ name: 'q', label: words.search, value: member.query.get('q') ?? '', type: 'search' })}
<div><label class="label" for="within">${words.unit}</label>${unitChoice(member, units, within)}</div>
<div><button class="button">${words.find}</button></div></form>
<div id="results">${list}</div>`
  return page(words.title, 'tags', body)
}

function unitChoice({ say }: Member, units: readonly BusinessUnit[], within: string): Html {
  return html`<select id="within" name="within"><option value="">${say(WORDS).everywhere}</option>${unitOptions(units, within)}</select>`
}

function newTagLink({ say }: Member, within: string): Html {
  return html`<a id="new-tag" class="button" href="/ui/tags/new${within !== '' && `?within=${encodeURIComponent(within)}`}">${say(WORDS).create}</a>`
}

function results(member: Member, { items, next }: Page<Tag>, count: number): Html {
  const words = member.say(WORDS)
  if (items.length === 0)
    return card('found', words.found(0, '0'), html`<p class="text-sm text-muted">${words.none}</p>`)
  const chosen = member.query.get('select') === 'all'
  const rows = items.map((tag) => [
    html`<input type="checkbox" name="tag" value="${tagPath(tag)}" aria-label="${tagPath(tag)}" ${attr('checked', chosen)}>`,
    html`${namedTag(html`<a class="link font-medium" href="${tagUrl(tag)}">${tagPath(tag)}</a>`)}${tag.displayName !== '' && named(html`<span class="text-muted">${tag.displayName}</span>`)}`,
    html`<span class="badge">${tag.chain[0]}</span>`,
    html`<span class="tabular-nums">${plainNumber(tag.step.base, member.preferences.language)}</span>`,
  ])
  const all = new URLSearchParams(member.query)
  all.set('select', 'all')
  return card(
    'found',
    words.found(count, plainNumber(count, member.preferences.language)),
    html`<form method="get" action="/ui/tags/batch">${table(words.title, [html`<span class="sr-only">${words.choose}</span>`, words.tag, words.algorithm, words.step], rows)}
<div class="mt-4 flex flex-wrap items-center gap-3"><button class="button-quiet">${words.batch}</button><a class="link text-sm" href="/ui/tags?${all.toString()}">${words.selectAll}</a></div></form>
${pager(member, '/ui/tags', next)}`,
  )
}

/** As many as a batch takes, so that all of a page can be chosen; its form sends them in an address. */
const PAGE = 50
/** Longer than any path of a tag. */
const TEXT_MAX = 200

const WORDS = bilingual(
  {
    title: 'Tags',
    lead: 'A tag is what an application asks for IDs. Each has numbers, or an algorithm, of its own.',
    search: 'Search by name',
    unit: 'Business unit',
    everywhere: 'All workspaces',
    find: 'Search',
    create: 'New tag',
    createMany: 'Make many',
    found: (count: number, text: string) => (count === 1 ? '1 tag' : `${text} tags`),
    none: 'Nothing was found. Search for less, or make a tag.',
    choose: 'Choose',
    tag: 'Tag',
    algorithm: 'First algorithm',
    step: 'Step',
    batch: 'Change those that are ticked',
    selectAll: 'Tick all on this page',
  },
  {
    title: '业务标签',
    lead: '业务标签是应用取号的对象，每个标签拥有独立的号段或算法。',
    search: '按名称搜索',
    unit: '业务单元',
    everywhere: '全部工作空间',
    find: '搜索',
    create: '新建标签',
    createMany: '批量新建',
    found: (_count, text) => `共 ${text} 个标签`,
    none: '没有找到。请缩短搜索词，或新建标签。',
    choose: '选择',
    tag: '标签',
    algorithm: '首选算法',
    step: '步长',
    batch: '批量修改已勾选的标签',
    selectAll: '勾选本页全部',
  },
)
