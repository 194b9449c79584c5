import type { IdgenError } from '../core/errors.ts'
import { isUncertain, type RowResult } from '../core/row-result.ts'
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
}

/** What became of a row: why not, as the cause says, and that is noted as for a page of its own. */
export function refusedRow(member: Member, path: string, error: IdgenError): BatchRow {
  member.noteRefusal(error)
  return { path, before: '', after: errorLine(member, error), ok: false }
}

/** The same of a row that was to be carried out: without an answer it may have been. */
export function failedRow(
  member: Member,
  path: string,
  { refused, isBegun = false }: Extract<RowResult<never>, { readonly refused: IdgenError }>,
): BatchRow {
  const row = refusedRow(member, path, refused)
  return isBegun ? { ...row, isBegun } : { ...row, isUnsure: isUncertain(refused) }
}

/** What to do about rows that were begun, or of which nobody can say whether they were carried out; undefined: there are none. */
export function openText({ say }: Member, rows: readonly BatchRow[]): string | undefined {
  const words = say(WORDS)
  const begun = rows.filter(({ isBegun }) => isBegun === true).length
  const unsure = rows.filter(({ isUnsure }) => isUnsure === true).length
  const said = [
    ...(begun === 0 ? [] : [words.begunHint(begun)]),
    ...(unsure === 0 ? [] : [words.unsureHint(unsure)]),
  ]
  return said.length === 0 ? undefined : said.join(' ')
}

function stateOf({ say }: Pick<Member, 'say'>, { ok, isBegun = false, isUnsure = false }: BatchRow): string {
  const words = say(WORDS)
  if (ok) return words.ok
  if (isBegun) return words.begun
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
      html`<span class="${row.ok ? '' : 'text-bad'}">${row.after}</span>`,
      html`<span class="badge whitespace-nowrap ${row.ok ? 'text-good' : 'text-bad'}">${stateOf(member, row)}</span>`,
    ]),
  )
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
    begunHint: (count) => `有 ${count} 个删除已经开始，无法撤回：排除故障后会自动继续直至完成。`,
    unsureHint: (count) => `有 ${count} 个标签无法确定是否已完成：请先查看，再决定是否重试。`,
  },
)
