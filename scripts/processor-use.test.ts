import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ProcessorLook, processorUse } from './processor-use.ts'

test('what the processors did is a share of the time of all of them', () => {
  const looks: ProcessorLook[] = [
    { busyMs: 50_000, nowMs: 1000, processors: 2 },
    { busyMs: 53_000, nowMs: 3000, processors: 2 },
    { busyMs: 53_000, nowMs: 5000, processors: 2 },
  ]
  const use = processorUse(() => looks.shift() ?? assert.fail('one look more'))
  assert.deepEqual(use(), { seconds: 2, busyPercent: 75 })
  assert.deepEqual(use(), { seconds: 4, busyPercent: 37.5 })
})

test('the machine itself can be asked', () => {
  const { seconds, busyPercent } = processorUse()()
  assert.ok(seconds >= 0 && busyPercent >= 0)
})
