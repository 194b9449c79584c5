import { type FieldFault, IdgenError } from '../core/errors.ts'
import type { ImportRow } from './import-tags.ts'
import { columnsFrom, filledAt, isWord, listAt, nameIn, type TablePlace, tableAt } from './sql-phrases.ts'
import { isQuoted, type SqlStatement, sqlStatements, unquoted } from './sql-statements.ts'

/** Tables of other ID services: the column of the name, and all columns in the order of their own scripts. */
const TABLES: ReadonlyMap<string, { readonly name: string; readonly columns: readonly string[] }> = new Map(
  Object.entries({
    leaf_alloc: { name: 'biz_tag', columns: ['biz_tag', 'max_id', 'step', 'description', 'update_time'] },
    tiny_id_info: {
      name: 'biz_type',
      columns: 'id biz_type begin_id max_id step delta remainder create_time update_time version'.split(' '),
    },
  }),
)

/**
 * Reads the rows of Leaf's and tinyid's tables out of what mysqldump writes. Everything else in the file is passed over.
 * A row lost or a column mistaken lets a tag begin below what was given out: whatever is not understood is refused.
 * @throws IDGEN_REQUEST_INVALID with all that cannot be read, or when there is no row
 */
export function readMysqlDump(text: string, into: string): readonly ImportRow[] {
  const reader = new DumpReader(into)
  for (const statement of sqlStatements(text)) reader.read(statement)
  if ((text.match(DUMP_BEGINS)?.length ?? 0) > (text.match(DUMP_ENDS)?.length ?? 0))
    reader.refuse('dump', 'does not end in "-- Dump completed": it was cut off, make it again')
  const { rows, faults } = reader
  if (faults.length === 0 && rows.length > 0) return rows
  throw new IdgenError(
    'IDGEN_REQUEST_INVALID',
    faults.length > 0
      ? `The dump cannot be read in ${faults.length}${faults.length < FAULTS_MAX ? '' : ' or more'} places; nothing was made.`
      : `The dump has no rows of ${[...TABLES.keys()].join(' or ')}: make it by "mysqldump DATABASE leaf_alloc", without --no-data and --xml.`,
    { faults },
  )
}

class DumpReader {
  readonly rows: ImportRow[] = []
  readonly faults: FieldFault[] = []
  readonly #into: string
  /** By table: columns of the last CREATE TABLE before the place that is read, and the database it was in. */
  readonly #created = new Map<string, { readonly database: string; readonly columns: readonly string[] }>()
  #database = ''

  constructor(into: string) {
    this.#into = into
  }

  read({ tokens, ended }: SqlStatement): void {
    if (!ended) {
      this.refuse('dump', `breaks off, without a semicolon, in: ${beginning(tokens)}`)
      return
    }
    if (isWord(tokens[0], 'use')) this.#database = nameIn(tokens[1])
    if (isWord(tokens[0], 'create')) this.#create(tokens)
    for (const at of tokens.keys()) {
      const filled = filledAt(tokens, at)
      if (filled === undefined || !TABLES.has(filled.table)) continue
      if (at > 0 || !this.#insert(tokens, filled))
        this.refuse(
          filled.table,
          `only INSERT INTO … VALUES (…), (…); can be read, not: ${beginning(tokens, at)}`,
        )
    }
  }

  refuse(path: string, message: string): void {
    if (this.faults.length < FAULTS_MAX) this.faults.push({ path, message })
  }

  #create(tokens: readonly string[]): void {
    const at = tokens.slice(0, CREATE_WORDS_MAX).findIndex((token) => isWord(token, 'table')) + 1
    if (at === 0) return
    const { table, database, after } = tableAt(tokens, isWord(tokens[at], 'if') ? at + 3 : at)
    const columns = columnsFrom(tokens, after)
    if (TABLES.has(table)) this.#created.set(table, { database: database ?? this.#database, columns })
  }

  /** False where it is anything but a list of rows. */
  #insert(tokens: readonly string[], { table, database = this.#database, after }: TablePlace): boolean {
    const listed = listAt(tokens, after)
    let at = listed?.after ?? after
    if (!isWord(tokens[at], 'values') && !isWord(tokens[at], 'value')) return false
    const created = this.#created.get(table)
    if (listed === undefined && created !== undefined && created.database !== database) {
      this.refuse(
        table,
        `the columns of database "${database}" are unknown: its CREATE TABLE is not in the dump`,
      )
      return true
    }
    const columns = listed?.items.map(nameIn) ?? created?.columns
    while (at < tokens.length) {
      const row = listAt(tokens, at + 1)
      if (row === undefined || !['', ','].includes(tokens[row.after] ?? '')) return false
      this.#row(table, row.items, columns)
      at = row.after
    }
    return true
  }

  /** Without columns, they are taken to be those of the table's own script. */
  #row(table: string, items: readonly string[], columns: readonly string[] | undefined): void {
    const own = TABLES.get(table) ?? { name: '', columns: [] }
    const names = columns ?? own.columns
    const valueOf = (column: string): string | undefined => items[names.indexOf(column)]
    const [tag, max] = [valueOf(own.name), valueOf('max_id')]
    const fault =
      names.length === items.length
        ? faultOf(valueOf, columns === undefined)
        : `has ${items.length} values for the columns ${names.join(', ')}${ORDER_UNKNOWN}`
    if (fault === undefined && tag !== undefined && isQuoted(tag) && max !== undefined)
      this.rows.push({ path: `${this.#into}/${unquoted(tag)}`, max: unquoted(max) })
    else this.refuse(table, `row (${beginning(items)}) ${fault ?? `has no ${own.name} and max_id`}`)
  }
}

/** What cannot be in these columns, so that they must be others. */
function faultOf(valueOf: (column: string) => string | undefined, assumed: boolean): string | undefined {
  const [begin, max, step] = ['begin_id', 'max_id', 'step'].map((column) => decimal(valueOf(column)))
  if (max === undefined) return undefined
  if (begin !== undefined && max < begin) return `has max_id ${max} below begin_id ${begin}${ORDER_UNKNOWN}`
  // The first segment already lifts max_id by a step.
  if (assumed && step !== undefined && max > (begin ?? 1n) && max < step)
    return `has max_id ${max} below step ${step}${ORDER_UNKNOWN}`
  return undefined
}

function decimal(token: string | undefined): bigint | undefined {
  const text = unquoted(token ?? '')
  return /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
}

/** Enough to find the place by. */
function beginning(tokens: readonly string[], at = 0): string {
  return tokens
    .slice(at, at + 10)
    .join(' ')
    .slice(0, 200)
}

const ORDER_UNKNOWN =
  ': are its columns in another order? Dump it with its CREATE TABLE, or with --complete-insert'
const DUMP_BEGINS = /^-- (?:MySQL|MariaDB) dump /gm
const DUMP_ENDS = /^-- Dump completed/gm
/** `TABLE` stands behind at most `CREATE OR REPLACE TEMPORARY`. */
const CREATE_WORDS_MAX = 5
/** A person corrects the first ones and sees the pattern. */
const FAULTS_MAX = 100
