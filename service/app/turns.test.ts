import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../test/fixtures/settle.ts'
import { Turns } from './turns.ts'

test('only so many run at once, the others in their order, and a failure hands its turn on', async () => {
  const turns = new Turns(2)
  const begun: number[] = []
  const ends: PromiseWithResolvers<void>[] = []
  const results = Array.from({ length: 5 }, (_, i) =>
    turns.run(async () => {
      begun.push(i)
      const end = Promise.withResolvers<void>()
      ends.push(end)
      await end.promise
      return i
    }),
  )
  await settle(1)
  assert.deepEqual(begun, [0, 1])
  const failed = assert.rejects(results[1] ?? Promise.resolve(), /broken/)
  ends[1]?.reject(new Error('broken'))
  await settle(1)
  assert.deepEqual(begun, [0, 1, 2])
  ends[0]?.resolve()
  ends[2]?.resolve()
  await settle(1)
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
  ends[3]?.resolve()
  ends[4]?.resolve()
  await failed
  assert.deepEqual(await Promise.all(results.filter((_, i) => i !== 1)), [0, 2, 3, 4])
  assert.equal(await turns.run(() => Promise.resolve('free again')), 'free again')
})
