import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { CatalogStore } from '../../service/ports/catalog-store.ts'
import type { GrantHistory } from '../../service/ports/grant-history.ts'
import type { SegmentStore } from '../../service/ports/segment-store.ts'

interface Opened {
  readonly catalog: CatalogStore
  readonly segments: SegmentStore
  readonly history: GrantHistory
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
  })
}
