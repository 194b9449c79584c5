import assert from 'node:assert/strict'
import { test } from 'node:test'
import { completed } from '../app/tag-request.ts'
import { datedCellSize } from './dated-numbers.ts'
import { RADIXES } from './id-format.ts'
import { tagFaults } from './tag.ts'

const DC_COUNTS = [1, 2, 7, 8]

test('a width that is too narrow for a date is told of the width, with the least that would do', () => {
  for (const radix of RADIXES)
    for (const dcCount of DC_COUNTS)
      for (const width of [1, 2, 3, 4, 5]) {
        const format = { reset: 'day', radix, width } as const
        const faults = tagFaults(completed({ space: { dcCount, format } }))
        if (datedCellSize(format, dcCount) >= 1000) {
          assert.deepEqual(faults, [])
          continue
        }
        assert.deepEqual(
          faults.map(({ path }) => path),
          ['/space/format/width'],
        )
        const message = faults[0]?.message ?? ''
        const least = Number(/^must be at least (\d+) with reset/.exec(message)?.[1])
        assert.ok(datedCellSize({ ...format, width: least }, dcCount) >= 1000, message)
        assert.ok(datedCellSize({ ...format, width: least - 1 }, dcCount) < 1000, message)
      }
})

test('a format beside UUIDs alone is told of the format', () => {
  for (const request of [{ algorithm: 'uuid-v7' }, { chain: ['uuid-v7', 'uuid-v4'] }] as const) {
    const draft = completed({ ...request, space: { format: { prefix: 'A' } } })
    assert.deepEqual(tagFaults(draft), [
      {
        path: '/space/format',
        message: 'goes with numbers, and UUIDs are none: leave it out, or begin with segment or snowflake',
      },
    ])
  }
})

test('without a date a cell that is too small is told of the cell', () => {
  const [fault] = tagFaults(completed({ space: { cellSize: 12 } }))
  assert.equal(fault?.path, '/space/cellSize')
})
