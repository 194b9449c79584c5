import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RedisRateLevels } from './redis-rate-levels.ts'

const SETTLING = { group: 'g', instance: 'a', everyMs: 500, fullMs: 1000 }
const REPORTS = ['x', 'y'].map((name) => ({ name, usedMs: 10, elapsedMs: 0 }))

/** Over a Redis that answers what it likes. */
function answered(told: unknown) {
  const run = async <T>(): Promise<T> => told as T
  return new RedisRateLevels({ run }).settle(SETTLING, REPORTS)
}

test('a Redis that tells of more than there can be refuses nobody for longer than seconds', async () => {
  assert.deepEqual(await answered(['2', '1e15', '30.5']), { instances: 2, levelsMs: [4000, 30.5] })
  const { instances, levelsMs } = await answered(['9007199254740991', '1e300', '0'])
  assert.deepEqual([instances, levelsMs], [1000, [1_501_000, 0]])
})

test('what is no answer is told as one that failed', async () => {
  for (const told of [
    null,
    'OK',
    [],
    ['1'],
    ['1', '2'],
    ['0', '1', '1'],
    ['1', 'nan', '1'],
    ['1', '-1', '1'],
  ])
    await assert.rejects(answered(told), { code: 'IDGEN_CACHE_UNAVAILABLE' }, JSON.stringify(told))
})
