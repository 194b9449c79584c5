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
  assert.equal(calls, PROTOCOL_CELLS)
  assert.deepEqual(
    [...counts.cells].toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  )
})
