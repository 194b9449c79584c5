import { IdgenError } from '../core/errors.ts'
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
}

/** What became of a row: why not, as the cause says, and that is noted as for a page of its own. */
export function refusedRow(member: Member, path: string, thrown: unknown): BatchRow {
  const error = IdgenError.from(thrown)
  member.noteRefusal(error)
  return { path, before: '', after: errorLine(member, error), ok: false }
}

export function rowsTable({ say }: Member, rows: readonly BatchRow[]): Html {
  const words = say(WORDS)
  return table(
    words.caption,
    [words.tag, words.before, words.after, words.state],
    rows.map(({ path, url, before, after, ok }) => [
      namedTag(url === undefined ? path : html`<a class="link" href="${url}">${path}</a>`),
      before,
      html`<span class="${ok ? '' : 'text-bad'}">${after}</span>`,
      html`<span class="badge whitespace-nowrap ${ok ? 'text-good' : 'text-bad'}">${ok ? words.ok : words.refused}</span>`,
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
  },
  {
    caption: '批量操作的标签',
    tag: '标签',
    before: '当前',
    after: '之后',
    state: '状态',
    ok: '正常',
    refused: '被拒绝',
  },
)
