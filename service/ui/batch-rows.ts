import type { IdgenError } from '../core/errors.ts'
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
}

/** What became of a row: why not, as the cause says, and that is noted as for a page of its own. */
export function refusedRow(member: Member, path: string, error: IdgenError): BatchRow {
  member.noteRefusal(error)
  return { path, before: '', after: errorLine(member, error), ok: false }
}

/** The same of a row that was to be carried out: without an answer it may have been. */
export function failedRow(member: Member, path: string, error: IdgenError): BatchRow {
  const isUnsure = error.row.retryable || error.code === 'IDGEN_INTERNAL'
  return { ...refusedRow(member, path, error), isUnsure }
}

/** What to do about rows that nobody can say of whether they were carried out; undefined: there are none. */
export function unsureText({ say }: Member, rows: readonly BatchRow[]): string | undefined {
  const count = rows.filter(({ isUnsure }) => isUnsure === true).length
  return count === 0 ? undefined : say(WORDS).unsureHint(count)
}

export function rowsTable({ say }: Member, rows: readonly BatchRow[]): Html {
  const words = say(WORDS)
  return table(
    words.caption,
    [words.tag, words.before, words.after, words.state],
    rows.map(({ path, url, before, after, ok, isUnsure = false }) => [
      namedTag(url === undefined ? path : html`<a class="link" href="${url}">${path}</a>`),
      before,
      html`<span class="${ok ? '' : 'text-bad'}">${after}</span>`,
      html`<span class="badge whitespace-nowrap ${ok ? 'text-good' : 'text-bad'}">${ok ? words.ok : isUnsure ? words.unsure : words.refused}</span>`,
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
    unsureHint: (count) => `有 ${count} 个标签无法确定是否已完成：请先查看，再决定是否重试。`,
  },
)
