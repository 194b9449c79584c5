import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MinuteCounts } from './minute-counts.ts'

test('counts are written once a minute, and once more at the stop', async () => {
  const clock = new MemoryClock()
  const written: string[] = []
  const counts = new MinuteCounts(
    clock,
    ['reads', 'refusals'].map((name) => ({ write: () => void written.push(name) })),
  )
  counts.start()
  clock.advance(59_999)
  await settle()
  assert.deepEqual(written, [])
  clock.advance(1)
  await settle()
  assert.deepEqual(written, ['reads', 'refusals'])
  await counts.stop()
  assert.deepEqual(written, ['reads', 'refusals', 'reads', 'refusals'])
  assert.equal(clock.pending, 0)
})
