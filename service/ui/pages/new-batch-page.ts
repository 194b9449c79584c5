import { authorize } from '../../app/authenticator.ts'
import { parseTagPath } from '../../app/tag-directory.ts'
import { completed, type TagRequest } from '../../app/tag-request.ts'
import { ALGORITHMS } from '../../core/algorithm.ts'
import { IdgenError } from '../../core/errors.ts'
import { tagFaults } from '../../core/tag.ts'
import type { TagRef } from '../../ports/catalog-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page } from '../answer.ts'
import { type BatchRow, refusedRow, rowsTable } from '../batch-rows.ts'
import { faultText } from '../fault-words.ts'
import { formatExamples, momentOf } from '../format-examples.ts'
import { formatFieldsOfPairs, formatOfFields } from '../format-fields.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, csrfField, heading } from '../parts.ts'
import { tagUrl } from '../places.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

type BatchUseCases = Pick<UiParts['useCases'], 'catalog' | 'clock' | 'layout'>

/** Many tags made at once: a line each, looked at, then made; each line with its own result. */
export function newBatchPages(routes: UiRoutes, { useCases }: UiParts): void {
  routes.get('/tags/new-batch', (member) => formPage(member, ''))
  routes.post('/tags/new-batch', async (member) => {
    const text = member.form.get('lines') ?? ''
    const lines = text.split('\n').map((line) => line.trim())
    const wanted = lines.filter((line) => line !== '').slice(0, LINES_MAX)
    const rows: BatchRow[] = []
    const confirmed = member.form.get('confirmed') === 'yes'
    for (const line of wanted) rows.push(await rowOf(member, useCases, line, confirmed))
    return formPage(member, text, rows, confirmed)
  })
}

interface WantedTag {
  readonly ref: TagRef
  readonly request: TagRequest
}

/** `workspace/group/tag`, then maybe an algorithm, a step, and fields of a format, with commas or blanks between. */
export function wantedOf(line: string): WantedTag {
  const words = line.split(/[\s,]+/)
  const [path = '', algorithm, step, ...rest] = words.filter((word) => !word.includes('='))
  const fields = formatFieldsOfPairs(words.filter((word) => word.includes('=')))
  const known = ALGORITHMS.find((one) => one === algorithm)
  if (
    fields === undefined ||
    rest.length > 0 ||
    (algorithm !== undefined && algorithm !== '' && known === undefined)
  )
    throw invalid(
      '/line',
      `must be workspace/group/tag, then one of ${ALGORITHMS.join(', ')}, a step, and fields of a format such as prefix=INV-; not ${JSON.stringify(line.slice(0, 100))}`,
    )
  if (step !== undefined && !/^\d{1,9}$/.test(step))
    throw invalid('/step', `must be a whole number, not ${JSON.stringify(step.slice(0, 40))}`)
  const format = formatOfFields(fields)
  return {
    ref: parseTagPath(path),
    request: {
      algorithm: known,
      ...(step !== undefined && { step: { base: Number(step) } }),
      ...(format !== undefined && { space: { format } }),
    },
  }
}

/** As a fault of a field, so that there are words for it in the language of the page. */
function invalid(path: string, message: string): IdgenError {
  return new IdgenError('IDGEN_REQUEST_INVALID', `${path} ${message}.`, { faults: [{ path, message }] })
}

async function rowOf(
  member: Member,
  useCases: BatchUseCases,
  line: string,
  confirmed: boolean,
): Promise<BatchRow> {
  const { catalog } = useCases
  try {
    const { ref, request } = wantedOf(line)
    const path = `${ref.workspace}/${ref.group}/${ref.name}`
    authorize(member.caller, 'manage', path)
    if (confirmed) {
      await catalog.createTag(member.actor, ref, request)
      return { path, url: tagUrl(ref), before: '', after: member.say(WORDS).made, ok: true }
    }
    const draft = completed(request)
    const faults = tagFaults(draft).map((fault) => faultText(member, fault))
    await catalog.group(ref.workspace, ref.group)
    if ((await catalog.store.findTag(ref)) !== undefined) faults.push(member.say(WORDS).exists)
    if (faults.length > 0) return { path, before: '', after: faults.join('; '), ok: false }
    const [example] = formatExamples(draft, momentOf(useCases))
    const after = [draft.chain.join(' → '), draft.step.base, ...(example === undefined ? [] : [example])]
    return { path, before: '–', after: after.join(', '), ok: true }
  } catch (thrown) {
    return refusedRow(member, line.slice(0, 200), thrown)
  }
}

function formPage(member: Member, text: string, rows: readonly BatchRow[] = [], made = false): Answer {
  const words = member.say(WORDS)
  const good = rows.filter(({ ok }) => ok).length
  const hidden = html`${csrfField(member)}`
  const body = html`${heading(words.title, { lead: words.lead, trail: [[words.tags, '/ui/tags']] })}
${rows.length > 0 && card('rows', made ? words.results(good, rows.length) : words.preview(good, rows.length), html`${rowsTable(member, rows)}${!made && good > 0 && confirmForm(hidden, text, words.make(good))}`)}
${card(
  'lines',
  words.lines,
  html`<form method="post" class="grid gap-3">${hidden}<label class="label" for="lines">${words.label}</label>
<textarea id="lines" name="lines" rows="10" class="font-mono" spellcheck="false" aria-describedby="lines-hint">${text}</textarea><p id="lines-hint" class="hint">${words.hint}</p><div><button class="button">${words.look}</button></div></form>`,
)}`
  return page(words.title, 'tags', body)
}

function confirmForm(hidden: Html, text: string, submit: string): Html {
  return html`<form method="post" class="mt-4">${hidden}<input type="hidden" name="lines" value="${text}"><input type="hidden" name="confirmed" value="yes"><button class="button">${submit}</button></form>`
}

/** As many as a person reads through; more are for the API. */
const LINES_MAX = 200

const WORDS = bilingual(
  {
    tags: 'Tags',
    title: 'Make many tags',
    lead: 'A line for each tag. Nothing is made before you have seen what it would be.',
    lines: 'Tags to make',
    label: 'A line each, at most 200',
    hint: 'workspace/group/tag, then an algorithm (segment, snowflake, uuid-v7, uuid-v4) and a step if you like: acme/shop/orders segment 1000. A format follows as prefix=INV- reset=day width=6.',
    look: 'Show what would be made',
    preview: (good: number, all: number) => `${good} of ${all} would be made`,
    results: (good: number, all: number) => `${good} of ${all} were made`,
    make: (count: number) => `Make ${count} tags now`,
    made: 'made',
    exists: 'There is a tag of this name already.',
  },
  {
    tags: '业务标签',
    title: '批量新建标签',
    lead: '每行一个标签。在您确认预览之前不会创建任何标签。',
    lines: '要创建的标签',
    label: '每行一个，最多 200 行',
    hint: '格式：工作空间/分组/标签，可选算法（segment、snowflake、uuid-v7、uuid-v4）和步长，例如 acme/shop/orders segment 1000。ID 格式写在其后：prefix=INV- reset=day width=6。',
    look: '预览',
    preview: (good, all) => `${all} 个中有 ${good} 个可以创建`,
    results: (good, all) => `${all} 个中有 ${good} 个已创建`,
    make: (count) => `立即创建 ${count} 个标签`,
    made: '已创建',
    exists: '已存在同名标签。',
  },
)
