import type { WantedTag } from '../../app/manage-tag-batches.ts'
import { type BatchStep, paired, stepsOf, together } from '../../app/row-batch.ts'
import { newTagOf } from '../../app/tag-plan.ts'
import { completed, draftFaults } from '../../app/tag-request.ts'
import { IdgenError } from '../../core/errors.ts'
import { type RefusedRow, type RowResult, rowResult, valuesOf } from '../../core/row-result.ts'
import { type Tag, tagPath } from '../../core/tag.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page } from '../answer.ts'
import { type ReadLine, readLines } from '../batch-lines.ts'
import { type BatchRow, failedRow, openText, refusedRow, rowsTable } from '../batch-rows.ts'
import { errorText } from '../error-page.ts'
import { faultText } from '../fault-words.ts'
import { orAgain } from '../form-again.ts'
import { formatExamples, momentOf } from '../format-examples.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import {
  emptyUnits,
  groupPath,
  groupsOf,
  groupsToOffer,
  type MadeUnit,
  type MissingGroup,
  makeTicked,
} from '../missing-units.ts'
import { card, csrfField, heading } from '../parts.ts'
import { tagUrl } from '../places.ts'
import type { UiRoutes } from '../ui-routes.ts'
import { unitsTable, unitTicks } from '../unit-rows.ts'
import type { Member } from '../visit.ts'

type BatchUseCases = Pick<UiParts['useCases'], 'batches' | 'catalog' | 'clock' | 'layout'>

/**
 * Many tags made at once: a line each, looked at, then made; each line with its own result. Groups that are not there are made
 * first, where they are ticked.
 */
export function newBatchPages(routes: UiRoutes, { useCases }: UiParts): void {
  routes.get('/tags/new-batch', (member) => formPage(member, ''))
  routes.post('/tags/new-batch', async (member) => {
    const text = member.form.get('lines') ?? ''
    const lines = text.split('\n').map((line) => line.trim())
    const wanted = lines.filter((line) => line !== '')
    if (wanted.length > LINES_MAX) return formPage(member, text, { error: tooMany(member, wanted.length) })
    const read = readLines(member, wanted)
    if (member.form.get('confirmed') !== 'yes')
      return formPage(member, text, { looked: await preview(member, useCases, read) })
    return orAgain(
      async () => {
        const made = await make(member, useCases, read)
        // What is still to be made, to be put right and sent again.
        const left = paired(wanted, made.rows).flatMap(({ row: line, result: { ok } }) => (ok ? [] : [line]))
        return formPage(member, left.join('\n'), { made })
      },
      (error) => formPage(member, text, { error: errorText(member, error) }),
    )
  })
}

/** Nothing of it is looked at: what is cut off in silence is missed later. */
function tooMany(member: Member, count: number): Html {
  const message = `At most ${LINES_MAX} lines make tags at once, and ${count} were sent: send them in several batches.`
  return errorText(member, new IdgenError('IDGEN_REQUEST_INVALID', message))
}

interface Made {
  readonly units: readonly MadeUnit[]
  /** One a line. */
  readonly rows: readonly BatchRow[]
}

async function make(
  member: Member,
  { batches, catalog, clock }: BatchUseCases,
  lines: readonly ReadLine[],
): Promise<Made> {
  // Only for lines that are right in all else: no group is made for a tag that is then refused.
  const sound = lines.flatMap(({ wanted }) =>
    valuesOf([wanted]).filter(({ ref, request }) => isSound(() => newTagOf(ref, request, clock.nowMs()))),
  )
  const units = await makeTicked(member, catalog, sound)
  const failed = new Map(
    units.flatMap(({ path, result }) => ('refused' in result ? [[path, result] as const] : [])),
  )
  const steps = lines.map(({ wanted }) => inMade(wanted, failed))
  const made = await together(steps, (todo) => batches.createTags(member.actor, todo))
  const rows = paired(lines, made).map(({ row: { line, wanted }, result }) => {
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
  return { units, rows }
}

function isSound(plan: () => unknown): boolean {
  return 'value' in rowResult(plan)
}

/** A tag whose group was to be made, and was not for certain, is not tried. */
function inMade(
  wanted: RowResult<WantedTag>,
  failed: ReadonlyMap<string, RefusedRow>,
): BatchStep<WantedTag, Tag> {
  if ('refused' in wanted) return wanted
  const { refused } = failed.get(groupPath(wanted.value.ref)) ?? {}
  return refused === undefined ? { todo: wanted.value } : { refused, isUntried: true }
}

/** What would be made, as far as that can be told before. */
interface Looked {
  /** One a line. */
  readonly rows: readonly BatchRow[]
  readonly offered: readonly MissingGroup[]
  /** How many lines wait for the group of this path. */
  readonly waiting: (path: string) => number
}

async function preview(member: Member, useCases: BatchUseCases, lines: readonly ReadLine[]): Promise<Looked> {
  const wanted = lines.flatMap((line) => valuesOf([line.wanted]))
  const groups = await groupsOf(useCases.catalog, wanted)
  const groupless = wanted.filter(
    (one) =>
      isAbsent(groups.get(groupPath(one.ref))) &&
      isSound(() => newTagOf(one.ref, one.request, useCases.clock.nowMs())),
  )
  const offered = await groupsToOffer(member, useCases.catalog, groupless)
  const steps = stepsOf(lines.map((line) => line.wanted))
  const rows = await together<WantedTag, BatchRow>(steps, async (todo) => {
    const tags = await useCases.batches.tags(todo.map(({ ref }) => ref))
    return paired(todo, tags).map(({ row, result }) =>
      rowResult(() => {
        const path = groupPath(row.ref)
        const group = groups.get(path)
        const isOffered = offered.has(path)
        if (!isOffered && group !== undefined && 'refused' in group) throw group.refused
        const would = wouldBe(member, useCases, row, 'value' in result)
        return isOffered && would.ok ? inMissing(member, would, path) : would
      }),
    )
  })
  return {
    rows: paired(lines, rows).map(({ row: { line }, result }) =>
      'value' in result ? result.value : refusedRow(member, line.slice(0, LINE_SHOWN), result.refused),
    ),
    offered: [...offered.values()],
    waiting: (path) => groupless.filter((one) => groupPath(one.ref) === path).length,
  }
}

function isAbsent(group: RowResult<unknown> | undefined): boolean {
  return group !== undefined && 'refused' in group && group.refused.code === 'IDGEN_GROUP_NOT_FOUND'
}

function inMissing(member: Member, would: BatchRow, group: string): BatchRow {
  return {
    ...would,
    after: html`${would.after}<br>${member.say(WORDS).needs(group)}`,
    ok: false,
    lacksGroup: true,
  }
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
  readonly looked?: Looked
  readonly made?: Made
  readonly error?: Html
}

function formPage(member: Member, text: string, { looked, made, error }: Shown = {}): Answer {
  const words = member.say(WORDS)
  const hidden = html`${csrfField(member)}`
  const body = html`${heading(words.title, { lead: words.lead, trail: [[words.tags, '/ui/tags']] })}${error}
${looked !== undefined && looked.rows.length > 0 && lookedCard(member, looked, text)}${made !== undefined && madeCards(member, made)}
${card(
  'lines',
  words.lines,
  html`<form method="post" class="grid gap-3">${hidden}<label class="label" for="lines">${words.label}</label>
<textarea id="lines" name="lines" rows="10" class="font-mono" spellcheck="false" aria-describedby="lines-hint">${text}</textarea><p id="lines-hint" class="hint">${words.hint}</p><div><button class="button">${words.look}</button></div></form>`,
)}`
  return page(words.title, 'tags', body, error === undefined ? 200 : 400)
}

function lookedCard(member: Member, { rows, offered, waiting }: Looked, text: string): Html {
  const words = member.say(WORDS)
  const good = rows.filter(({ ok }) => ok).length
  const groupless = rows.filter(({ lacksGroup = false }) => lacksGroup).length
  const title =
    groupless > 0 ? words.previewMissing(good, rows.length, groupless) : words.preview(good, rows.length)
  const ticks = offered.length > 0 && unitTicks(member, offered, waiting)
  const submit = offered.length > 0 ? words.makeTicked(good) : words.make(good)
  const confirm = html`<form method="post" class="mt-4">${csrfField(member)}<input type="hidden" name="lines" value="${text}"><input type="hidden" name="confirmed" value="yes">${ticks}<button class="button">${submit}</button></form>`
  return card('rows', title, html`${rowsTable(member, rows)}${good + groupless > 0 && confirm}`)
}

function madeCards(member: Member, { units, rows }: Made): Html {
  const words = member.say(WORDS)
  const good = rows.filter(({ ok }) => ok).length
  // Of those that may have been made nobody says that their group is empty.
  const filled = rows.filter(({ ok, isUnsure = false }) => ok || isUnsure).map(({ path }) => path)
  const empty = emptyUnits(units, filled)
  const unitsCard =
    units.length > 0 &&
    card(
      'units',
      words.units,
      html`${empty.length > 0 && warning(words.empty(empty.length))}${unitsTable(member, units, empty)}`,
    )
  const open = openText(member, rows)
  return html`${unitsCard}${rows.length > 0 && card('rows', words.results(good, rows.length), html`${open !== undefined && warning(open)}${rowsTable(member, rows)}`)}`
}

function warning(text: string): Html {
  return html`<p class="mb-3 text-sm text-warn">${text}</p>`
}

/** As many as a person reads through; more are for the API. */
export const LINES_MAX = 200
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
    previewMissing: (good: number, all: number, missing: number) =>
      `${good} of ${all} would be made, and ${missing} more with the groups that you tick`,
    needs: (group: string) => `The group ${group} is not there: tick it below.`,
    make: (count: number) => `Make ${count === 1 ? '1 tag' : `${count} tags`} now`,
    makeTicked: (count: number) =>
      count === 0
        ? 'Make what is ticked now, with its tags'
        : `Make ${count === 1 ? '1 tag' : `${count} tags`} now, and what is ticked with its tags`,
    units: 'Workspaces and groups',
    empty: (count: number) =>
      `${count === 1 ? 'One was' : `${count} were`} made and ${count === 1 ? 'is' : 'are'} still empty: put the lines right and send them again, or delete what you do not need.`,
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
    previewMissing: (good, all, missing) =>
      `${all} 个中有 ${good} 个可以创建，勾选所缺分组后还可创建 ${missing} 个`,
    needs: (group) => `分组 ${group} 尚不存在：请在下方勾选。`,
    make: (count) => `立即创建 ${count} 个标签`,
    makeTicked: (count) =>
      count === 0
        ? '立即创建所勾选的内容及其中的标签'
        : `立即创建 ${count} 个标签，以及所勾选的内容和其中的标签`,
    units: '工作空间与分组',
    empty: (count) => `有 ${count} 项已创建但仍为空：请修改并重新提交相应的行，或删除不需要的项。`,
    made: '已创建',
    exists: '已存在同名标签。',
  },
)
