import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { DatedBuffer } from '../core/dated-buffer.ts'
import { datedCellSize } from '../core/dated-numbers.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { IdFormat } from '../core/id-format.ts'
import { IdPrinter, writtenTexts } from '../core/id-printer.ts'
import { SegmentAllocator } from './segment-allocator.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const DAY_MS = 86_400_000
const FORMAT: IdFormat = { prefix: 'INV-', width: 4, reset: 'day', utcOffsetMinutes: 60, separator: '-' }

/** A service with one tag of this format, a minute before a day ends in its time zone. */
async function serving(t: TestContext, format: IdFormat = FORMAT) {
  const clock = new MemoryClock(Date.parse('2026-03-31T23:59:00+01:00'))
  const memory = await memoryUseCases({ clock })
  t.after(() => memory.stop())
  const { catalog, directory, generate } = memory.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  const space = { dcCount: 1, format }
  const step = { base: 10, min: 10, max: 10 }
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 'invoice' }, { space, step })
  const take = async (count: number) => {
    const batch = new IdBatch()
    await generate.take(await directory.resolve('w/g/invoice'), count, batch)
    assert.ok(batch.printer !== undefined)
    return writtenTexts(batch, batch.printer)
  }
  return { clock, take, memory }
}

test('the count begins anew with the day of the time zone, and what is left of yesterday is burnt', async (t) => {
  const { clock, take } = await serving(t)
  assert.deepEqual(await take(2), ['INV-20260331-0001', 'INV-20260331-0002'])
  clock.advance(59_999)
  assert.deepEqual(await take(1), ['INV-20260331-0003'])
  clock.advance(1)
  assert.deepEqual(await take(2), ['INV-20260401-0001', 'INV-20260401-0002'])
  clock.advance(30 * DAY_MS)
  assert.deepEqual(await take(1), ['INV-20260501-0001'])
})

test('a clock that steps back over midnight goes on with the new date', async (t) => {
  const { clock, take } = await serving(t)
  clock.advance(60_000)
  assert.deepEqual(
    await take(10),
    Array.from({ length: 10 }, (_, i) => `INV-20260401-${String(i + 1).padStart(4, '0')}`),
  )
  clock.step(-30_000)
  // A new segment is needed as well: nothing of yesterday is granted again.
  assert.deepEqual(await take(1), ['INV-20260401-0011'])
})

test('a day whose numbers are used up refuses until the next one, and says until when', async (t) => {
  const { clock, take } = await serving(t)
  const all = new Set<string>()
  for (let i = 0; i < 1111; i += 1) for (const text of await take(9)) all.add(text)
  assert.equal(all.size, 9999)
  const { message } = await rejectsWith('IDGEN_RANGE_EXHAUSTED', take(1))
  assert.match(message, /goes on at 2026-03-31T23:00:00\.000Z/)
  clock.advance(60_000)
  assert.deepEqual(await take(1), ['INV-20260401-0001'])
})

test('a request that the day has not enough for spends nothing of it', async (t) => {
  const { take } = await serving(t)
  const tooMany = async (count: number, text: RegExp) => {
    const { message } = await rejectsWith('IDGEN_COUNT_OUT_OF_RANGE', take(count))
    assert.match(message, text)
  }
  await tooMany(10_000, /10000 IDs at once are more than a day has in this data centre: 9999/)
  assert.deepEqual(await take(1), ['INV-20260331-0001'])
  // One is spent, and nine more lie in memory.
  await tooMany(9999, /9989 numbers left for the present day/)
  await tooMany(10_000, /more than a day has/)
  assert.deepEqual(await take(2), ['INV-20260331-0002', 'INV-20260331-0003'])
  const rest = await take(9996)
  assert.equal(rest.at(-1), 'INV-20260331-9999')
  await rejectsWith('IDGEN_RANGE_EXHAUSTED', take(1))
})

test('all of a day can be had by one request', async (t) => {
  const { take } = await serving(t)
  const all = await take(9999)
  assert.deepEqual([all.length, new Set(all).size, all.at(-1)], [9999, 9999, 'INV-20260331-9999'])
})

test('whoever asks for too many keeps nobody waiting who asks for few', async (t) => {
  const { take } = await serving(t)
  await take(1)
  const asked = [take(9999), take(3), take(9999), take(30), take(1)]
  const outcomes = await Promise.allSettled(asked)
  assert.deepEqual(
    outcomes.map((one) => (one.status === 'fulfilled' ? one.value.length : 'refused')),
    ['refused', 3, 'refused', 30, 1],
  )
})

test('of shuffled days each has an order of its own', async (t) => {
  const shuffled = { ...FORMAT, width: 6, shuffleKey: '000102030405060708090a0b0c0d0e0f' }
  const { clock, take } = await serving(t, shuffled)
  const serials = async () => (await take(20)).map((text) => text.slice(-6))
  const first = await serials()
  clock.advance(60_000)
  const second = await serials()
  assert.equal(new Set(first).size, 20)
  assert.notDeepEqual(first, second)
})

/** Two processes with clocks of their own over one store with a third. */
async function processes(format: IdFormat) {
  const storeClock = new MemoryClock()
  const shared = new MemoryCatalog(storeClock)
  const catalog = new MemoryCatalogStore(shared)
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  const step = { base: 5, min: 5, max: 5 }
  const space = { startAt: 1, dcCount: 2, cellSize: datedCellSize(format, 2), format }
  const names = { workspace: 'w', group: 'g', name: 't', displayName: '' }
  const tag = await catalog.createTag({ ...names, chain: ['segment'], step, space })
  const printer = new IdPrinter(space, format)
  const allocator = new SegmentAllocator({ ledger: new MemorySegmentLedger(shared) })
  const newProcess = () => ({ buffer: new DatedBuffer({ step }, space, format), aheadMs: 0 })
  const running = [newProcess(), newProcess(), newProcess()]
  /** Of data centre 0 the first two, of 1 the third. */
  const issue = async (at: number): Promise<string[]> => {
    const one = running[at]
    if (one === undefined) return []
    const nowMs = () => storeClock.nowMs() + one.aheadMs
    const batch = new IdBatch()
    if (one.buffer.take(3, nowMs(), batch) < 3) {
      const grant = await allocator.allocate(tag.id, at === 2 ? 1 : 0, 5).catch(() => undefined)
      if (grant !== undefined) one.buffer.install(grant, nowMs())
      one.buffer.take(3 - batch.count, nowMs(), batch)
    }
    return writtenTexts(batch, printer)
  }
  const restart = (at: number) => running.splice(at, 1, newProcess())
  return { storeClock, running, issue, restart }
}

test('no text comes twice, whatever the clocks of store and processes do, and whoever restarts', async () => {
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.record({ issue: fc.nat(2) }) },
    fc.record({ restart: fc.nat(2) }),
    fc.record({ storeStepMs: fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }) }),
    fc.record({ process: fc.nat(2), aheadMs: fc.integer({ min: -3 * DAY_MS, max: 3 * DAY_MS }) }),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('day' as const, 'month' as const),
      fc.boolean(),
      fc.array(act, { maxLength: 200 }),
      async (reset, isShuffled, acts) => {
        const shuffle = isShuffled ? { shuffleKey: '0f'.repeat(16), radix: 62 } : {}
        const { storeClock, running, issue, restart } = await processes({ reset, width: 4, ...shuffle })
        const seen: string[] = []
        for (const one of acts)
          if ('issue' in one) seen.push(...(await issue(one.issue)))
          else if ('restart' in one) restart(one.restart)
          else if ('storeStepMs' in one) storeClock.step(one.storeStepMs)
          else Object.assign(running[one.process] ?? {}, { aheadMs: one.aheadMs })
        assert.equal(new Set(seen).size, seen.length)
      },
    ),
    { numRuns: 60 },
  )
})
