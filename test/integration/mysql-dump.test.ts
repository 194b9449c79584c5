// Runs beside others: nothing in it looks at a clock.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { codeBlocks, documents } from '../../scripts/docs/documents.ts'
import { readMysqlDump } from '../../service/app/import-mysql-dump.ts'
import { LEAF_MAXIMA, LEAF_TABLE, TINYID_MAXIMA, TINYID_TABLES } from './foreign-tables.ts'
import { MariadbProcess, withoutMariadb } from './mariadb-process.ts'

/** Forms of mysqldump that hold every row; the last words are the database and its table. */
const WHOLE = [
  'leaf leaf_alloc',
  'leaf',
  '--skip-extended-insert leaf leaf_alloc',
  '--complete-insert leaf leaf_alloc',
  '--complete-insert --skip-triggers leaf leaf_alloc',
  '--complete-insert --no-create-info leaf leaf_alloc',
  '--no-create-info leaf leaf_alloc',
  '--hex-blob leaf leaf_alloc',
  '--compact leaf leaf_alloc',
  '--skip-comments leaf leaf_alloc',
  '--skip-opt leaf leaf_alloc',
  '--skip-quote-names leaf leaf_alloc',
  '--compatible=ansi leaf leaf_alloc',
  '--replace leaf leaf_alloc',
  '--insert-ignore leaf leaf_alloc',
  '--single-transaction --order-by-primary --routines --events leaf',
  '--default-character-set=binary leaf leaf_alloc',
  '--default-character-set=latin1 leaf leaf_alloc',
  '--net-buffer-length=4096 leaf leaf_alloc',
  '--databases leaf',
] as const

test('what a real mysqldump writes is read, in all its forms, and refused where it is not whole; the fence holds for root too', {
  skip: withoutMariadb,
}, async (t) => {
  const server = await MariadbProcess.start(t)
  await server.sql(LEAF_TABLE + TINYID_TABLES)
  // What the page tells to put there is in every dump after it.
  await fence(server)
  for (const form of WHOLE)
    assert.deepEqual(maximaOf(await server.dump(...form.split(' '))), LEAF_MAXIMA, form)
  for (const form of ['tinyid tiny_id_info', 'tinyid', '--complete-insert --compact tinyid'])
    assert.deepEqual(maximaOf(await server.dump(...form.split(' '))), TINYID_MAXIMA, form)
  for (const form of ['--databases leaf tinyid', '--all-databases'])
    assert.deepEqual(
      maximaOf(await server.dump(...form.split(' '))),
      { ...LEAF_MAXIMA, ...TINYID_MAXIMA },
      form,
    )
  for (const form of ['--no-data leaf leaf_alloc', '--xml leaf leaf_alloc', 'tinyid tiny_id_token']) {
    const dump = await server.dump(...form.split(' '))
    assert.throws(() => readMysqlDump(dump, 'shop/ids'), form)
  }

  // MariaDB's newer dumps begin with a line that no MySQL knows.
  const whole = await server.dump('leaf', 'leaf_alloc')
  const end = whole.indexOf('-- Dump completed')
  assert.ok(end > 0)
  for (let at = 1; at < end; at += CUT_STEP)
    assert.throws(() => readMysqlDump(whole.slice(0, at), 'shop/ids'), `cut off after ${at} characters`)

  // As Leaf takes a segment; root may do everything.
  const taken = "UPDATE leaf.leaf_alloc SET max_id = max_id + step WHERE biz_tag = 'orders'"
  await assert.rejects(server.sql(taken), /IDs come from idgen now/)
  assert.deepEqual(maximaOf(await server.dump('leaf')), LEAF_MAXIMA)
  await server.sql('DROP TRIGGER leaf.idgen_fence')
  await server.sql(taken)
})

/** About a hundred places. */
const CUT_STEP = 37

/** The statement that the page has readers give to `mysql leaf`. */
async function fence(server: MariadbProcess): Promise<void> {
  const page = documents().find(({ path }) => path === 'docs/migration.md')
  const block = page && codeBlocks(page).find(({ text }) => text.includes('CREATE TRIGGER'))
  const [, statement = ''] = /^mysql leaf -e "([^"]+)"$/m.exec(block?.text ?? '') ?? []
  assert.notEqual(statement, '')
  await server.sql(`USE leaf; ${statement}`)
}

function maximaOf(dump: string): Record<string, string> {
  return Object.fromEntries(
    readMysqlDump(dump, 'shop/ids').map(({ path, max }) => [path.slice('shop/ids/'.length), max]),
  )
}
