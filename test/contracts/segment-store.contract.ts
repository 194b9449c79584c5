import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { cellBounds, cellOf, cellOwner, firstCell } from '../../service/core/cells.ts'
import { datedCellSize, periodAt, periodOf, serialOf } from '../../service/core/dated-numbers.ts'
import { IdgenError } from '../../service/core/errors.ts'
import type { SegmentGrant } from '../../service/core/grant.ts'
import { DEFAULT_SPACE, type NumberSpace, SEGMENT_LIMIT, STEP_MAX, type Tag } from '../../service/core/tag.ts'
import type { CatalogStore } from '../../service/ports/catalog-store.ts'
import type { SegmentStore } from '../../service/ports/segment-store.ts'
import { rejectsWith } from './rejects-with.ts'

export interface SegmentStores {
  readonly catalog: CatalogStore
  /** Two processes on the same data. */
  readonly segments: SegmentStore
  readonly others: SegmentStore
  close(): Promise<void>
}

/** What every SegmentStore must do, run by the memory one and by the real one. */
export function segmentStoreContract(name: string, make: () => Promise<SegmentStores>): void {
  describe(`${name} keeps the contract of SegmentStore`, () => {
    let stores: SegmentStores
    let made = 0

    before(async () => {
      stores = await make()
      await stores.catalog.createWorkspace('w', '')
      await stores.catalog.createGroup('w', 'g', '')
    })
    after(() => stores?.close())

    async function newTag(space: Partial<NumberSpace> = {}, tagName = `t${(made += 1)}`): Promise<Tag> {
      return await stores.catalog.createTag({
        workspace: 'w',
        group: 'g',
        name: tagName,
        displayName: '',
        chain: ['segment'],
        step: { base: 100, min: 1, max: 1000 },
        space: { ...DEFAULT_SPACE, ...space },
      })
    }

    it('gives disjoint grants inside their own cells to many callers of all 8 data centres', async () => {
      const tag = await newTag({ cellSize: 1000 })
      const calls = Array.from({ length: 8 * 24 }, async (_, call) => {
        const dc = call % 8
        const store = call % 3 === 0 ? stores.others : stores.segments
        return { dc, grant: await store.allocate(tag.id, dc, 1 + ((call * 37) % 200)) }
      })
      const grants = await Promise.all(calls)
      assertDisjoint(grants.map(({ grant }) => grant))
      for (const { dc, grant } of grants) {
        const cell = cellOf(tag.space, grant.lo)
        assert.ok(cell !== undefined && cellOwner(cell, 8) === dc, `dc ${dc} was given ${grant.lo}`)
        assert.equal(cellOf(tag.space, grant.hi - 1), cell, 'a grant never crosses a cell')
      }
    })

    it('gives a tag that writes dates numbers of the present one, from its first in each data centre', async () => {
      const format = { reset: 'year', width: 6 } as const
      const space = { startAt: 1, dcCount: 2, cellSize: datedCellSize(format, 2), format }
      const tag = await newTag(space)
      const calls = [stores.segments, stores.others, stores.segments].map((store) =>
        store.allocate(tag.id, 0, 10),
      )
      const grants = await Promise.all(calls)
      assertDisjoint(grants)
      const first = Math.min(...grants.map(({ lo }) => lo))
      assert.equal(serialOf(space, first), 1)
      assert.equal(serialOf(space, (await stores.others.allocate(tag.id, 1, 10)).lo), space.cellSize + 1)
      const years = periodOf(space, first)
      const ms = Date.now()
      // The store's clock is a real one, or stands in January 2026.
      assert.ok([periodAt(format, ms), 56].includes(years), `year ${1970 + years}`)
    })

    it('gives consecutive single numbers for step 1', async () => {
      const tag = await newTag({ startAt: 42, dcCount: 1 })
      const first = await stores.segments.allocate(tag.id, 0, 1)
      const second = await stores.others.allocate(tag.id, 0, 1)
      assert.deepEqual([first, second], [grantOf(42, 43), grantOf(43, 44)])
    })

    it('gives the largest step whole where the cell has room', async () => {
      const tag = await newTag({ startAt: 1 })
      assert.deepEqual(await stores.segments.allocate(tag.id, 0, STEP_MAX), grantOf(1, 1 + STEP_MAX))
    })

    it('refuses a step below 1 or above the largest', async () => {
      const tag = await newTag()
      for (const step of [0, -1, 1.5, STEP_MAX + 1, Number.NaN])
        await assert.rejects(stores.segments.allocate(tag.id, 0, step), /invariant broken/)
    })

    it('ends a grant at the end of its cell and goes on in the next cell of the same data centre', async () => {
      const tag = await newTag({ startAt: 0, cellSize: 1000, dcCount: 2 })
      assert.deepEqual(await stores.segments.allocate(tag.id, 1, 600), grantOf(1000, 1600))
      assert.deepEqual(await stores.segments.allocate(tag.id, 1, 600), grantOf(1600, 2000))
      assert.deepEqual(await stores.segments.allocate(tag.id, 1, 600), grantOf(3000, 3600))
      assert.deepEqual(await stores.segments.allocate(tag.id, 1, 400), grantOf(3600, 4000))
      assert.deepEqual(await stores.segments.allocate(tag.id, 1, 1), grantOf(5000, 5001))
    })

    it('gives the last number below 2^53 and then refuses', async () => {
      const tag = await newTag({ startAt: SEGMENT_LIMIT - 2500, cellSize: 1000, dcCount: 2 })
      const { lo, hi } = await stores.segments.allocate(tag.id, 1, 5000)
      assert.deepEqual([lo, hi], [SEGMENT_LIMIT - 1500, SEGMENT_LIMIT - 500])
      for (let i = 0; i < 2; i += 1)
        await rejectsWith('IDGEN_RANGE_EXHAUSTED', stores.segments.allocate(tag.id, 1, 1))
      const whole = await newTag({ startAt: SEGMENT_LIMIT - 1000, cellSize: 1000, dcCount: 1 })
      assert.equal((await stores.segments.allocate(whole.id, 0, 5000)).hi, SEGMENT_LIMIT)
      await rejectsWith('IDGEN_RANGE_EXHAUSTED', stores.segments.allocate(whole.id, 0, 1))
    })

    it('has no numbers for a data centre beyond those of the tag', async () => {
      const tag = await newTag({ dcCount: 2 })
      await rejectsWith('IDGEN_RANGE_EXHAUSTED', stores.segments.allocate(tag.id, 2, 1))
      await rejectsWith('IDGEN_RANGE_EXHAUSTED', stores.segments.initialise(tag.id, 7))
    })

    it('knows no tag that was never made', async () => {
      await rejectsWith('IDGEN_TAG_NOT_FOUND', stores.segments.allocate(999_999_999, 0, 1))
      await rejectsWith('IDGEN_TAG_NOT_FOUND', stores.segments.initialise(999_999_999, 0))
    })

    it('initialises once, however many ask', async () => {
      const tag = await newTag({ startAt: 7, dcCount: 1 })
      await Promise.all(
        Array.from({ length: 10 }, (_, i) => (i % 2 ? stores.segments : stores.others).initialise(tag.id, 0)),
      )
      assert.deepEqual(await stores.segments.allocate(tag.id, 0, 3), grantOf(7, 10))
      await stores.segments.initialise(tag.id, 0)
      assert.deepEqual(await stores.segments.allocate(tag.id, 0, 3), grantOf(10, 13))
    })

    it('initialises every live tag of a data centre that lacks it, and only once', async () => {
      const dc = 6
      await stores.segments.initialiseAll(dc)
      const tags = [await newTag(), await newTag(), await newTag({ dcCount: 2 })]
      const gone = await newTag()
      await stores.catalog.deleteTag(gone, undefined)
      const opened = await Promise.all([stores.segments.initialiseAll(dc), stores.others.initialiseAll(dc)])
      assert.equal(opened[0] + opened[1], 2)
      assert.equal(await stores.segments.initialiseAll(dc), 0)
      const known = (await stores.segments.usage(dc)).map(({ tagId }) => tagId)
      assert.deepEqual(
        tags.map(({ id }) => known.includes(id)),
        [true, true, false],
      )
    })

    it('initialises many tags at once, each on the first cell of its own number space', async () => {
      const dc = 5
      await stores.segments.initialiseAll(dc)
      const used = await newTag({ startAt: 40 })
      const before = await stores.segments.allocate(used.id, dc, 10)
      const tags = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          newTag({ startAt: 100 * i, cellSize: 1000 + i, dcCount: 6 + (i % 3) }),
        ),
      )
      const opened = await Promise.all([stores.segments.initialiseAll(dc), stores.others.initialiseAll(dc)])
      assert.equal(opened[0] + opened[1], tags.length)
      for (const { id, space } of tags) {
        const { lo } = await stores.segments.allocate(id, dc, 1)
        assert.equal(lo, cellBounds(space, firstCell(dc, space.dcCount)).lo)
      }
      assert.equal((await stores.others.allocate(used.id, dc, 1)).lo, before.hi, 'one in use goes on')
    })

    it('tells which share of the numbers of a data centre was granted', async () => {
      const tag = await newTag({ startAt: SEGMENT_LIMIT - 4000, cellSize: 1000, dcCount: 2 })
      for (let i = 0; i < 3; i += 1) await stores.segments.allocate(tag.id, 0, 500)
      const usage = await stores.segments.usage(0)
      assert.deepEqual(
        usage.find(({ tagId }) => tagId === tag.id),
        { tagId: tag.id, dc: 0, usedShare: 0.75 },
      )
    })

    it('gives nothing of a deleted tag, and forgets its usage', async () => {
      const tag = await newTag()
      await stores.segments.allocate(tag.id, 0, 10)
      await stores.catalog.deleteTag(tag, undefined)
      await rejectsWith('IDGEN_TAG_NOT_FOUND', stores.segments.allocate(tag.id, 0, 1))
      await rejectsWith('IDGEN_TAG_NOT_FOUND', stores.segments.initialise(tag.id, 1))
      assert.ok(!(await stores.segments.usage(0)).some(({ tagId }) => tagId === tag.id))
    })

    it('lets a tag that is made again begin above all that was granted while it was deleted', async () => {
      for (let round = 0; round < 5; round += 1) {
        const old = await newTag({ cellSize: 1000 })
        const calls = Array.from({ length: 24 }, (_, i) => stores.segments.allocate(old.id, i % 8, 150))
        const deleted = stores.catalog.deleteTag(old, undefined)
        const outcomes = await Promise.allSettled(calls)
        await deleted
        for (const outcome of outcomes)
          if (outcome.status === 'rejected')
            assert.equal(IdgenError.from(outcome.reason).code, 'IDGEN_TAG_NOT_FOUND')
        const granted = outcomes.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : []))
        const next = await newTag({ cellSize: 1000 }, old.name)
        assert.notEqual(next.id, old.id)
        for (const grant of granted) assert.ok(grant.hi <= next.space.startAt)
        const fresh = await Promise.all(
          Array.from({ length: 8 }, (_, dc) => stores.others.allocate(next.id, dc, 10)),
        )
        assertDisjoint([...granted, ...fresh])
      }
    })

    it('takes ranges that were opened and never used for numbers nobody had', async () => {
      const tag = await newTag({ startAt: 7 })
      await stores.segments.initialise(tag.id, 5)
      await stores.segments.allocate(tag.id, 0, 10)
      assert.equal((await stores.catalog.findRemains(tag)).highWater, 17)
      await stores.catalog.deleteTag(tag, undefined)
      const round = tag.space.cellSize * tag.space.dcCount
      assert.equal((await stores.catalog.findRemains(tag)).highWater, 7 + round)
      assert.equal((await newTag({ startAt: 1 }, tag.name)).space.startAt, 7 + round)
    })

    it('remembers the high water over several deletions, also where nothing was taken in between', async () => {
      const first = await newTag({ startAt: 1, dcCount: 1 })
      await stores.segments.allocate(first.id, 0, 5000)
      await stores.catalog.deleteTag(first, undefined)
      const second = await newTag({ startAt: 1, dcCount: 1 }, first.name)
      assert.equal(second.space.startAt, 5001)
      await stores.catalog.deleteTag(second, undefined)
      const third = await newTag({ startAt: 1, dcCount: 1 }, first.name)
      assert.equal(third.space.startAt, 5001)
      await stores.catalog.deleteTag(third, undefined)
      const last = await newTag({ startAt: 9000, dcCount: 1 }, first.name)
      assert.equal(last.space.startAt, 9000)
    })

    it('takes back the unused end of the newest grant, once', async () => {
      const tag = await newTag({ startAt: 0, dcCount: 1 })
      await stores.segments.allocate(tag.id, 0, 100)
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(40, 100)), true)
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(40, 100)), false)
      assert.deepEqual(await stores.others.allocate(tag.id, 0, 60), grantOf(40, 100))
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(40, 100)), false)
      assert.deepEqual(await stores.segments.allocate(tag.id, 0, 1), grantOf(100, 101))
    })

    it('trap 5: keeps numbers burnt after which somebody took more', async () => {
      const tag = await newTag({ startAt: 0, dcCount: 1 })
      await stores.segments.allocate(tag.id, 0, 100)
      await stores.others.allocate(tag.id, 0, 100)
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(40, 100)), false)
      assert.deepEqual(await stores.segments.allocate(tag.id, 0, 1), grantOf(200, 201))
    })

    it('takes back several grants, newest first', async () => {
      const tag = await newTag({ startAt: 0, dcCount: 1 })
      await stores.segments.allocate(tag.id, 0, 100)
      await stores.segments.allocate(tag.id, 0, 100)
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(100, 200)), true)
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(50, 100)), true)
      assert.deepEqual(await stores.others.allocate(tag.id, 0, 10), grantOf(50, 60))
    })

    it('takes nothing back that was not granted to the same process, or of a deleted tag', async () => {
      const tag = await newTag({ startAt: 100, dcCount: 1 })
      await stores.segments.allocate(tag.id, 0, 100)
      assert.equal(await stores.others.giveBack(tag.id, 0, grantOf(150, 200)), false)
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(99, 200)), false)
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(200, 200)), false)
      await stores.catalog.deleteTag(tag, undefined)
      assert.equal(await stores.segments.giveBack(tag.id, 0, grantOf(150, 200)), false)
    })

    it('trap 22: never has a number in two hands, whatever two processes take and return', async () => {
      const operation = fc.record({
        who: fc.nat(1),
        step: fc.option(fc.integer({ min: 1, max: 700 })),
        keep: fc.integer({ min: 0, max: 300 }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
          const tag = await newTag({ startAt: 0, cellSize: 1000, dcCount: 1 })
          const held: { who: number; grant: SegmentGrant }[] = []
          for (const { who, step, keep } of operations) {
            const store = who === 0 ? stores.segments : stores.others
            if (step !== null) held.push({ who, grant: await store.allocate(tag.id, 0, step) })
            else await returnNewest(store, tag.id, held, who, keep)
            assertDisjoint(held.map(({ grant }) => grant))
          }
        }),
        { numRuns: 25, seed: 20261124 },
      )
    })
  })
}

/** Returns the end of the newest grant of `who`, of which `keep` numbers were issued. */
async function returnNewest(
  store: SegmentStore,
  tagId: number,
  held: { who: number; grant: SegmentGrant }[],
  who: number,
  keep: number,
): Promise<void> {
  const at = held.findLastIndex((entry) => entry.who === who)
  const entry = held[at]
  if (entry === undefined) return
  const from = entry.grant.lo + keep
  if (from >= entry.grant.hi) return
  if (!(await store.giveBack(tagId, 0, grantOf(from, entry.grant.hi)))) return
  if (keep === 0) held.splice(at, 1)
  else held[at] = { who, grant: grantOf(entry.grant.lo, from) }
}

function grantOf(lo: number, hi: number): SegmentGrant {
  return { lo, hi }
}

function assertDisjoint(grants: readonly SegmentGrant[]): void {
  const sorted = [...grants].sort((a, b) => a.lo - b.lo)
  for (const [i, grant] of sorted.entries()) {
    assert.ok(grant.lo < grant.hi, 'a grant is never empty')
    const next = sorted[i + 1]
    if (next !== undefined) assert.ok(grant.hi <= next.lo, `${grant.lo}..${grant.hi} overlaps ${next.lo}`)
  }
}
