import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryTimeCopyStore } from '../adapters/memory/memory-time-copy-store.ts'
import { IdgenError } from '../core/errors.ts'
import type { TimeCopy } from '../ports/time-copy-store.ts'
import { CopiedTime } from './copied-time.ts'

/** Copies of two worker ids, some of which cannot be written now. */
class LaggingCopies extends MemoryTimeCopyStore {
  readonly cut = new Set<number>()

  override replace(dc: number, worker: number, before: TimeCopy, after: TimeCopy): Promise<boolean> {
    if (!this.cut.has(worker)) return super.replace(dc, worker, before, after)
    return Promise.reject(new IdgenError('IDGEN_STORE_UNAVAILABLE', `no answer for ${worker}`))
  }
}

async function copiesWithout(...cut: readonly number[]) {
  const clock = new MemoryClock()
  const copies = new LaggingCopies(clock)
  await copies.authority(0, { store: 'etcd', layoutHash: 'layout' })
  for (const worker of cut) copies.cut.add(worker)
  const told: string[] = []
  const copied = new CopiedTime({ copies, clock, log: SILENT, onFlag: ({ kind }) => void told.push(kind) })
  const raise = async (worker: number) => {
    const before = await copies.read(0, worker)
    return await copied.replace(0, worker, before, { untilMs: before.untilMs + 1, nonce: 'n' })
  }
  return { copied, told, raise, cut: copies.cut }
}

test('the copy of one worker id that caught up says nothing of another that lags', async () => {
  const { copied, told, raise, cut } = await copiesWithout(1, 2)
  assert.equal(await raise(1), 'away')
  assert.equal(await raise(2), 'away')
  cut.delete(2)
  assert.equal(await raise(2), true)
  assert.match(copied.flagged ?? '', /no answer for 1/)
  assert.deepEqual(told, ['copy-behind'])
  cut.delete(1)
  assert.equal(await raise(1), true)
  assert.equal(copied.flagged, undefined)
  assert.deepEqual(told, ['copy-behind', 'copy-caught-up'])
})

test('a worker id that is no longer held keeps no flag up for ever', async () => {
  const { copied, told, raise } = await copiesWithout(1)
  await raise(1)
  copied.ended(1)
  assert.equal(await raise(2), true)
  assert.equal(copied.flagged, undefined)
  assert.deepEqual(told, ['copy-behind', 'copy-caught-up'])
})
