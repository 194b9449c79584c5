import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { NEEDED_RIGHTS, type Right } from './needed-rights.ts'

/** Statements as they stand in the source: `insertInto('x')`, `updateTable('x as t')`, `DELETE FROM x`. */
const STATEMENTS = [
  ['INSERT', /\binsertInto\('(\w+)|\bINSERT INTO (\w+)/g],
  ['UPDATE', /\bupdateTable\('(\w+)|^\s*UPDATE (\w+)/gm],
  ['DELETE', /\bdeleteFrom\('(\w+)|\bDELETE FROM (\w+)/g],
] as const

test('what is asked for is what the statements of the source do', () => {
  const written = new Set<string>()
  for (const name of globSync('*.ts', { cwd: import.meta.dirname })) {
    // Migrations are for the owner.
    if (name.endsWith('.test.ts') || name === 'migrate.ts') continue
    const source = readFileSync(join(import.meta.dirname, name), 'utf8')
    for (const [right, pattern] of STATEMENTS)
      for (const [, built, text] of source.matchAll(pattern)) written.add(`${right} on ${built ?? text}`)
  }
  const asked = Object.entries<readonly Right[]>(NEEDED_RIGHTS).flatMap(([table, rights]) =>
    rights.map((right) => `${right} on ${table}`),
  )
  assert.deepEqual([...written].filter((one) => !asked.includes(one)).sort(), [], 'not asked for')
  // An UPDATE may be the second half of an INSERT, or a lock.
  assert.deepEqual(
    asked.filter((one) => /^(?:INSERT|DELETE)/.test(one) && !written.has(one)).sort(),
    [],
    'asked for, and done by nobody',
  )
})
