import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { CatalogStore } from '../../service/ports/catalog-store.ts'
import type { GrantHistory } from '../../service/ports/grant-history.ts'
import type { SegmentStore } from '../../service/ports/segment-store.ts'

interface Opened {
  readonly catalog: CatalogStore
  readonly segments: SegmentStore
  readonly history: GrantHistory
  /** So many grants of ten numbers in data centre 0, from `lo` on, where the tag stands: one by one would take half a minute. */
  readonly grantTens: (tagId: number, lo: number, count: number) => Promise<void>
  readonly close: () => Promise<void>
}

export function grantHistoryContract(name: string, open: () => Promise<Opened>): void {
  describe(name, () => {
    let opened: Opened

    before(async () => {
      opened = await open()
      await opened.catalog.createWorkspace('w', '')
      await opened.catalog.createGroup('w', 'g', '')
    })
    after(() => opened.close())

    it('sums what each data centre was granted of a tag, and of no other', async () => {
      const { catalog, segments, history } = opened
      const settings = { displayName: '', chain: ['segment'], step: { base: 10, min: 1, max: 1000 } } as const
      const space = { startAt: 0, cellSize: 100_000, dcCount: 8 }
      const [one, other] = await Promise.all(
        ['one', 'other'].map((name) =>
          catalog.createTag({ workspace: 'w', group: 'g', name, ...settings, space }),
        ),
      )
      assert.ok(one !== undefined && other !== undefined)
      assert.deepEqual(await history.recent(one.id, new Date(0)), [])
      for (const [dc, step] of [
        [0, 100],
        [0, 250],
        [7, 30],
      ] as const)
        await segments.allocate(one.id, dc, step)
      await segments.allocate(other.id, 0, 7)
      const found = await history.recent(one.id, new Date(0))
      assert.deepEqual(
        found.map(({ dc, numbers }) => [dc, numbers]),
        [
          [0, 350],
          [7, 30],
        ],
      )
      // Fewer than a thousand: what was granted since then is all there.
      const since = new Date(Date.now() - 3_600_000)
      for (const { from } of await history.recent(one.id, since)) assert.deepEqual(from, since)
      assert.deepEqual(await history.recent(one.id, new Date(Date.now() + 3_600_000)), [])
    })

    it('sums the newest thousand of a tag that was granted more, and says since when they are', async () => {
      const { catalog, segments, history } = opened
      const settings = { displayName: '', chain: ['segment'], step: { base: 10, min: 1, max: 1000 } } as const
      const space = { startAt: 0, cellSize: 100_000, dcCount: 8 }
      const busy = await catalog.createTag({ workspace: 'w', group: 'g', name: 'busy', ...settings, space })
      const { hi } = await segments.allocate(busy.id, 0, 500)
      await opened.grantTens(busy.id, hi, 1000)
      const since = new Date(0)
      const [found] = await history.recent(busy.id, since)
      assert.equal(found?.numbers, 10_000)
      assert.ok(found.from > since, 'a thousand grants do not tell of all the time that was asked for')
    })
  })
}
