import { authorize } from '../../app/authenticator.ts'
import { IdgenError } from '../../core/errors.ts'
import { tagPath } from '../../core/tag.ts'
import type { DeclaredTag } from '../../ports/declaration-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, piece } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { momentOf } from '../format-examples.ts'
import { formatRows } from '../format-fields.ts'
import { type Html, html } from '../html.ts'
import { issueSome, SOME_MAX } from '../issue-some.ts'
import { bilingual } from '../language.ts'
import { plainNumber } from '../number-text.ts'
import { card, csrfField, field, heading, notice, terms } from '../parts.ts'
import { pausable } from '../pausable.ts'
import { groupUrl, tagOfPath, tagUrl } from '../places.ts'
import { explanation } from '../tag-explanation.ts'
import { forecasts } from '../tag-forecast.ts'
import { rangesPicture } from '../tag-ranges.ts'
import { segmentPicture } from '../tag-segment.ts'
import { snippets } from '../tag-snippets.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** All about one tag: what it is, how far its numbers went, some IDs to try, and how applications ask for them. */
export function tagPages(routes: UiRoutes, parts: UiParts): void {
  const { declarations, directory } = parts.useCases
  const path = '/tags/:workspace/:group/:tag'
  const find = (member: Member): Promise<DeclaredTag> => {
    const ref = tagOfPath(member)
    authorize(member.caller, 'manage', tagPath(ref))
    return declarations.find(ref)
  }
  routes.get(path, async (member) => tagPage(member, parts, await find(member)))
  routes.get(`${path}/live`, (member) => {
    const name = tagPath(tagOfPath(member))
    authorize(member.caller, 'manage', name)
    return piece(segmentPicture(member, directory.peek(name)))
  })
  routes.post(path, async (member) => {
    const found = await find(member)
    const tried = await tryOut(member, parts, found)
    // Without scripts the whole page comes again, with the IDs in it.
    return member.isPiece ? piece(tried) : tagPage(member, parts, found, tried)
  })
}

/** Real IDs, and what is wrong where there are none. */
async function tryOut(member: Member, { useCases }: UiParts, { tag }: DeclaredTag): Promise<Html> {
  const words = member.say(WORDS)
  try {
    const issued = await issueSome(member, useCases, tagPath(tag), Number(member.form.get('count') ?? 1))
    const ids = issued.ids.map(
      (id) =>
        html`<li><a class="link font-mono" href="/ui/ids?id=${encodeURIComponent(id)}&tag=${encodeURIComponent(tagPath(tag))}">${id}</a></li>`,
    )
    return html`<ul class="mt-3 text-sm">${ids}</ul><p class="hint">${words.issuedBy(issued.algorithm, issued.degraded)}</p>`
  } catch (thrown) {
    const error = IdgenError.from(thrown)
    if (error.code === 'IDGEN_INTERNAL') throw error
    return html`<div class="mt-3">${errorText(member, error)}</div>`
  }
}

async function tagPage(member: Member, parts: UiParts, found: DeclaredTag, tried?: Html): Promise<Answer> {
  const words = member.say(WORDS)
  const { tag, declaration } = found
  const path = tagPath(tag)
  const actions =
    declaration === undefined
      ? html`<a class="button" href="${tagUrl(tag, '/edit')}">${words.change}</a><a class="button-danger" href="${tagUrl(tag, '/delete')}">${words.remove}</a>`
      : undefined
  const numbers = tag.chain.includes('segment') ? await numbersCards(member, parts, found) : undefined
  const body = html`${heading(path, {
    lead: tag.displayName,
    trail: [
      [words.tags, '/ui/tags'],
      [`${tag.workspace}/${tag.group}`, groupUrl(tag.workspace, tag.group)],
    ],
    actions,
  })}
${declaration !== undefined && notice('warning', words.declared(`${declaration.owner.namespace}/${declaration.owner.name}`))}
<div class="grid items-start gap-x-4 lg:grid-cols-2"><div class="min-w-0">${card('try', words.tryIt, tryForm(member, found, tried))}${card('settings', words.settings, settings(member, found))}${card('meaning', words.meaning, explanation(member, tag, momentOf(parts.useCases)))}</div>
<div class="min-w-0">${numbers}${card('use', words.use, snippets(member, tag, parts.endpoints()))}</div></div>`
  return page(path, 'tags', body)
}

async function numbersCards(member: Member, { useCases }: UiParts, found: DeclaredTag): Promise<Html> {
  const words = member.say(WORDS)
  const { clock, grantHistory, directory } = useCases
  const nowMs = clock.nowMs()
  const recent = await grantHistory.recent(found.tag.id, new Date(nowMs - DAY_MS))
  const picture = segmentPicture(member, directory.peek(tagPath(found.tag)))
  const live = pausable(
    member,
    picture,
    html`<div hx-get="${tagUrl(found.tag, '/live')}" hx-trigger="every 2s" hx-swap="innerHTML">${picture}</div>`,
  )
  return html`${card('memory', words.memory, live)}${card('ranges', words.ranges, rangesPicture(member, found.tag.space, forecasts(found, recent, nowMs), nowMs))}`
}

function tryForm(member: Member, { tag }: DeclaredTag, tried: Html | undefined): Html {
  const words = member.say(WORDS)
  return html`<form method="post" class="flex flex-wrap items-end gap-3" hx-post="${tagUrl(tag)}" hx-target="#issued" hx-swap="innerHTML">${csrfField(member)}<div class="w-44">${field({ name: 'count', label: words.count(SOME_MAX), value: member.form.get('count') ?? 1, type: 'number' })}</div><button class="button">${words.issue}</button></form>
<div id="issued" aria-live="polite">${tried}</div>
<form method="get" action="/ui/ids" class="mt-4 flex flex-wrap items-end gap-3 border-t border-line pt-4"><input type="hidden" name="tag" value="${tagPath(tag)}"><div class="min-w-48 flex-1">${field({ name: 'id', label: words.decode })}</div><button class="button-quiet">${words.read}</button></form>`
}

function settings(member: Member, { tag }: DeclaredTag): Html {
  const { say, preferences } = member
  const words = say(WORDS)
  const number = (value: number): string => plainNumber(value, preferences.language)
  const rows: readonly (readonly [string, string])[] = [
    [words.chain, tag.chain.join(' → ')],
    [words.step, `${number(tag.step.base)} (${number(tag.step.min)} – ${number(tag.step.max)})`],
    [words.startAt, number(tag.space.startAt)],
    [words.cells, `${number(tag.space.cellSize)} × ${tag.space.dcCount}`],
    ...(tag.space.format === undefined ? [] : formatRows(member, tag.space.format)),
    [words.version, number(tag.version)],
    [words.generation, tag.generation],
  ]
  return terms(rows)
}

const DAY_MS = 86_400_000

const WORDS = bilingual(
  {
    tryIt: 'Try it',
    count: (most: number) => `How many (at most ${most})`,
    issue: 'Get IDs',
    issuedBy: (algorithm: string, degraded: boolean) =>
      `Given by ${algorithm}${degraded ? ', because its first choice cannot' : ''}. They are real IDs: nobody gets them again.`,
    decode: 'What is in an ID',
    read: 'Read it',
    memory: 'In memory of this process',
    ranges: 'Numbers of each data centre',
    use: 'Ask for IDs',
    tags: 'Tags',
    change: 'Change',
    remove: 'Delete',
    declared: (object: string) => `The BizTag ${object} in Kubernetes declares this tag: change it there.`,
    settings: 'Settings',
    meaning: 'What this does',
    chain: 'Algorithms',
    step: 'Step (least – most)',
    startAt: 'First number',
    cells: 'Cell × data centres',
    version: 'Version',
    generation: 'Generation',
  },
  {
    tryIt: '试一试',
    count: (most) => `数量（最多 ${most} 个）`,
    issue: '取号',
    issuedBy: (algorithm, degraded) =>
      `由 ${algorithm} 发出${degraded ? '（首选算法不可用）' : ''}。这些是真实的 ID，不会再发给任何人。`,
    decode: '解析 ID',
    read: '解析',
    memory: '本进程内存',
    ranges: '各数据中心的号码',
    use: '取号方式',
    tags: '业务标签',
    change: '修改',
    remove: '删除',
    declared: (object) => `该标签由 Kubernetes 中的 BizTag ${object} 声明，请在那里修改。`,
    settings: '设置',
    meaning: '设置说明',
    chain: '算法',
    step: '步长（最小 – 最大）',
    startAt: '起始号码',
    cells: '单元 × 数据中心',
    version: '版本',
    generation: '世代标识',
  },
)
