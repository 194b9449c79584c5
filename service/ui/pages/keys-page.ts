import { CallerKeys } from '../../app/caller-keys.ts'
import type { UsedKey } from '../../app/manage-keys.ts'
import { IdgenError } from '../../core/errors.ts'
import { type ApiKey, SCOPES, type Scope } from '../../ports/api-key-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, seeOther } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { KEY_LABELS } from '../field-labels.ts'
import { attr, type Html, html, type Value } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, code, csrfField, heading, named, table } from '../parts.ts'
import { moment } from '../time-text.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** API keys: made, given another secret, revoked. A secret is shown once, in the answer to the form that made it. */
export function keysPages(routes: UiRoutes, parts: UiParts): void {
  const { keys, clock } = parts.useCases
  const keysOf = ({ caller, actor }: Member): CallerKeys => new CallerKeys(keys, caller, actor)
  const idOf = ({ params }: Member): string => params['key'] ?? ''
  routes.get('/keys', (member) => list(member, parts))
  routes.post('/keys', async (member) => {
    try {
      const { key, text } = await keysOf(member).create(draftOf(member))
      return secretPage(member, key, text)
    } catch (thrown) {
      const error = IdgenError.from(thrown)
      if (error.code !== 'IDGEN_REQUEST_INVALID' && error.code !== 'IDGEN_NAME_INVALID') throw error
      return list(member, parts, errorText(member, error))
    }
  })
  routes.get('/keys/:key', async (member) => {
    const used = await keysOf(member).look(idOf(member))
    return page(member.say(WORDS).one, 'keys', keyBody(member, used, clock.nowMs()))
  })
  routes.post('/keys/:key/rotate', async (member) => {
    const { key, text } = await keysOf(member).rotate(idOf(member), {
      keepPreviousMs: keptMs(member),
      ends: member.form.has('again') ? 'oldest' : undefined,
    })
    return secretPage(member, key, text)
  })
  routes.post('/keys/:key/revoke', async (member) => {
    // The browser asks for it, too; what is sent without it is no slip of the hand that is to count.
    if (!member.form.has('sure')) return seeOther(`/ui/keys/${encodeURIComponent(idOf(member))}`)
    const key = await keysOf(member).revoke(idOf(member))
    return seeOther(`/ui/keys/${key.id}`)
  })
}

/** A field that was emptied means the usual time, never "at once". */
function keptMs({ form }: Member): number | undefined {
  const hours = (form.get('hours') ?? '').trim()
  return hours === '' ? undefined : Number(hours) * HOUR_MS
}

const HOUR_MS = 3_600_000
/** What fits a screen and is read at once. */
const PAGE_SIZE = 50

async function list(member: Member, { useCases }: UiParts, fault?: Html): Promise<Answer> {
  const words = member.say(WORDS)
  const after = member.query.get('after') ?? undefined
  const keys = new CallerKeys(useCases.keys, member.caller, member.actor)
  const { items, next } = await keys.list({ after, limit: PAGE_SIZE })
  const rows = items.map((used) => row(member, used, useCases.clock.nowMs()))
  const more =
    next !== undefined &&
    html`<p class="mt-4"><a class="link" href="/ui/keys?after=${encodeURIComponent(next)}">${words.more}</a></p>`
  const head = [words.name, words.id, words.scopes, words.within, words.lastUsed, words.state]
  const body = html`${heading(words.title, { lead: words.lead })}${fault}
<div class="grid items-start gap-6 xl:grid-cols-[1fr_18rem]">${card('keys', words.all, html`${rows.length > 0 ? table(words.all, head, rows) : words.none}${more}`)}${card('new-key', words.create, createForm(member))}</div>`
  return page(words.title, 'keys', body, fault === undefined ? 200 : 400)
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
    state(member, key, nowMs),
  ]
}

function state({ say }: Member, key: ApiKey, nowMs: number): Html {
  const words = say(WORDS)
  if (key.revokedAt !== undefined)
    return html`<span class="whitespace-nowrap text-bad">${words.revoked}</span>`
  if (key.expiresAt !== undefined && key.expiresAt.getTime() <= nowMs)
    return html`<span class="whitespace-nowrap text-bad">${words.expired}</span>`
  return html`<span class="whitespace-nowrap text-good">${words.valid}</span>`
}

function scopesOf(words: (typeof WORDS)['en'], { scopes }: ApiKey): Html {
  return html`<ul>${scopes.map((scope) => html`<li>${code(scope)} ${words.may[scope]}</li>`)}</ul>`
}

function createForm(member: Member): Html {
  const words = member.say(WORDS)
  const { caller, form } = member
  const scopes = SCOPES.filter((scope) => scope === 'issue' || caller.scopes.includes(scope))
  return html`<form method="post" action="/ui/keys">${csrfField(member)}
<label class="label" for="name">${words.name}</label><input id="name" name="name" required maxlength="200" autocomplete="off" value="${form.get('name') ?? ''}">
<fieldset class="mt-4"><legend class="label">${words.scopes}</legend>${scopes.map(
    (scope) =>
      html`<label class="mb-1 flex items-center gap-2 text-sm"><input type="checkbox" name="scope" value="${scope}" ${attr('checked', form.has('scope') ? form.getAll('scope').includes(scope) : scope === 'issue')}><span><span class="font-mono text-xs">${scope}</span> <span class="text-muted">${words.may[scope]}</span></span></label>`,
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

function secretPage(member: Member, key: ApiKey, text: string): Answer {
  const words = member.say(WORDS)
  const body = html`${heading(words.secret, { lead: words.secretLead })}${card(
    'secret',
    key.name,
    html`<p><code class="block rounded-md border border-line bg-raised p-3 font-mono text-sm break-all select-all">${text}</code></p><p class="mt-4"><a class="button" href="/ui/keys/${key.id}">${words.kept}</a></p>`,
  )}`
  return page(words.secret, 'keys', body)
}

function keyBody(member: Member, { key, lastUsedAt }: UsedKey, nowMs: number): Html {
  const words = member.say(WORDS)
  const facts: readonly (readonly [string, Html | string])[] = [
    [words.state, state(member, key, nowMs)],
    [words.id, html`<span class="font-mono">${key.id}</span>`],
    [words.scopes, scopesOf(words, key)],
    [words.within, key.within || words.everywhere],
    [words.created, moment(key.createdAt)],
    [words.lastUsed, lastUsedAt === undefined ? words.never : moment(lastUsedAt)],
    [words.expiresAt, key.expiresAt === undefined ? words.never : moment(key.expiresAt)],
    ...(key.previous === undefined ? [] : [[words.previous, moment(key.previous.until)] as const]),
    ...(key.declaredBy === undefined ? [] : [[words.declaredBy, key.declaredBy] as const]),
  ]
  const list = html`<dl class="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 text-sm">${facts.map(
    ([name, value]) => html`<dt class="text-muted">${name}</dt><dd>${value}</dd>`,
  )}</dl>`
  return html`${heading(key.name)}<div class="grid items-start gap-6 lg:grid-cols-2">${card('facts', words.one, list)}${key.revokedAt === undefined && changes(member, key)}</div>`
}

function changes(member: Member, { id, previous }: ApiKey): Html {
  const words = member.say(WORDS)
  return html`<div class="grid gap-6">${card(
    'rotate',
    words.rotate,
    html`<p class="mb-4 text-sm text-muted">${words.rotateLead}</p><form method="post" action="/ui/keys/${id}/rotate">${csrfField(member)}<label class="label" for="hours">${words.keep}</label><input id="hours" name="hours" type="number" min="0" max="2160" value="24">${previous !== undefined && html`<label class="mt-4 flex items-center gap-2 text-sm"><input type="checkbox" name="again" required>${words.rotateTwice}</label>`}<button class="button mt-4">${words.rotate}</button></form>`,
  )}${card(
    'revoke',
    words.revoke,
    html`<p class="mb-4 text-sm text-muted">${words.revokeLead}</p><form method="post" action="/ui/keys/${id}/revoke">${csrfField(member)}<label class="mb-4 flex items-center gap-2 text-sm"><input type="checkbox" name="sure" required>${words.sure}</label><button class="button-danger">${words.revoke}</button></form>`,
  )}</div>`
}

const WORDS = bilingual(
  {
    title: 'API keys',
    lead: 'Who may ask for IDs, change tags or read the audit log. Only a hash of each key is stored.',
    all: 'Keys',
    one: 'API key',
    none: 'There is no key yet.',
    more: 'Further keys',
    ...KEY_LABELS.en,
    id: 'Id',
    may: {
      issue: 'ask for IDs',
      manage: 'change workspaces, groups, tags and keys',
      audit: 'read the audit log',
      alert: 'write alerts into the audit log',
    },
    withinForm: 'workspace/group/tag',
    withinHint: 'A workspace, workspace/group or workspace/group/tag. Empty: everything.',
    everywhere: 'everything',
    created: 'Made',
    lastUsed: 'Last used',
    never: 'never',
    state: 'State',
    valid: 'valid',
    revoked: 'revoked',
    expired: 'expired',
    expiresHint: 'To the end of that day in UTC. Empty: until it is revoked.',
    previous: 'The secret before is valid until',
    declaredBy: 'Belongs to the BizTag',
    create: 'Make a key',
    secret: 'The new key',
    secretLead: 'Copy it now: it cannot be shown again.',
    kept: 'I have copied it',
    rotate: 'Give it another secret',
    rotateLead: 'Both secrets are valid for the time you say, so that nobody who uses the key is cut off.',
    rotateTwice: 'End the secret before, which is still valid',
    keep: 'Hours for which the present secret stays valid',
    revoke: 'Revoke for good',
    revokeLead: 'Everybody who uses the key is refused within two seconds. It cannot be taken back.',
    sure: 'Yes, nobody needs this key any more',
  },
  {
    title: 'API 密钥',
    lead: '决定谁可以发号、修改标签或查看审计日志。系统只保存密钥的哈希值。',
    all: '密钥列表',
    one: 'API 密钥',
    none: '尚无密钥。',
    more: '更多密钥',
    ...KEY_LABELS.zh,
    id: '编号',
    may: {
      issue: '取号',
      manage: '管理工作空间、分组、标签与密钥',
      audit: '查看审计日志',
      alert: '向审计日志写入告警',
    },
    withinForm: '工作空间/分组/标签',
    withinHint: '工作空间、工作空间/分组 或 工作空间/分组/标签。留空表示全部。',
    everywhere: '全部',
    created: '创建时间',
    lastUsed: '最近使用',
    never: '从未',
    state: '状态',
    valid: '有效',
    revoked: '已吊销',
    expired: '已过期',
    expiresHint: '至当日结束（UTC）。留空表示长期有效。',
    previous: '旧密钥有效期至',
    declaredBy: '所属 BizTag',
    create: '创建密钥',
    secret: '新密钥',
    secretLead: '请立即复制，之后无法再次查看。',
    kept: '我已复制',
    rotate: '轮换密钥',
    rotateLead: '在设定时间内新旧密钥同时有效，使用方不会中断。',
    rotateTwice: '使仍在有效期内的更旧密钥立即失效',
    keep: '当前密钥继续有效的小时数',
    revoke: '永久吊销',
    revokeLead: '所有使用该密钥的请求将在两秒内被拒绝，且无法恢复。',
    sure: '确认此密钥不再使用',
  },
)
