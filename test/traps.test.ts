import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '..')
/** `| 7 | what goes wrong | `file`: part of a test's name |` */
const ROW = /^\| (\w+) +\| [^|]+ \| `([^`]+)`: ([^|]+?) +\|$/

const rows = readFileSync(join(ROOT, 'docs/traps.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !/^\| (?:-|trap )/.test(line))

test('every test that docs/traps.md names exists in the file it names', () => {
  const missing = rows.filter((line) => {
    const [, , path = '', name = ''] = ROW.exec(line) ?? []
    const file = join(ROOT, /^(?:test|sdk)\//.test(path) ? path : `service/${path}`)
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
