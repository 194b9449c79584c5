import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../../test/fixtures/until.ts'
import { HeapWatch } from './heap-watch.ts'

test('a heap is seen to be in use, and what the collector took once it has run', async (t) => {
  const watch = new HeapWatch()
  t.after(() => watch.stop())
  assert.ok(watch.use.usedBytes > 1_000_000)
  let kept: unknown[] = []
  await until('the collector has run', async () => {
    // Again and again, so that the young generation is full at last.
    kept = Array.from({ length: 300_000 }, () => ({}))
    return watch.use.collectedMs > 0
  })
  assert.equal(kept.length, 300_000)
})
