import { CallerKeys } from '../../app/caller-keys.ts'
import type { UsedKey } from '../../app/manage-keys.ts'
import { IdgenError } from '../../core/errors.ts'
import { SCOPES, type Scope } from '../../ports/api-key-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { KEY_LABELS } from '../field-labels.ts'
import { attr, type Html, html, type Value } from '../html.ts'
import { keyState, SCOPE_WORDS, secretPage } from '../key-parts.ts'
import { bilingual } from '../language.ts'
import { card, code, csrfField, field, heading, named, pager, table } from '../parts.ts'
import { moment } from '../time-text.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** All API keys, and the form for another one (key-page.ts: one by itself). */
export function keysPages(routes: UiRoutes, parts: UiParts): void {
  routes.get('/keys', (member) => list(member, parts))
  routes.post('/keys', async (member) => {
    try {
      const keys = new CallerKeys(parts.useCases.keys, member.caller, member.actor)
      const { key, text } = await keys.create(draftOf(member))
      return secretPage(member, key, text)
    } catch (thrown) {
      const error = IdgenError.from(thrown)
      if (error.code !== 'IDGEN_REQUEST_INVALID' && error.code !== 'IDGEN_NAME_INVALID') throw error
      return list(member, parts, errorText(member, error))
    }
  })
}

/** What fits a screen and is read at once. */
const PAGE_SIZE = 50
/** As long as a name may be. */
const TEXT_MAX = 200

function textOf({ query }: Member): string {
  return (query.get('q') ?? '').trim().slice(0, TEXT_MAX)
}

/** Those that are over stay for the audit log, and with an operator there are many. */
function areEndedShown({ query }: Member): boolean {
  return query.get('ended') === 'yes'
}

async function list(member: Member, { useCases }: UiParts, fault?: Html): Promise<Answer> {
  const words = member.say(WORDS)
  const after = member.query.get('after') ?? undefined
  const keys = new CallerKeys(useCases.keys, member.caller, member.actor)
  const nowMs = useCases.clock.nowMs()
  const { items, next } = await keys.list({
    after,
    limit: PAGE_SIZE,
    text: textOf(member),
    ...(!areEndedShown(member) && { validAt: new Date(nowMs) }),
  })
  const rows = items.map((used) => row(member, used, nowMs))
  const none = html`<p class="text-sm text-muted">${areEndedShown(member) ? words.none : words.noneValid}</p>`
  const head = [words.name, words.id, words.scopes, words.within, words.lastUsed, words.state]
  const body = html`${heading(words.title, { lead: words.lead })}${fault}
<div class="grid items-start gap-6 xl:grid-cols-[1fr_18rem]">${card('keys', words.all, html`${searchForm(member)}${rows.length > 0 ? table(words.all, head, rows) : none}${pager(member, '/ui/keys', next)}`)}${card('new-key', words.create, createForm(member))}</div>`
  return page(words.title, 'keys', body, fault === undefined ? 200 : 400)
}

function searchForm(member: Member): Html {
  const words = member.say(WORDS)
  return html`<form method="get" action="/ui/keys" role="search" class="mb-4 flex flex-wrap items-end gap-3"><div class="min-w-48 flex-1">${field({ name: 'q', label: words.search, value: textOf(member), type: 'search' })}</div>
<label class="flex items-center gap-2 py-2 text-sm"><input type="checkbox" name="ended" value="yes" ${attr('checked', areEndedShown(member))}>${words.ended}</label><button class="button-quiet">${words.find}</button></form>`
}

function row(member: Member, { key, lastUsedAt }: UsedKey, nowMs: number): Value[] {
  const words = member.say(WORDS)
  return [
    named(html`<a class="link" href="/ui/keys/${key.id}">${key.name}</a>`),
    code(key.id),
    code(key.scopes.join(', ')),
    key.within === ''
      ? html`<span class="whitespace-nowrap">${words.everywhere}</span>`
      : named(code(key.within)),
    lastUsedAt === undefined ? words.never : moment(lastUsedAt),
    keyState(member, key, nowMs),
  ]
}

function createForm(member: Member): Html {
  const words = member.say(WORDS)
  const { caller, form, isSent } = member
  const scopes = SCOPES.filter((scope) => scope === 'issue' || caller.scopes.includes(scope))
  return html`<form method="post" action="/ui/keys">${csrfField(member)}
<label class="label" for="name">${words.name}</label><input id="name" name="name" required maxlength="200" autocomplete="off" value="${form.get('name') ?? ''}">
<fieldset class="mt-4"><legend class="label">${words.scopes}</legend>${scopes.map(
    (scope) =>
      html`<label class="mb-1 flex items-center gap-2 text-sm"><input type="checkbox" name="scope" value="${scope}" ${attr('checked', isSent ? form.getAll('scope').includes(scope) : scope === 'issue')}><span><span class="font-mono text-xs">${scope}</span> <span class="text-muted">${words.may[scope]}</span></span></label>`,
  )}</fieldset>
<label class="label mt-4" for="within">${words.within}</label><input id="within" name="within" autocomplete="off" spellcheck="false" placeholder="${words.withinForm}" value="${form.get('within') ?? caller.within}" aria-describedby="within-hint"><p id="within-hint" class="hint">${words.withinHint}</p>
<label class="label mt-4" for="expires">${words.expiresAt}</label><input id="expires" name="expires" type="date" value="${form.get('expires') ?? ''}" aria-describedby="expires-hint"><p id="expires-hint" class="hint">${words.expiresHint}</p>
<button class="button mt-5">${words.create}</button></form>`
}

function draftOf({ form }: Member): {
  name: string
  scopes: Scope[]
  within: string
  expiresAt: Date | undefined
} {
  const expires = form.get('expires') ?? ''
  return {
    name: (form.get('name') ?? '').trim(),
    // The use case refuses what is none of them.
    scopes: form.getAll('scope') as Scope[],
    within: (form.get('within') ?? '').trim(),
    // The last moment of that day.
    expiresAt: expires === '' ? undefined : new Date(`${expires}T23:59:59Z`),
  }
}

const WORDS = bilingual(
  {
    title: 'API keys',
    lead: 'Who may ask for IDs, change tags or read the audit log. Only a hash of each key is stored.',
    all: 'Keys',
    search: 'By name, id or what it is limited to',
    ended: 'Revoked and expired ones too',
    find: 'Search',
    none: 'No key was found.',
    noneValid: 'No valid key was found. Revoked and expired ones are shown if you choose so.',
    ...KEY_LABELS.en,
    id: 'Id',
    may: SCOPE_WORDS.en,
    withinForm: 'workspace/group/tag',
    withinHint: 'A workspace, workspace/group or workspace/group/tag. Empty: everything.',
    everywhere: 'everything',
    lastUsed: 'Last used',
    never: 'never',
    state: 'State',
    expiresHint: 'To the end of that day in UTC. Empty: until it is revoked.',
    create: 'Make a key',
  },
  {
    title: 'API 密钥',
    lead: '决定谁可以发号、修改标签或查看审计日志。系统只保存密钥的哈希值。',
    all: '密钥列表',
    search: '按名称、编号或范围搜索',
    ended: '包括已吊销和已过期的密钥',
    find: '搜索',
    none: '没有找到密钥。',
    noneValid: '没有找到有效的密钥。可勾选显示已吊销和已过期的密钥。',
    ...KEY_LABELS.zh,
    id: '编号',
    may: SCOPE_WORDS.zh,
    withinForm: '工作空间/分组/标签',
    withinHint: '工作空间、工作空间/分组 或 工作空间/分组/标签。留空表示全部。',
    everywhere: '全部',
    lastUsed: '最近使用',
    never: '从未',
    state: '状态',
    expiresHint: '至当日结束（UTC）。留空表示长期有效。',
    create: '创建密钥',
  },
)
