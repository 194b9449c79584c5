import { CallerKeys } from '../../app/caller-keys.ts'
import { previousSecret } from '../../app/key-rotation.ts'
import { KEEP_PREVIOUS_MAX_MS, type UsedKey } from '../../app/manage-keys.ts'
import { IdgenError } from '../../core/errors.ts'
import type { ApiKey, SecretToEnd } from '../../ports/api-key-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, seeOther } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { KEY_LABELS, ROTATION_LABELS } from '../field-labels.ts'
import { orAgain } from '../form-again.ts'
import { attr, type Html, html } from '../html.ts'
import { keyState, SCOPE_WORDS, secretPage } from '../key-parts.ts'
import { bilingual } from '../language.ts'
import { card, code, csrfField, heading } from '../parts.ts'
import { moment } from '../time-text.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** One API key: what it may do, another secret for it, its end. A secret is shown once, in the answer to the form that made it. */
export function keyPages(routes: UiRoutes, { useCases }: UiParts): void {
  const keysOf = ({ caller, actor }: Member): CallerKeys => new CallerKeys(useCases.keys, caller, actor)
  const idOf = ({ params }: Member): string => params['key'] ?? ''
  const shown = async (member: Member, refused?: IdgenError): Promise<Answer> => {
    const used = await keysOf(member).look(idOf(member))
    const body = keyBody(member, used, { nowMs: useCases.clock.nowMs(), refused })
    return page(member.say(WORDS).one, 'keys', body, refused?.row.http)
  }
  routes.get('/keys/:key', (member) => shown(member))
  // The address of a page that says why there is no other secret: who comes back to it, or loads it anew, finds the key.
  routes.get('/keys/:key/rotate', (member) => shown(member))
  routes.post('/keys/:key/rotate', (member) =>
    orAgain(
      async () => {
        const rotation = { keepPreviousMs: keptMs(member.form), ends: endOf(member) }
        const { key, text } = await keysOf(member).rotate(idOf(member), rotation)
        return secretPage(member, key, text)
      },
      (error) => {
        if (error.code !== 'IDGEN_KEY_ROTATING' && error.code !== 'IDGEN_REQUEST_INVALID') throw error
        return shown(member, error)
      },
    ),
  )
  routes.post('/keys/:key/revoke', async (member) => {
    // The browser asks for it, too; what is sent without it is no slip of the hand that is to count.
    if (!member.form.has('sure')) return seeOther(`/ui/keys/${encodeURIComponent(idOf(member))}`)
    const key = await keysOf(member).revoke(idOf(member))
    return seeOther(`/ui/keys/${key.id}`)
  })
}

/**
 * A field that was emptied means the usual time, never "at once".
 * @throws IDGEN_REQUEST_INVALID in the hours that the form has: the use case counts in seconds
 */
export function keptMs(form: URLSearchParams): number | undefined {
  const text = (form.get('hours') ?? '').trim()
  if (text === '') return undefined
  const hours = Number(text)
  if (hours >= 0 && hours <= HOURS_MAX) return Math.round(hours * HOUR_MS)
  const message = `must be 0 to ${HOURS_MAX} hours (${HOURS_MAX / 24} days), not ${JSON.stringify(text.slice(0, 40))}`
  throw new IdgenError('IDGEN_REQUEST_INVALID', `/hours ${message}`, {
    faults: [{ path: '/hours', message }],
  })
}

const HOUR_MS = 3_600_000
const HOURS_MAX = KEEP_PREVIOUS_MAX_MS / HOUR_MS

const ENDS: readonly SecretToEnd[] = ['newest', 'oldest']

function endOf({ form }: Member): SecretToEnd | undefined {
  return ENDS.find((one) => one === form.get('ends'))
}

interface Looked {
  readonly nowMs: number
  /** Why there is no other secret. */
  readonly refused: IdgenError | undefined
}

function keyBody(member: Member, { key, lastUsedAt }: UsedKey, looked: Looked): Html {
  const words = member.say(WORDS)
  const before = previousSecret(key, looked.nowMs)
  const facts: readonly (readonly [string, Html | string])[] = [
    [words.state, keyState(member, key, looked.nowMs)],
    [words.id, html`<span class="font-mono">${key.id}</span>`],
    [words.scopes, scopesOf(member, key)],
    [words.within, key.within || words.everywhere],
    [words.created, moment(key.createdAt)],
    // Of which of the two nobody keeps: as long as one is in use, both look it.
    [
      before === undefined ? words.lastUsed : words.eitherUsed,
      lastUsedAt === undefined ? words.never : moment(lastUsedAt),
    ],
    [words.expiresAt, key.expiresAt === undefined ? words.never : moment(key.expiresAt)],
    ...(before === undefined ? [] : [[words.previous, moment(before.until)] as const]),
    ...(key.declaredBy === undefined ? [] : [[words.declaredBy, key.declaredBy] as const]),
  ]
  const list = html`<dl class="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2 text-sm">${facts.map(
    ([name, value]) => html`<dt class="text-muted">${name}</dt><dd>${value}</dd>`,
  )}</dl>`
  const { refused } = looked
  return html`${heading(key.name)}${refused && errorText(member, refused)}<div class="grid items-start gap-6 lg:grid-cols-2">${card('facts', words.one, list)}${key.revokedAt === undefined && changes(member, key, looked)}</div>`
}

function scopesOf({ say }: Member, { scopes }: ApiKey): Html {
  const may = say(SCOPE_WORDS)
  return html`<ul>${scopes.map((scope) => html`<li>${code(scope)} ${may[scope]}</li>`)}</ul>`
}

function changes(member: Member, key: ApiKey, looked: Looked): Html {
  const words = member.say(WORDS)
  const hours = member.form.get('hours') ?? '24'
  return html`<div class="grid gap-6">${card(
    'rotate',
    words.rotate,
    html`<p class="mb-4 text-sm text-muted">${words.rotateLead}</p><form method="post" action="/ui/keys/${key.id}/rotate">${csrfField(member)}<label class="label" for="hours">${words.hours}</label><input id="hours" name="hours" type="number" min="0" max="${HOURS_MAX}" value="${hours}">${whichEnds(member, key, looked)}<button class="button mt-4">${words.rotate}</button></form>`,
  )}${card(
    'revoke',
    words.revoke,
    html`<p class="mb-4 text-sm text-muted">${words.revokeLead}</p><form method="post" action="/ui/keys/${key.id}/revoke">${csrfField(member)}<label class="mb-4 flex items-center gap-2 text-sm"><input type="checkbox" name="sure" required>${words.sure}</label><button class="button-danger">${words.revoke}</button></form>`,
  )}</div>`
}

/**
 * While two secrets are valid somebody must say which one ends. Who was refused because the form was sent twice has seen no page with
 * the newest one: that it ends is ticked, which harms nobody who uses the other.
 */
function whichEnds(member: Member, key: ApiKey, { nowMs, refused }: Looked): Html | undefined {
  if (previousSecret(key, nowMs) === undefined) return undefined
  const words = member.say(WORDS)
  const chosen = refused?.code === 'IDGEN_KEY_ROTATING' ? 'newest' : endOf(member)
  return html`<fieldset class="mt-4"><legend class="label">${words.which}</legend>${ENDS.map(
    (one) =>
      html`<label class="mb-1 flex items-center gap-2 text-sm"><input type="radio" name="ends" value="${one}" required ${attr('checked', one === chosen)}>${words[one]}</label>`,
  )}</fieldset>`
}

const WORDS = bilingual(
  {
    one: 'API key',
    ...KEY_LABELS.en,
    ...ROTATION_LABELS.en,
    id: 'Id',
    everywhere: 'everything',
    created: 'Made',
    lastUsed: 'Last used',
    eitherUsed: 'Last used, with either secret',
    never: 'never',
    state: 'State',
    previous: 'The secret before is valid until',
    declaredBy: 'Belongs to the BizTag',
    rotate: 'Give it another secret',
    rotateLead: 'Both secrets are valid for the time you say, so that nobody who uses the key is cut off.',
    which: 'Two secrets are valid. Which of them ends at once?',
    newest: 'The newest one: nobody has it, because its page was left before it was copied',
    oldest: 'The one before it: everybody uses the newest one already',
    revoke: 'Revoke for good',
    revokeLead: 'Everybody who uses the key is refused within two seconds. It cannot be taken back.',
    sure: 'Yes, nobody needs this key any more',
  },
  {
    one: 'API 密钥',
    ...KEY_LABELS.zh,
    ...ROTATION_LABELS.zh,
    id: '编号',
    everywhere: '全部',
    created: '创建时间',
    lastUsed: '最近使用',
    eitherUsed: '最近使用（新旧密钥任一）',
    never: '从未',
    state: '状态',
    previous: '旧密钥有效期至',
    declaredBy: '所属 BizTag',
    rotate: '轮换密钥',
    rotateLead: '在设定时间内新旧密钥同时有效，使用方不会中断。',
    which: '目前有两个密钥有效，请选择立即失效的一个',
    newest: '最新的密钥：页面在复制之前已离开，没有人持有它',
    oldest: '较旧的密钥：所有使用方都已改用最新的密钥',
    revoke: '永久吊销',
    revokeLead: '所有使用该密钥的请求将在两秒内被拒绝，且无法恢复。',
    sure: '确认此密钥不再使用',
  },
)
