import type { IdgenError } from '../core/errors.ts'
import { isUncertain, isUnsure, type RefusedRow } from '../core/row-result.ts'
import { errorLine } from './error-page.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { namedTag, table } from './parts.ts'
import type { Member } from './visit.ts'

/** What becomes, or became, of one tag of a batch. */
export interface BatchRow {
  readonly path: string
  /** Left out: there is no page of it. */
  readonly url?: string
  readonly before: string
  /** What it would be or is; where it is not ok, why. */
  readonly after: string | Html
  readonly ok: boolean
  /** Not ok, and nobody can say whether it was done. */
  readonly isUnsure?: boolean
  /** Not ok yet, and without a way back. */
  readonly isBegun?: boolean
  /** Not ok, because a store was away; nothing was done. */
  readonly isUntried?: boolean
  /** Not ok yet: its group is not there, and is made first if that is ticked. */
  readonly lacksGroup?: boolean
}

/** What became of a row: why not, as the cause says, and that is noted as for a page of its own. */
export function refusedRow(member: Member, path: string, error: IdgenError): BatchRow {
  member.noteRefusal(error)
  return { path, before: '', after: errorLine(member, error), ok: false }
}

/** The same of a row that was to be carried out: without an answer it may have been. */
export function failedRow(member: Member, path: string, failed: RefusedRow): BatchRow {
  const { refused, isBegun = false, isUntried = false } = failed
  const row = refusedRow(member, path, refused)
  if (isBegun) return { ...row, isBegun }
  return isUntried && isUncertain(refused) ? { ...row, isUntried } : { ...row, isUnsure: isUnsure(failed) }
}

/** What to do about rows that were begun, or not tried, or of which nobody can say whether they were carried out; undefined: there are none. */
export function openText({ say }: Member, rows: readonly BatchRow[]): string | undefined {
  const words = say(WORDS)
  const begun = rows.filter(({ isBegun }) => isBegun === true).length
  const unsure = rows.filter(({ isUnsure }) => isUnsure === true).length
  const untried = rows.filter(({ isUntried }) => isUntried === true).length
  const said = [
    ...(untried === 0 ? [] : [words.untriedHint(untried)]),
    ...(begun === 0 ? [] : [words.begunHint(begun)]),
    ...(unsure === 0 ? [] : [words.unsureHint(unsure)]),
  ]
  return said.length === 0 ? undefined : said.join(' ')
}

function stateOf({ say }: Pick<Member, 'say'>, row: BatchRow): string {
  const { ok, isBegun = false, isUnsure = false, isUntried = false, lacksGroup = false } = row
  const words = say(WORDS)
  if (ok) return words.ok
  if (lacksGroup) return words.groupless
  if (isBegun) return words.begun
  if (isUntried) return words.untried
  return isUnsure ? words.unsure : words.refused
}

export function rowsTable(member: Member, rows: readonly BatchRow[]): Html {
  const words = member.say(WORDS)
  return table(
    words.caption,
    [words.tag, words.before, words.after, words.state],
    rows.map((row) => [
      namedTag(row.url === undefined ? row.path : html`<a class="link" href="${row.url}">${row.path}</a>`),
      row.before,
      html`<span class="${row.ok ? '' : badColour(row)}">${row.after}</span>`,
      stateBadge(member, row),
    ]),
  )
}

export function stateBadge(member: Pick<Member, 'say'>, row: BatchRow): Html {
  return html`<span class="badge whitespace-nowrap ${row.ok ? 'text-good' : badColour(row)}">${stateOf(member, row)}</span>`
}

function badColour({ lacksGroup = false }: BatchRow): string {
  return lacksGroup ? 'text-warn' : 'text-bad'
}

const WORDS = bilingual(
  {
    caption: 'Tags of the batch',
    tag: 'Tag',
    before: 'Now',
    after: 'Then',
    state: 'State',
    ok: 'fine',
    refused: 'refused',
    unsure: 'not certain',
    begun: 'begun, not ended',
    untried: 'not tried',
    groupless: 'group missing',
    untriedHint: (count: number) =>
      count === 1
        ? 'One tag was not tried, and is as it was: send it again once what stopped it is over.'
        : `${count} tags were not tried, and are as they were: send them again once what stopped them is over.`,
    begunHint: (count: number) =>
      `${count === 1 ? 'One deletion was' : `${count} deletions were`} begun and cannot be taken back: it goes on by itself once what stopped it is over.`,
    unsureHint: (count: number) =>
      count === 1
        ? 'Of one tag nobody can say whether it was done: look at it before you try again.'
        : `Of ${count} tags nobody can say whether it was done: look at them before you try again.`,
  },
  {
    caption: '批量操作的标签',
    tag: '标签',
    before: '当前',
    after: '之后',
    state: '状态',
    ok: '正常',
    refused: '被拒绝',
    unsure: '结果未知',
    begun: '已开始，未结束',
    untried: '未执行',
    groupless: '缺少分组',
    untriedHint: (count) => `有 ${count} 个标签未执行，保持原样：排除故障后请重新提交。`,
    begunHint: (count) => `有 ${count} 个删除已经开始，无法撤回：排除故障后会自动继续直至完成。`,
    unsureHint: (count) => `有 ${count} 个标签无法确定是否已完成：请先查看，再决定是否重试。`,
  },
)
