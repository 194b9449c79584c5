import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { DEFAULT_SPACE, DEFAULT_STEP, tagPath } from '../../service/core/tag.ts'
import type { CatalogStore } from '../../service/ports/catalog-store.ts'
import type { TagQuery, TagSearch } from '../../service/ports/tag-search.ts'

interface Opened {
  readonly catalog: CatalogStore
  readonly search: TagSearch
  readonly close: () => Promise<void>
}

/** In the order in which they have to be found. */
const LIVE = ['a/g/one', 'a/g/two', 'a/g-2/one', 'a-b/g/one', 'b/g/order']
const NAMES: Readonly<Record<string, string>> = { 'a/g/two': '订单 Orders', 'b/g/order': "o'clock" }

export function tagSearchContract(name: string, open: () => Promise<Opened>): void {
  describe(name, () => {
    let opened: Opened
    const all: TagQuery = { within: '', text: '' }

    before(async () => {
      opened = await open()
      for (const path of ['b/g/gone', ...LIVE.toReversed()]) await make(opened.catalog, path)
      await opened.catalog.deleteTag({ workspace: 'b', group: 'g', name: 'gone' }, undefined)
    })
    after(() => opened.close())

    const found = async (query: Partial<TagQuery>): Promise<string[]> =>
      (await opened.search.find({ ...all, ...query }, undefined, 100)).items.map(tagPath)

    it('finds live tags of all workspaces in order, a page at a time', async () => {
      for (const limit of [1, 2, 3, 100]) {
        const paths: string[] = []
        let next: string | undefined
        do {
          const page = await opened.search.find(all, next, limit)
          assert.ok(page.items.length <= limit)
          paths.push(...page.items.map(tagPath))
          next = page.next
        } while (next !== undefined)
        assert.deepEqual(paths, LIVE)
      }
      assert.equal(await opened.search.count(all), LIVE.length)
    })

    it('finds what lies within a workspace, a group, or is the tag itself', async () => {
      assert.deepEqual(await found({ within: 'a' }), ['a/g/one', 'a/g/two', 'a/g-2/one'])
      assert.deepEqual(await found({ within: 'a/g' }), ['a/g/one', 'a/g/two'])
      assert.deepEqual(await found({ within: 'a/g/one' }), ['a/g/one'])
      assert.deepEqual(await found({ within: 'none' }), [])
      assert.equal(await opened.search.count({ within: 'a', text: 'one' }), 2)
    })

    it('finds a text in paths and display names, and takes no character of it for more than itself', async () => {
      assert.deepEqual(await found({ text: 'ONE' }), ['a/g/one', 'a/g-2/one', 'a-b/g/one'])
      assert.deepEqual(await found({ text: 'g/t' }), ['a/g/two'])
      assert.deepEqual(await found({ text: 'orders' }), ['a/g/two'])
      assert.deepEqual(await found({ text: '订单' }), ['a/g/two'])
      assert.deepEqual(await found({ text: "o'c" }), ['b/g/order'])
      for (const text of ['%', '_', '\\', "';--", '.*']) assert.deepEqual(await found({ text }), [], text)
    })
  })
}

async function make(catalog: CatalogStore, path: string): Promise<void> {
  const [workspace = '', group = '', name = ''] = path.split('/')
  if ((await catalog.findWorkspace(workspace)) === undefined) await catalog.createWorkspace(workspace, '')
  if ((await catalog.findGroup(workspace, group)) === undefined)
    await catalog.createGroup(workspace, group, '')
  const displayName = NAMES[path] ?? ''
  await catalog.createTag({
    workspace,
    group,
    name,
    displayName,
    chain: ['segment'],
    step: DEFAULT_STEP,
    space: DEFAULT_SPACE,
  })
}
