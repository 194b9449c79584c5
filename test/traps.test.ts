import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
/** `| 7 | what goes wrong | `file`: part of a test's name |` */
const ROW = /^\| (\w+) +\| [^|]+ \| `([^`]+)`: ([^|]+?) +\|$/

function rowsOf(document: string): string[] {
  return readFileSync(join(ROOT, document), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (?:-|trap |row )/.test(line))
}

const rows = rowsOf('docs/traps.md')

test('every test that docs/traps.md and docs/abuse.md name exists in the file it is said to be in', () => {
  const missing = [...rows, ...rowsOf('docs/abuse.md')].filter((line) => {
    const [, , path = '', name = ''] = ROW.exec(line) ?? []
    const file = join(ROOT, /^(?:test|sdk|operator|scripts)\//.test(path) ? path : `service/${path}`)
    if (name === '' || !existsSync(file)) return true
    // On the line of a test, so that a word in a comment is none.
    const source = readFileSync(file, 'utf8').split('\n')
    return !source.some((text) => /\b(?:test|it)\(/.test(text) && text.includes(name))
  })
  assert.deepEqual(missing, [])
})

test('each of the 24 known traps has a test in docs/traps.md', () => {
  const named = new Set(rows.map((line) => ROW.exec(line)?.[1]))
  for (let trap = 1; trap <= 24; trap += 1) assert.ok(named.has(String(trap)), `trap ${trap} has no test`)
})

test('each attack from 11 to 24 has a test in docs/abuse.md', () => {
  const named = new Set(rowsOf('docs/abuse.md').map((line) => ROW.exec(line)?.[1]))
  for (let row = 11; row <= 24; row += 1) assert.ok(named.has(String(row)), `row ${row} has no test`)
})
