import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rejectsWith } from '../../test/contracts/rejects-with.ts'
import { MemoryCatalog } from '../adapters/memory/memory-catalog.ts'
import { MemoryCatalogStore } from '../adapters/memory/memory-catalog-store.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemorySegmentLedger } from '../adapters/memory/memory-segment-ledger.ts'
import { datedCellSize } from '../core/dated-numbers.ts'
import type { IdFormat } from '../core/id-format.ts'
import { IdPrinter } from '../core/id-printer.ts'
import { SegmentAllocator } from './segment-allocator.ts'

const DAY_MS = 86_400_000
const FORMAT: IdFormat = { width: 4, reset: 'day', separator: '-' }

/** A tag whose IDs begin with the day, at noon. */
async function opened(dcCount = 1) {
  const clock = new MemoryClock(Date.parse('2026-11-27T12:00:00Z'))
  const shared = new MemoryCatalog(clock)
  const catalog = new MemoryCatalogStore(shared)
  await catalog.createWorkspace('w', '')
  await catalog.createGroup('w', 'g', '')
  const space = { startAt: 1, dcCount, cellSize: datedCellSize(FORMAT, dcCount), format: FORMAT }
  const names = { workspace: 'w', group: 'g', name: 't', displayName: '' }
  const step = { base: 100, min: 100, max: 100 }
  const { id } = await catalog.createTag({ ...names, chain: ['segment'], step, space })
  const allocator = new SegmentAllocator({ ledger: new MemorySegmentLedger(shared) })
  const printer = new IdPrinter(space, FORMAT)
  const text = (value: number) => printer.text(Math.floor(value / 2 ** 32), value >>> 0)
  const first = async (dc = 0, step = 100) => text((await allocator.allocate(id, dc, step)).lo)
  return { clock, shared, allocator, id, space, text, first }
}

test('an advance by more than is left of the day ends with the day, and writes no later date', async () => {
  const { clock, allocator, id, first } = await opened()
  assert.equal(await first(), '20261127-0001')
  for (const by of [1_000_000, 1_000_000, 1]) {
    await allocator.advance(id, 0, { by })
    const { message } = await rejectsWith('IDGEN_RANGE_EXHAUSTED', allocator.allocate(id, 0, 100))
    assert.match(message, /goes on at 2026-11-28T00:00:00\.000Z/)
  }
  clock.advance(DAY_MS)
  assert.equal(
    await first(),
    '20261128-0001',
    'nothing of the next day is lost, however often it is repeated',
  )
})

test('an advance by a few counts from the first number of the present day, not from where the tag stood', async () => {
  const { clock, allocator, id, text, first } = await opened()
  await first()
  clock.advance(DAY_MS)
  // The database lost what was granted on this day: it stands at 101 of yesterday.
  assert.equal(text(await allocator.advance(id, 0, { by: 500 })), '20261128-0501')
  assert.equal(await first(), '20261128-0501')
  assert.equal(text(await allocator.advance(id, 0, { by: 500 })), '20261128-1101')
})

test('of several data centres each ends with its own share of the day', async () => {
  const { clock, allocator, id, first, space } = await opened(3)
  assert.deepEqual([await first(0), await first(2)], ['20261127-0001', '20261127-6667'])
  for (const dc of [0, 1, 2]) {
    await allocator.advance(id, dc, { by: 1_000_000 })
    await rejectsWith('IDGEN_RANGE_EXHAUSTED', allocator.allocate(id, dc, 100))
  }
  clock.advance(DAY_MS)
  assert.deepEqual(
    [await first(0), await first(1), await first(2)],
    ['20261128-0001', `20261128-${space.cellSize + 1}`, '20261128-6667'],
  )
})

test('a number of another data centre opens no later date here', async () => {
  const { allocator, id, first, space } = await opened(3)
  await first(0)
  const { lo } = await allocator.allocate(id, 2, 100)
  for (const dc of [0, 1, 2]) await allocator.advance(id, dc, { to: lo + 500 })
  for (const dc of [0, 1]) await rejectsWith('IDGEN_RANGE_EXHAUSTED', allocator.allocate(id, dc, 100))
  assert.equal(await first(2), '20261127-7167')
  await allocator.advance(id, 2, { to: lo + space.cellSize })
  await rejectsWith('IDGEN_RANGE_EXHAUSTED', allocator.allocate(id, 2, 100))
})

test('a date that the clock had leapt to is counted on, and left by nobody', async () => {
  const { clock, allocator, id, first, text } = await opened()
  clock.advance(100 * DAY_MS)
  assert.equal(await first(), '20270307-0001')
  clock.step(-100 * DAY_MS)
  assert.equal(text(await allocator.advance(id, 0, { by: 200 })), '20270307-0301')
  assert.equal(await first(), '20270307-0301')
  // A floor that an object remembers is above what was granted: it is taken at its word.
  const { lo } = await allocator.allocate(id, 0, 1)
  assert.equal(await allocator.advance(id, 0, { to: lo + 20_000 }), lo + 20_000)
})

test('after a lost day and an advance by what was lost no number comes twice, whatever the day', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.record({ dc: fc.nat(2), days: fc.nat(1), step: fc.integer({ min: 1, max: 100 }) }), {
        maxLength: 40,
      }),
      fc.nat(30),
      async (dcCount, acts, kept) => {
        const { clock, allocator, id, shared } = await opened(dcCount)
        const issued = new Set<number>()
        const issue = async (dc: number, step: number) => {
          const grant = await allocator.allocate(id, dc, step).catch(() => undefined)
          for (let n = grant?.lo ?? 0; n < (grant?.hi ?? 0); n += 1) {
            assert.ok(!issued.has(n), `${n} was granted twice`)
            issued.add(n)
          }
        }
        for (let dc = 0; dc < dcCount; dc += 1) await issue(dc, 1)
        let backup = structuredClone(shared.segments.get(id))
        for (const [at, { dc, days, step }] of acts.entries()) {
          clock.advance(days * DAY_MS)
          await issue(dc % dcCount, step)
          if (at <= kept) backup = structuredClone(shared.segments.get(id))
        }
        if (backup !== undefined) shared.segments.set(id, backup)
        // Forty grants of a hundred at most were lost.
        for (let dc = 0; dc < dcCount; dc += 1) await allocator.advance(id, dc, { by: 4000 })
        for (const { dc, days, step } of acts) {
          await issue(dc % dcCount, step)
          clock.advance(days * DAY_MS)
        }
      },
    ),
    { numRuns: 100 },
  )
})
