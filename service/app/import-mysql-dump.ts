import { type FieldFault, IdgenError } from '../core/errors.ts'
import type { ImportRow } from './import-tags.ts'

/** Tables of other ID services: their columns in the order of their own scripts, for dumps that do not say it. */
const TABLES: Readonly<Record<string, { readonly name: string; readonly columns: readonly string[] }>> = {
  leaf_alloc: { name: 'biz_tag', columns: ['biz_tag', 'max_id', 'step', 'description', 'update_time'] },
  tiny_id_info: { name: 'biz_type', columns: ['id', 'biz_type', 'begin_id', 'max_id'] },
}

/**
 * Reads the rows of Leaf's and tinyid's tables out of what mysqldump writes. Everything else in the file is passed over.
 * @throws IDGEN_REQUEST_INVALID with every row that cannot be read, or when there is none
 */
export function readMysqlDump(text: string, into: string): readonly ImportRow[] {
  const rows: ImportRow[] = []
  const faults: FieldFault[] = []
  const columnsOf = new Map<string, readonly string[]>()
  for (const [, table = '', body = ''] of text.matchAll(CREATE))
    columnsOf.set(table.toLowerCase(), columnNames(body))
  for (const insert of text.matchAll(INSERT)) {
    const [head, name = '', listed] = insert
    const table = TABLES[name.toLowerCase()]
    if (table === undefined) continue
    const columns =
      listed === undefined ? (columnsOf.get(name.toLowerCase()) ?? table.columns) : namesIn(listed)
    const at = (column: string): number => columns.indexOf(column)
    for (const values of tuplesFrom(text, insert.index + head.length)) {
      const [tag, max] = [values?.[at(table.name)], values?.[at('max_id')]]
      if (tag === undefined || max === undefined)
        faults.push({
          path: name,
          message: `row ${rows.length + faults.length + 1} has no ${table.name} and max_id`,
        })
      else rows.push({ path: `${into}/${tag}`, max })
    }
  }
  if (faults.length === 0 && rows.length > 0) return rows
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    faults.length > 0
      ? `${faults.length} rows of the dump cannot be read; nothing was made.`
      : `The dump has no rows of ${Object.keys(TABLES).join(' or ')}: make it by "mysqldump DATABASE leaf_alloc", without --no-data and --xml.`,
    { faults: faults.slice(0, FAULTS_MAX) },
  )
}

/** The tuples of one statement, up to its semicolon; undefined for one that does not end. */
function* tuplesFrom(text: string, from: number): Generator<readonly string[] | undefined, void> {
  let at = from
  // Ends: each round moves forward in the text, or returns.
  for (;;) {
    const open = matchAt(OPEN, text, at)
    if (open === undefined) return
    const tuple: string[] = []
    for (at += open.length; ; ) {
      const value = VALUE.exec(text.slice(at, at + VALUE_MAX))
      if (value === null) {
        yield undefined
        return
      }
      tuple.push(value[1] === undefined ? (value[2] ?? '') : unescaped(value[1]))
      at += value[0].length
      if (value[3] === ')') break
    }
    yield tuple
  }
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  return pattern.exec(text.slice(at, at + GAP_MAX))?.[0]
}

function namesIn(list: string): string[] {
  return list.split(',').map((name) => name.replaceAll('`', '').trim().toLowerCase())
}

/** Of a CREATE TABLE, as mysqldump writes it: one column a line, its name first and in backquotes. */
function columnNames(body: string): string[] {
  return [...body.matchAll(/^\s*`([^`]+)`/gm)].map(([, name = '']) => name.toLowerCase())
}

function unescaped(quoted: string): string {
  return quoted.replaceAll("''", "'").replace(/\\(.)/gs, '$1')
}

const TABLE_NAME = '(?:`?\\w+`?\\.)?`?(leaf_alloc|tiny_id_info)`?'
const CREATE = new RegExp(`^CREATE TABLE (?:IF NOT EXISTS )?${TABLE_NAME} \\(([^;]*);`, 'gim')
const INSERT = new RegExp(
  `^\\s*(?:INSERT|REPLACE)(?: IGNORE)? INTO ${TABLE_NAME}\\s*(?:\\(([^)]*)\\))?\\s*VALUES`,
  'gim',
)
const OPEN = /^\s*,?\s*\(\s*/
/** A string, or a word or number, and what ends it. */
const VALUE = /^\s*(?:_binary )?(?:'((?:[^'\\]|\\.|'')*)'|([^',()]*?))\s*([,)])\s*/s
/** Longer than any value of these tables: a name of 128, a description of 256 characters, escaped. */
const VALUE_MAX = 4096
const GAP_MAX = 64
/** A person corrects the first ones and sees the pattern. */
const FAULTS_MAX = 100
