import assert from 'node:assert/strict'
import { test } from 'node:test'
import { committedResult } from './bench-result.ts'

/** How many rows of each result a bar judges. The document says how many of them are met, so one that is gone must not go unseen. */
const BARS = {
  batch: 5,
  core: 7,
  grpc: 5,
  http: 5,
  'open-loop': 20,
  prefetch: 15,
  resp: 14,
  sdk: 3,
  soak: 17,
  tracing: 8,
} as const

for (const [bench, count] of Object.entries(BARS))
  test(`what is saved of ${bench} is of the long form and has every row with a bar`, () => {
    const result = committedResult(bench)
    assert.equal(result?.form, 'long')
    assert.equal(result.rows.filter(({ bar }) => bar !== undefined).length, count)
  })

test('rivals of each language were measured', () => {
  const rows = committedResult('rivals')?.rows.map(({ what }) => what) ?? []
  for (const rival of ['nanoid', 'ulid', 'sonyflake', 'CosId', 'nextval'])
    assert.ok(
      rows.some((what) => what.toLowerCase().includes(rival.toLowerCase())),
      rival,
    )
})
