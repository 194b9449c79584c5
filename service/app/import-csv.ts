import { type FieldFault, IdgenError } from '../core/errors.ts'
import type { ImportRow } from './import-tags.ts'

export interface ImportFile {
  readonly rows: readonly ImportRow[]
  /** The first line, where it was taken for names of columns. */
  readonly heading: string | undefined
}

/**
 * Reads lines of `name,max`, as psql, MySQL and spreadsheets write them: quotes, a byte order mark, any line ending.
 * @throws IDGEN_REQUEST_INVALID with every line that cannot be read, or when there are too many
 */
export function readImportCsv(text: string, into: string): ImportFile {
  const lines = text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .map((line, at) => ({ line, number: at + 1 }))
    .filter(({ line }) => line.trim() !== '')
  if (lines.length > LINES_MAX)
    throw new IdgenError(
      'IDGEN_REQUEST_INVALID',
      `The file has ${lines.length} lines; import at most ${LINES_MAX} at once.`,
    )
  const first = lines[0]
  const heading = first !== undefined && isHeading(fieldsOf(first.line)) ? first.line : undefined
  const faults: FieldFault[] = []
  const rows: ImportRow[] = []
  for (const { line, number } of heading === undefined ? lines : lines.slice(1)) {
    const [name, max, ...rest] = fieldsOf(line) ?? []
    if (name === undefined || max === undefined || rest.length > 0)
      faults.push({ path: `line ${number}`, message: `is not name,max: ${line.slice(0, SHOWN_MAX)}` })
    else rows.push({ path: `${into}/${name}`, max })
  }
  if (faults.length === 0) return { rows, heading }
  throw new IdgenError('IDGEN_REQUEST_INVALID', `${faults.length} lines cannot be read; nothing was made.`, {
    faults: faults.slice(0, FAULTS_MAX),
  })
}

/** A word and no number in the second column; a value that is missing is no heading and must be told. */
function isHeading(fields: readonly string[] | undefined): boolean {
  const second = fields?.[1] ?? ''
  return fields?.length === 2 && /^[a-z_][a-z_ ]*$/i.test(second) && !/^(null|nan|inf(inity)?)$/i.test(second)
}

/** undefined where quotes are not closed, or stand in the middle of a field. */
function fieldsOf(line: string): string[] | undefined {
  const fields: string[] = []
  let rest = line
  for (;;) {
    const field = FIELD.exec(rest)
    if (field === null) return undefined
    fields.push((field[1]?.replaceAll('""', '"') ?? field[2] ?? '').trim())
    if (field[0].length === rest.length) return fields
    rest = rest.slice(field[0].length + 1)
  }
}

/** Quoted or plain, up to the next comma or the end. */
const FIELD = /^(?:\s*"((?:[^"]|"")*)"\s*|([^",]*))(?=,|$)/
/** As many tags as one process keeps in memory; more is a mistake. */
const LINES_MAX = 100_000
/** A person corrects the first ones and sees the pattern. */
const FAULTS_MAX = 100
const SHOWN_MAX = 80
