import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CALL_OUTCOMES, ISSUING_PROTOCOLS, PROTOCOL_CELLS, ProtocolCounts } from './protocol-counts.ts'

test('each protocol and outcome has a cell of its own, within those that threads share', () => {
  const counts = new ProtocolCounts()
  const results = { answered: 'ok', failed: 'IDGEN_STORE_UNAVAILABLE', refused: 'IDGEN_FORBIDDEN' } as const
  let calls = 0
  for (const protocol of ISSUING_PROTOCOLS)
    for (const outcome of CALL_OUTCOMES) {
      calls += 1
      counts.count(protocol, results[outcome], calls)
      assert.equal(counts.read(protocol, outcome), calls)
    }
  assert.equal(counts.cells.length, PROTOCOL_CELLS)
  assert.deepEqual(
    [...counts.cells].filter((count) => count > 0).toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
})

test('the durations of a protocol lie among the cells that threads share, and in nobody elses', () => {
  const counts = new ProtocolCounts()
  for (const [at, protocol] of ISSUING_PROTOCOLS.entries()) {
    counts.durations[protocol].observeInstant(10 ** at)
    counts.durations[protocol].observe(20, 10 ** at)
    counts.readLate[protocol].observe(60, 3 * 10 ** at)
  }
  const readAlong = new ProtocolCounts(counts.cells.slice())
  for (const [at, protocol] of ISSUING_PROTOCOLS.entries()) {
    const { atMost, count, sumSeconds } = readAlong.durations[protocol].counts(0)
    assert.deepEqual([atMost[0], atMost.at(-1), count], [10 ** at, 2 * 10 ** at, 2 * 10 ** at])
    assert.ok(Math.abs(sumSeconds - 0.02 * 10 ** at) < 1e-9)
    assert.equal(readAlong.readLate[protocol].counts(0).count, 3 * 10 ** at)
    for (const outcome of CALL_OUTCOMES) assert.equal(readAlong.read(protocol, outcome), 0)
  }
})
