import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FAULTS } from './comparison-picture.ts'
import { box } from './drawing.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/comparison.md'), 'utf8')

describe('the picture of the comparison', () => {
  test('says of each service something where the table does, and nothing where it does not', () => {
    for (const [fault, cells] of Object.entries(FAULTS)) {
      const row = PAGE.split('\n').find((line) => line.startsWith(`| ${fault} `))
      assert.ok(row !== undefined, `the table has no row ${JSON.stringify(fault)}`)
      const inTable = row.split('|').slice(2, -1)
      assert.deepEqual(
        cells.map(([, text]) => text === '–'),
        inTable.map((text) => text.trim() === '–'),
        fault,
      )
    }
  })

  test('refuses a line that would stand out of its box', () => {
    const place = { x: 0, y: 0, width: 100, height: 20 }
    assert.match(box(place, ['short']), /short/)
    assert.throws(() => box(place, ['much longer than that']), /does not fit into 100 px/)
  })
})
