import { AUDIT_FILTERS, auditFilter, type GivenAuditFilter } from '../../app/audit-filter.ts'
import { positionOf, positionText } from '../../app/read-audit.ts'
import type { FoundRecord } from '../../ports/audit-query.ts'
import { ACTION_WORDS, actionText, actorText, resultText } from '../action-words.ts'
import type { UiParts } from '../admin-ui.ts'
import { page } from '../answer.ts'
import { attr, type Html, html, type Value } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, code, heading, pager, table } from '../parts.ts'
import { moment } from '../time-text.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** Who did what, newest first, with what it was before and after. */
export function auditPages(routes: UiRoutes, { useCases }: UiParts): void {
  routes.get('/audit', async (member) => {
    const words = member.say(WORDS)
    const given = filterOf(member)
    const after = positionOf(member.query.get('after') ?? undefined)
    // One more than is shown tells whether there is another page.
    const filter = auditFilter(member.caller, given)
    const found = await useCases.audit
      .readBy(member.caller.keyId)
      .find(filter, after, 'newest', PAGE_SIZE + 1)
    const shown = found.slice(0, PAGE_SIZE)
    const last = shown.at(-1)
    const next = found.length > PAGE_SIZE && last !== undefined ? positionText(last) : undefined
    const head = [words.when, words.actor, words.action, words.subject, words.result, words.detail]
    const body = html`${heading(words.title, { lead: words.lead })}${card('filter', words.filter, form(member, given))}
<div class="mt-6">${card('records', words.records, html`${shown.length > 0 ? table(words.records, head, rows(member, shown)) : words.none}${pager(member, '/ui/audit', next)}`)}</div>`
    return page(words.title, 'audit', body)
  })
}

/** What is looked through at once. */
const PAGE_SIZE = 50

/** A field that was left empty is no filter; a day is meant from its beginning, or to its end. */
function filterOf({ query }: Member): GivenAuditFilter {
  const given: Record<string, string> = {}
  for (const name of AUDIT_FILTERS) {
    const value = (query.get(name) ?? '').trim()
    if (value !== '') given[name] = value
  }
  if (isDay(given['from'])) given['from'] += 'T00:00:00.000Z'
  if (isDay(given['to'])) given['to'] += 'T23:59:59.999Z'
  return given
}

function isDay(text: string | undefined): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text ?? '')
}

function form({ say }: Member, given: GivenAuditFilter): Html {
  const words = say(WORDS)
  const field = (name: keyof typeof words & (typeof AUDIT_FILTERS)[number], type = 'text'): Html =>
    html`<div><label class="label" for="${name}">${words[name]}</label><input id="${name}" name="${name}" type="${type}" autocomplete="off" value="${type === 'date' ? (given[name] ?? '').slice(0, 10) : (given[name] ?? '')}" ${attr('list', name === 'action', 'actions')}></div>`
  const actions = Object.entries(say(ACTION_WORDS)).map(
    ([action, meaning]) => html`<option value="${action}">${meaning}</option>`,
  )
  return html`<form method="get" action="/ui/audit"><div class="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
${field('from', 'date')}${field('to', 'date')}${field('actor')}${field('action')}${field('subject')}${field('workspace')}${field('result')}${field('traceId')}</div>
<datalist id="actions">${actions}</datalist>
<p class="hint">${words.hint}</p><button class="button mt-4">${words.search}</button> <a class="link ml-4 text-sm" href="/ui/audit">${words.clear}</a></form>`
}

function rows(member: Member, records: readonly FoundRecord[]): Value[][] {
  const words = member.say(WORDS)
  return records.map(({ at, actor, action, subject, result, traceId, detail }) => {
    const isEmpty = Object.keys(detail).length === 0 && traceId === undefined
    const text = JSON.stringify({ ...detail, ...(traceId !== undefined && { traceId }) }, undefined, 2)
    return [
      moment(at),
      described(actor, actorText(member, actor)),
      described(action, actionText(member, action)),
      code(subject),
      outcome(member, result),
      isEmpty
        ? '–'
        : html`<details><summary class="link cursor-pointer text-xs">${words.show}</summary><pre class="mt-2 max-w-xl overflow-x-auto rounded-md bg-raised p-2 text-xs" tabindex="0">${text}</pre></details>`,
    ]
  })
}

/** As filters and exports have it, and what it means. */
function described(name: string, meaning: string | undefined): Html {
  return html`${code(name)}${meaning !== undefined && html`<div class="min-w-36 text-xs text-muted">${meaning}</div>`}`
}

function outcome(member: Member, result: string): Value {
  const meaning = resultText(member, result)
  if (result === 'ok') return meaning
  return html`<div class="text-bad">${described(result, meaning === result ? undefined : meaning)}</div>`
}

const WORDS = bilingual(
  {
    title: 'Audit log',
    lead: 'Who did what, to what, when, and what it was before. Times are in UTC. "idgen audit verify" shows whether anybody changed it.',
    filter: 'Search',
    records: 'Records, newest first',
    none: 'Nothing was recorded that fits.',
    from: 'From the day',
    to: 'To the day',
    actor: 'Who',
    action: 'Action',
    subject: 'To what',
    workspace: 'Workspace',
    result: 'Result',
    traceId: 'Trace id',
    hint: 'Whole words, such as tag.update or acme/billing/invoices. With a first day months outside are not looked at.',
    search: 'Search',
    clear: 'Show everything',
    when: 'When',
    detail: 'Detail',
    show: 'show',
  },
  {
    title: '审计日志',
    lead: '记录谁在何时对什么做了什么，以及变更前后的内容。时间为 UTC。可用 “idgen audit verify” 检查日志是否被篡改。',
    filter: '搜索',
    records: '记录（最新在前）',
    none: '没有符合条件的记录。',
    from: '起始日期',
    to: '结束日期',
    actor: '操作者',
    action: '操作',
    subject: '对象',
    workspace: '工作空间',
    result: '结果',
    traceId: '追踪编号',
    hint: '请输入完整内容，例如 tag.update 或 acme/billing/invoices。指定起始日期可跳过更早的月份。',
    search: '搜索',
    clear: '显示全部',
    when: '时间',
    detail: '详情',
    show: '查看',
  },
)
