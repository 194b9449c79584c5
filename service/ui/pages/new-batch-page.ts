import { authorize } from '../../app/authenticator.ts'
import { refuseTwice, type WantedTag } from '../../app/manage-tag-batches.ts'
import { paired, sideBySide, stepsOf, together } from '../../app/row-batch.ts'
import { parseTagPath } from '../../app/tag-directory.ts'
import { completed, draftFaults } from '../../app/tag-request.ts'
import { ALGORITHMS } from '../../core/algorithm.ts'
import { IdgenError } from '../../core/errors.ts'
import { type RowResult, rowResult } from '../../core/row-result.ts'
import { tagPath } from '../../core/tag.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page } from '../answer.ts'
import { type BatchRow, failedRow, openText, refusedRow, rowsTable } from '../batch-rows.ts'
import { errorText } from '../error-page.ts'
import { faultText } from '../fault-words.ts'
import { formatExamples, momentOf } from '../format-examples.ts'
import { formatFieldsOfPairs, formatOfFields } from '../format-fields.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, csrfField, heading } from '../parts.ts'
import { tagUrl } from '../places.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

type BatchUseCases = Pick<UiParts['useCases'], 'batches' | 'catalog' | 'clock' | 'layout'>

/** Many tags made at once: a line each, looked at, then made; each line with its own result. */
export function newBatchPages(routes: UiRoutes, { useCases }: UiParts): void {
  routes.get('/tags/new-batch', (member) => formPage(member, ''))
  routes.post('/tags/new-batch', async (member) => {
    const text = member.form.get('lines') ?? ''
    const lines = text.split('\n').map((line) => line.trim())
    const wanted = lines.filter((line) => line !== '')
    if (wanted.length > LINES_MAX) return formPage(member, text, { error: tooMany(member, wanted.length) })
    const read = readLines(member, wanted)
    if (member.form.get('confirmed') !== 'yes')
      return formPage(member, text, { rows: await preview(member, useCases, read) })
    const rows = await make(member, useCases, read)
    // What is still to be made, to be put right and sent again.
    const left = paired(wanted, rows).flatMap(({ row: line, result: { ok } }) => (ok ? [] : [line]))
    return formPage(member, left.join('\n'), { rows, made: true })
  })
}

/** Nothing of it is looked at: what is cut off in silence is missed later. */
function tooMany(member: Member, count: number): Html {
  const message = `At most ${LINES_MAX} lines make tags at once, and ${count} were sent: send them in several batches.`
  return errorText(member, new IdgenError('IDGEN_REQUEST_INVALID', message))
}

/** A line, and the tag that it asks for, or why not. */
interface ReadLine {
  readonly line: string
  readonly wanted: RowResult<WantedTag>
}

function readLines(member: Member, lines: readonly string[]): ReadLine[] {
  const named = new Set<string>()
  return lines.map((line) => ({
    line,
    wanted: rowResult(() => {
      const wanted = wantedOf(line)
      const path = tagPath(wanted.ref)
      authorize(member.caller, 'manage', path)
      refuseTwice(named, path)
      return wanted
    }),
  }))
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

async function make(
  member: Member,
  { batches }: BatchUseCases,
  lines: readonly ReadLine[],
): Promise<BatchRow[]> {
  const steps = stepsOf(lines.map(({ wanted }) => wanted))
  const made = await together(steps, (wanted) => batches.createTags(member.actor, wanted))
  return paired(lines, made).map(({ row: { line, wanted }, result }) => {
    if ('value' in result)
      return {
        path: tagPath(result.value),
        url: tagUrl(result.value),
        before: '',
        after: member.say(WORDS).made,
        ok: true,
      }
    // A line that could not be read was never carried out.
    const shown = line.slice(0, LINE_SHOWN)
    return 'value' in wanted ? failedRow(member, shown, result) : refusedRow(member, shown, result.refused)
  })
}

/** What would be made, as far as that can be told before. */
async function preview(
  member: Member,
  useCases: BatchUseCases,
  lines: readonly ReadLine[],
): Promise<BatchRow[]> {
  const steps = stepsOf(lines.map(({ wanted }) => wanted))
  const rows = await together<WantedTag, BatchRow>(steps, async (wanted) => {
    const tags = await useCases.batches.tags(wanted.map(({ ref }) => ref))
    const groups = await groupsOf(useCases, wanted)
    return paired(wanted, tags).map(({ row, result }) =>
      rowResult(() => {
        const group = groups.get(groupPath(row))
        if (group !== undefined && 'refused' in group) throw group.refused
        return wouldBe(member, useCases, row, 'value' in result)
      }),
    )
  })
  return paired(lines, rows).map(({ row: { line }, result }) =>
    'value' in result ? result.value : refusedRow(member, line.slice(0, LINE_SHOWN), result.refused),
  )
}

/** Many lines name few groups. */
async function groupsOf(
  { catalog }: BatchUseCases,
  wanted: readonly WantedTag[],
): Promise<ReadonlyMap<string, RowResult<unknown>>> {
  const refs = [...new Map(wanted.map((one) => [groupPath(one), one.ref]))]
  const groups = await sideBySide(refs, ([, { workspace, group }]) => catalog.group(workspace, group))
  return new Map(paired(refs, groups).map(({ row: [path], result }) => [path, result]))
}

function groupPath({ ref: { workspace, group } }: WantedTag): string {
  return `${workspace}/${group}`
}

function wouldBe(
  member: Member,
  useCases: BatchUseCases,
  { ref, request }: WantedTag,
  isThere: boolean,
): BatchRow {
  const path = tagPath(ref)
  const draft = completed(request)
  const moment = momentOf(useCases)
  const faults = draftFaults(draft, moment.nowMs).map((fault) => faultText(member, fault))
  if (isThere) faults.push(member.say(WORDS).exists)
  if (faults.length > 0) return { path, before: '', after: faults.join('; '), ok: false }
  const [example] = formatExamples(draft, moment)
  const after = [draft.chain.join(' → '), draft.step.base, ...(example === undefined ? [] : [example])]
  return { path, before: '–', after: after.join(', '), ok: true }
}

interface Shown {
  readonly rows?: readonly BatchRow[]
  readonly made?: boolean
  readonly error?: Html
}

function formPage(member: Member, text: string, { rows = [], made = false, error }: Shown = {}): Answer {
  const words = member.say(WORDS)
  const good = rows.filter(({ ok }) => ok).length
  const hidden = html`${csrfField(member)}`
  const body = html`${heading(words.title, { lead: words.lead, trail: [[words.tags, '/ui/tags']] })}${error}
${rows.length > 0 && card('rows', made ? words.results(good, rows.length) : words.preview(good, rows.length), html`${made && openNote(member, rows)}${rowsTable(member, rows)}${!made && good > 0 && confirmForm(hidden, text, words.make(good))}`)}
${card(
  'lines',
  words.lines,
  html`<form method="post" class="grid gap-3">${hidden}<label class="label" for="lines">${words.label}</label>
<textarea id="lines" name="lines" rows="10" class="font-mono" spellcheck="false" aria-describedby="lines-hint">${text}</textarea><p id="lines-hint" class="hint">${words.hint}</p><div><button class="button">${words.look}</button></div></form>`,
)}`
  return page(words.title, 'tags', body, error === undefined ? 200 : 400)
}

function openNote(member: Member, rows: readonly BatchRow[]): Html | undefined {
  const text = openText(member, rows)
  return text === undefined ? undefined : html`<p class="mb-3 text-sm text-warn">${text}</p>`
}

function confirmForm(hidden: Html, text: string, submit: string): Html {
  return html`<form method="post" class="mt-4">${hidden}<input type="hidden" name="lines" value="${text}"><input type="hidden" name="confirmed" value="yes"><button class="button">${submit}</button></form>`
}

/** As many as a person reads through; more are for the API. */
const LINES_MAX = 200
/** Of a line that is refused: enough to know it again. */
const LINE_SHOWN = 200

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
    make: (count: number) => `Make ${count === 1 ? '1 tag' : `${count} tags`} now`,
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
