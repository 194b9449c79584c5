import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { SegmentAllocator } from '../../service/app/segment-allocator.ts'
import { datedCellSize } from '../../service/core/dated-numbers.ts'
import { IdgenError } from '../../service/core/errors.ts'
import type { NumberSpace, Tag } from '../../service/core/tag.ts'
import type { CatalogStore } from '../../service/ports/catalog-store.ts'
import { rejectsWith } from './rejects-with.ts'

export interface AdvanceStores {
  readonly catalog: CatalogStore
  /** One process each on the same data: the one that serves, and the one that runs `idgen tag advance`. */
  readonly serving: SegmentAllocator
  readonly command: SegmentAllocator
  close(): Promise<void>
}

const PLAIN: NumberSpace = { startAt: 0, cellSize: 1000, dcCount: 2 }
/** Of a whole year: a day would often end while the test runs. */
const FORMAT = { reset: 'year', width: 4 } as const
const DATED: NumberSpace = { startAt: 1, cellSize: datedCellSize(FORMAT, 1), dcCount: 1, format: FORMAT }

/** What an advance has left behind stays left behind, whoever stops afterwards and gives numbers back. */
export function tagAdvanceContract(name: string, make: () => Promise<AdvanceStores>): void {
  describe(`an advance of ${name}`, () => {
    let stores: AdvanceStores
    let made = 0

    before(async () => {
      stores = await make()
      await stores.catalog.createWorkspace('advanced', '')
      await stores.catalog.createGroup('advanced', 'g', '')
    })
    after(() => stores?.close())

    async function newTag(space: NumberSpace = PLAIN): Promise<Tag> {
      made += 1
      const names = { workspace: 'advanced', group: 'g', name: `advanced${made}`, displayName: '' }
      const step = { base: 100, min: 1, max: 1000 }
      return await stores.catalog.createTag({ ...names, chain: ['segment'], step, space })
    }

    it('to a number that a grant has passed already is not undone by the return of that grant', async () => {
      const { serving, command } = stores
      const tag = await newTag()
      const grant = await serving.allocate(tag.id, 0, 600, tag.generation)
      const next = await command.advance(tag.id, 0, { to: 500 })
      assert.ok(next > grant.hi, `it says that the grants go on at ${next}`)
      assert.equal(await serving.giveBack(tag.id, 0, { lo: 20, hi: grant.hi }, tag.generation), false)
      assert.equal((await command.allocate(tag.id, 0, 100, tag.generation)).lo, next)
    })

    it('by nothing holds as well, and so does one that is repeated', async () => {
      const { serving, command } = stores
      const tag = await newTag()
      const { hi } = await serving.allocate(tag.id, 0, 100)
      for (const how of [{ by: 0 }, { to: 0 }, { to: hi }]) await command.advance(tag.id, 0, how)
      assert.equal(await serving.giveBack(tag.id, 0, { lo: 1, hi }), false)
      assert.ok((await serving.allocate(tag.id, 0, 1)).lo > hi)
    })

    it('lets numbers come back that were granted after it, no further than to where it went', async () => {
      const { serving, command } = stores
      const tag = await newTag()
      await serving.allocate(tag.id, 0, 100)
      const next = await command.advance(tag.id, 0, { to: 50 })
      const grant = await serving.allocate(tag.id, 0, 100)
      assert.equal(await serving.giveBack(tag.id, 0, grant), true)
      assert.equal((await serving.allocate(tag.id, 0, 10)).lo, next)
    })

    it('at the end of a cell goes to the next one, out of which nothing returns', async () => {
      const { serving, command } = stores
      const both = [0, 1]
      const tag = await newTag()
      for (const dc of both) await serving.allocate(tag.id, dc, 1000)
      for (const dc of both) await command.advance(tag.id, dc, { to: 10 })
      for (const dc of both) {
        const { lo, hi } = { lo: dc * 1000, hi: dc * 1000 + 1000 }
        assert.equal(await serving.giveBack(tag.id, dc, { lo, hi }), false)
        assert.equal((await serving.allocate(tag.id, dc, 1)).lo, lo + 2000)
      }
    })

    it('of the only data centre skips no number at the end of a cell', async () => {
      const { serving, command } = stores
      const tag = await newTag({ ...PLAIN, dcCount: 1 })
      await serving.allocate(tag.id, 0, 1000)
      assert.equal(await command.advance(tag.id, 0, { to: 10 }), 1000)
      assert.equal(await serving.giveBack(tag.id, 0, { lo: 500, hi: 1000 }), false)
      assert.equal((await serving.allocate(tag.id, 0, 1)).lo, 1000)
    })

    it('of a date that is used up leaves the date, and writes none that has not come', async () => {
      const { serving, command } = stores
      const year = new Date().getUTCFullYear()
      const tag = await newTag(DATED)
      await serving.allocate(tag.id, 0, 9000)
      const last = await serving.allocate(tag.id, 0, 5000)
      const moved: number[] = []
      for (const how of [{ by: 1000 }, { to: last.hi }, { by: 0 }])
        moved.push(await command.advance(tag.id, 0, how))
      const returned = await serving.giveBack(tag.id, 0, last)
      const again = await command.allocate(tag.id, 0, 10).catch((thrown: unknown) => IdgenError.from(thrown))
      // In real time the next year may have come in between.
      if (new Date().getUTCFullYear() !== year) return
      assert.equal(last.hi - last.lo, 999, 'all that was left')
      assert.deepEqual(moved, [last.hi, last.hi, last.hi])
      assert.equal(returned, false)
      assert.ok(again instanceof IdgenError && again.code === 'IDGEN_RANGE_EXHAUSTED')
    })

    it('is refused where there is no number above, and says what to do', async () => {
      const { serving, command } = stores
      const tag = await newTag({ startAt: 2 ** 53 - 1000, cellSize: 1000, dcCount: 1 })
      const grant = await serving.allocate(tag.id, 0, 1000)
      const error = await rejectsWith('IDGEN_RANGE_EXHAUSTED', command.advance(tag.id, 0, { to: 5 }))
      assert.match(error.message, /was not moved.*stop them all/)
      assert.equal(await serving.giveBack(tag.id, 0, grant), true, 'as it says')
    })
  })
}
