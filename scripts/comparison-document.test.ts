import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const PAGE = readFileSync(join(import.meta.dirname, '../docs/comparison.md'), 'utf8')

type Table = ReadonlyMap<string, readonly string[]>

/** Of the first table below a heading: the cells of each row by its first one, from the `first` of them on. */
function tableBelow(heading: string, first: number): Table {
  const [, below = ''] = PAGE.split(`\n${heading}\n`)
  const lines = below.split('\n')
  const begin = lines.findIndex((line) => line.startsWith('|'))
  const end = lines.findIndex((line, i) => i > begin && !line.startsWith('|'))
  const rows = lines.slice(begin, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return new Map(rows.slice(2).map(([name = '', ...cells]) => [name, cells.slice(first)]))
}

/** What is said of others, who cannot answer here. */
const SAID = tableBelow('## Table', 1)
const SOURCES = tableBelow('### Sources', 0)
const LINKS = new Map(
  [...PAGE.matchAll(/^\[([a-z0-9-]+)\]: (\S+)$/gm)].map(([, name = '', url = '']) => [name, url]),
)

describe('the comparison', () => {
  test('names where it read what it says of others: cell by cell', () => {
    assert.ok(SAID.size > 10)
    assert.deepEqual([...SOURCES.keys()], [...SAID.keys()])
    for (const [row, cells] of SAID)
      for (const [i, said] of cells.entries()) {
        const source = SOURCES.get(row)?.[i] ?? ''
        const what = `${row}, ${said}: ${source}`
        if (said === '–') assert.equal(source, '–', what)
        else if (/^none\b/.test(said)) assert.equal(source, 'none', what)
        else assert.match(source, /^\[[^\]]+\][[(]/, what)
      }
  })

  test('reads files at a commit that it names, and lists no source that nothing rests on', () => {
    for (const [name, url] of LINKS) {
      const [, commit = ''] =
        /^https:\/\/github\.com\/[\w-]+\/[\w-]+\/(?:blob|tree)\/([0-9a-f]{7,40})(?:\/|$)/.exec(url) ?? []
      assert.ok(commit !== '' && PAGE.includes(`\`${commit.slice(0, 7)}\``), `${name}: ${url}`)
      assert.ok(PAGE.includes(`][${name}]`), `nothing rests on ${name}`)
    }
    for (const [, name = ''] of PAGE.matchAll(/\]\[([a-z0-9-]+)\]/g))
      assert.ok(LINKS.has(name), `${name} leads nowhere`)
  })
})
