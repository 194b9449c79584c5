import { authorize } from '../../app/authenticator.ts'
import type { ManageTagBatches } from '../../app/manage-tag-batches.ts'
import { paired, stepsOf, together } from '../../app/row-batch.ts'
import { parseTagPath } from '../../app/tag-directory.ts'
import type { TagRequest } from '../../app/tag-request.ts'
import { IdgenError } from '../../core/errors.ts'
import { type RowResult, rowResult } from '../../core/row-result.ts'
import { type Tag, tagFaults } from '../../core/tag.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, seeOther } from '../answer.ts'
import { type BatchRow, failedRow, openText, refusedRow, rowsTable } from '../batch-rows.ts'
import { errorText } from '../error-page.ts'
import { faultText } from '../fault-words.ts'
import { orAgain } from '../form-again.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, csrfField, heading } from '../parts.ts'
import { tagUrl } from '../places.ts'
import { onlyAsSeen, SEEN, seenTags, seenText } from '../seen-tags.ts'
import { chainFieldset, chainOf, requestOfForm, stepFieldset } from '../tag-fields.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

type Action = 'step' | 'chain' | 'delete'

/** One change of many tags: chosen, looked at as it would be, done; each tag with its own result. */
export function batchPages(routes: UiRoutes, { useCases: { batches } }: UiParts): void {
  routes.get('/tags/batch', (member) => {
    const paths = chosen(member.query)
    return paths.length === 0 ? seeOther('/ui/tags') : choosePage(member, paths)
  })
  routes.post('/tags/batch', (member) => {
    const paths = chosen(member.form)
    return orAgain(
      async () => {
        const action = actionOf(member)
        const request = requestOf(member, action)
        const found = await read(member, batches, paths)
        if (member.form.get('confirmed') === 'yes') {
          const asSeen = onlyAsSeen(found, seenTags(member.form))
          return resultPage(member, action, await carryOut(member, batches, asSeen, { action, request }))
        }
        const open = await withoutDeclared(batches, found)
        const rows = open.map((one) => preview(member, one, { action, request }))
        const seen = paired(open, rows).flatMap(({ row: { tag }, result: { ok } }) =>
          ok && 'value' in tag ? [seenText(tag.value)] : [],
        )
        return previewPage(member, action, rows, seen)
      },
      (error) => choosePage(member, paths, errorText(member, error)),
    )
  })
}

/** A tag that is named twice is one tag. */
function chosen(fields: URLSearchParams): readonly string[] {
  const paths = [...new Set(fields.getAll('tag'))]
  if (paths.length > TAGS_MAX)
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `A batch changes at most ${TAGS_MAX} tags, and ${paths.length} were sent: send them in several batches.`,
    )
  return paths
}

/** A tag, or why it cannot be had. */
interface Found {
  readonly path: string
  readonly tag: RowResult<Tag>
}

async function read(member: Member, batches: ManageTagBatches, paths: readonly string[]): Promise<Found[]> {
  const refs = paths.map((path) =>
    rowResult(() => {
      const ref = parseTagPath(path)
      authorize(member.caller, 'manage', path)
      return ref
    }),
  )
  const tags = await together(stepsOf(refs), (todo) => batches.tags(todo))
  return paired(paths, tags).map(({ row, result }) => ({ path: row, tag: result }))
}

async function withoutDeclared(batches: ManageTagBatches, found: readonly Found[]): Promise<Found[]> {
  const open = await together(stepsOf(found.map(({ tag }) => tag)), (tags) => batches.undeclared(tags))
  return paired(found, open).map(({ row: { path }, result: tag }) => ({ path, tag }))
}

function preview(
  member: Member,
  { path, tag: read }: Found,
  { action, request }: { action: Action; request: TagRequest },
): BatchRow {
  if ('refused' in read) return refusedRow(member, path, read.refused)
  const { value: tag } = read
  const before = settingsOf(tag, action)
  if (action === 'delete') return { path, url: tagUrl(tag), before, after: '', ok: true }
  const after = {
    ...tag,
    chain: request.chain ?? tag.chain,
    step: { ...tag.step, ...withoutGaps(request.step) },
  }
  const faults = tagFaults(after)
  if (faults.length > 0)
    return {
      path,
      url: tagUrl(tag),
      before,
      after: faults.map((fault) => faultText(member, fault)).join(member.say(WORDS).and),
      ok: false,
    }
  return { path, url: tagUrl(tag), before, after: settingsOf(after, action), ok: true }
}

/** The versions as they were read: a change by another one in between is refused, not lost. */
async function carryOut(
  member: Member,
  batches: ManageTagBatches,
  found: readonly Found[],
  { action, request }: { action: Action; request: TagRequest },
): Promise<BatchRow[]> {
  const steps = stepsOf<Tag>(found.map(({ tag }) => tag))
  const results = await together<Tag, Tag | void>(steps, (tags) =>
    action === 'delete'
      ? batches.deleteTags(member.actor, tags)
      : batches.updateTags(member.actor, tags, request),
  )
  return paired(found, results).map(({ row: { path, tag }, result }) => {
    if ('refused' in tag) return refusedRow(member, path, tag.refused)
    const before = settingsOf(tag.value, action)
    if ('refused' in result) return { ...failedRow(member, path, result), before }
    return { path, before, after: member.say(WORDS).done, ok: true }
  })
}

function settingsOf({ chain, step }: Pick<Tag, 'chain' | 'step'>, action: Action): string {
  return action === 'step' ? `${step.base} (${step.min} – ${step.max})` : chain.join(' → ')
}

function withoutGaps(step: TagRequest['step']): Partial<Tag['step']> {
  return Object.fromEntries(Object.entries(step ?? {}).filter(([, value]) => value !== undefined))
}

function actionOf({ form }: Member): Action {
  const action = form.get('action')
  if (action === 'step' || action === 'chain' || action === 'delete') return action
  throw new IdgenError('IDGEN_REQUEST_INVALID', '/action must be step, chain or delete.')
}

function requestOf({ form }: Member, action: Action): TagRequest {
  if (action === 'step') return { step: requestOfForm(form).step }
  return action === 'chain' ? { chain: chainOf(form) } : {}
}

function choosePage(member: Member, paths: readonly string[], error?: Html): Answer {
  const words = member.say(WORDS)
  const tags = paths.map((path) => html`<input type="hidden" name="tag" value="${path}">`)
  const form = (action: Action, fields: Html): Html =>
    html`<form method="post" action="/ui/tags/batch" class="grid gap-4">${csrfField(member)}${tags}<input type="hidden" name="action" value="${action}">${fields}<div><button class="${action === 'delete' ? 'button-danger' : 'button'}">${words.preview}</button></div></form>`
  const body = html`${heading(words.title(paths.length), { lead: words.lead, trail: [[words.tags, '/ui/tags']] })}${error}
${card('chosen', words.chosen, html`<ul class="flex flex-wrap gap-2">${paths.map((path) => html`<li class="badge max-w-full rounded-xl wrap-anywhere">${path}</li>`)}</ul>`)}
${card('step', words.step, form('step', stepFieldset(member, { base: '', min: '', max: '' })))}
${card('chain', words.chain, form('chain', chainFieldset(member, [])))}
${card('delete', words.remove, form('delete', html`<p class="text-sm text-muted">${words.removeHint}</p>`))}`
  return page(words.title(paths.length), 'tags', body, error === undefined ? 200 : 400)
}

function previewPage(
  member: Member,
  action: Action,
  rows: readonly BatchRow[],
  seen: readonly string[],
): Answer {
  const words = member.say(WORDS)
  const good = rows.filter(({ ok }) => ok).length
  // The same fields once more, with the word that it is meant.
  const fields = [...member.form].filter(([name]) => !['csrf', 'confirmed', SEEN].includes(name))
  const body = html`${heading(words.previewOf[action], { lead: words.willChange(good, rows.length), trail: [[words.tags, '/ui/tags']] })}
${card('rows', words.previewOf[action], rowsTable(member, rows))}
${
  good > 0 &&
  html`<form method="post" action="/ui/tags/batch">${csrfField(member)}${fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}${seen.map((value) => html`<input type="hidden" name="${SEEN}" value="${value}">`)}<input type="hidden" name="confirmed" value="yes"><button class="${action === 'delete' ? 'button-danger' : 'button'}">${words.doIt[action](good)}</button></form>`
}`
  return page(words.previewOf[action], 'tags', body)
}

function resultPage(member: Member, action: Action, rows: readonly BatchRow[]): Answer {
  const words = member.say(WORDS)
  const good = rows.filter(({ ok }) => ok).length
  const lead = [words.changed(good, rows.length), openText(member, rows) ?? ''].join(' ').trim()
  // What was begun goes on by itself.
  const left = rows.filter(({ ok, isBegun = false }) => !ok && !isBegun)
  const body = html`${heading(words.results, { lead, trail: [[words.tags, '/ui/tags']] })}
${card('rows', words.previewOf[action], rowsTable(member, rows))}
${left.length > 0 && html`<p class="mt-4"><a class="link" href="/ui/tags/batch?${left.map(({ path }) => `tag=${encodeURIComponent(path)}`).join('&')}">${words.again(left.length)}</a></p>`}`
  return page(words.results, 'tags', body)
}

function tagCount(count: number): string {
  return count === 1 ? '1 tag' : `${count} tags`
}

/** A page of the list of tags, so that their form fits into an address. */
export const TAGS_MAX = 100

const WORDS = bilingual(
  {
    tags: 'Tags',
    title: (count: number) => `Change ${tagCount(count)}`,
    lead: 'Nothing is changed before you have seen what it would be.',
    chosen: 'Chosen',
    step: 'Another step',
    chain: 'Other algorithms',
    remove: 'Delete',
    removeHint:
      'Applications that ask for their IDs are refused from then on. The numbers are never given again.',
    preview: 'Show what would change',
    previewOf: { step: 'Another step', chain: 'Other algorithms', delete: 'Delete' },
    willChange: (good: number, all: number) => `${good} of ${all} would be changed. Nothing is changed yet.`,
    doIt: {
      step: (count: number) => `Change ${tagCount(count)} now`,
      chain: (count: number) => `Change ${tagCount(count)} now`,
      delete: (count: number) => `Delete ${tagCount(count)} now`,
    },
    again: (count: number) =>
      `Choose a change for the ${count === 1 ? 'one' : count} that ${count === 1 ? 'was' : 'were'} not changed`,
    results: 'Results',
    changed: (good: number, all: number) => `${good} of ${all} were changed.`,
    done: 'done',
    and: '; ',
  },
  {
    tags: '业务标签',
    title: (count) => `修改 ${count} 个标签`,
    lead: '在您确认预览之前不会进行任何修改。',
    chosen: '已选择',
    step: '修改步长',
    chain: '修改算法',
    remove: '删除',
    removeHint: '删除后，向其取号的应用将立即被拒绝；号码永不重用。',
    preview: '预览修改',
    previewOf: { step: '修改步长', chain: '修改算法', delete: '删除' },
    willChange: (good, all) => `${all} 个中有 ${good} 个将被修改，目前尚未修改。`,
    doIt: {
      step: (count) => `立即修改 ${count} 个标签`,
      chain: (count) => `立即修改 ${count} 个标签`,
      delete: (count) => `立即删除 ${count} 个标签`,
    },
    again: (count) => `为未修改的 ${count} 个标签重新选择操作`,
    results: '结果',
    changed: (good, all) => `${all} 个中有 ${good} 个已修改。`,
    done: '完成',
    and: '；',
  },
)
