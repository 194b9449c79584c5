import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { IdgenError } from '../../service/core/errors.ts'
import { DEFAULT_SPACE, DEFAULT_STEP } from '../../service/core/tag.ts'
import type { CatalogStore, NewTag, Page, PageRequest } from '../../service/ports/catalog-store.ts'
import { rejectsWith } from './rejects-with.ts'
import { tagExchangeContract } from './tag-exchange.contract.ts'

export interface CatalogStores {
  /** Two processes on the same data. */
  readonly catalog: CatalogStore
  readonly others: CatalogStore
  close(): Promise<void>
}

/** What every CatalogStore must do, run by the memory one and by the real one. */
export function catalogStoreContract(name: string, make: () => Promise<CatalogStores>): void {
  tagExchangeContract(name, make)
  describe(`${name} keeps the contract of CatalogStore`, () => {
    let stores: CatalogStores
    let catalog: CatalogStore

    before(async () => {
      stores = await make()
      catalog = stores.catalog
      await catalog.createWorkspace('base', 'Base')
      await catalog.createGroup('base', 'g', 'G')
    })
    after(() => stores?.close())

    it('creates, reads, updates and deletes a workspace', async () => {
      assert.equal(await catalog.findWorkspace('ws'), undefined)
      const made = await catalog.createWorkspace('ws', 'First')
      assert.deepEqual(await stores.others.findWorkspace('ws'), made)
      assert.deepEqual([made.name, made.displayName, made.version], ['ws', 'First', 1])
      const updated = await catalog.updateWorkspace('ws', 'Second', 1)
      assert.deepEqual([updated.displayName, updated.version], ['Second', 2])
      assert.deepEqual(updated.createdAt, made.createdAt)
      await rejectsWith('IDGEN_VERSION_MISMATCH', catalog.updateWorkspace('ws', 'Third', 1))
      await rejectsWith('IDGEN_VERSION_MISMATCH', catalog.deleteWorkspace('ws', 1))
      await catalog.updateWorkspace('ws', 'Third', undefined)
      await catalog.deleteWorkspace('ws', 3)
      assert.equal(await catalog.findWorkspace('ws'), undefined)
      assert.equal((await catalog.createWorkspace('ws', 'Again')).version, 1)
    })

    it('creates, reads, updates and deletes a group', async () => {
      const made = await catalog.createGroup('base', 'gr', 'First')
      assert.deepEqual(await stores.others.findGroup('base', 'gr'), made)
      assert.deepEqual([made.workspace, made.name, made.version], ['base', 'gr', 1])
      assert.equal((await catalog.updateGroup('base', 'gr', 'Second', 1)).version, 2)
      await rejectsWith('IDGEN_VERSION_MISMATCH', catalog.updateGroup('base', 'gr', 'x', 1))
      await rejectsWith('IDGEN_VERSION_MISMATCH', catalog.deleteGroup('base', 'gr', 1))
      await catalog.deleteGroup('base', 'gr', undefined)
      assert.equal(await catalog.findGroup('base', 'gr'), undefined)
    })

    it('creates, reads, updates and deletes a tag', async () => {
      const draft = newTag('crud')
      const made = await catalog.createTag(draft)
      const { id, generation, version, createdAt, updatedAt, ...rest } = made
      assert.deepEqual(rest, draft)
      assert.match(generation, /^[0-9a-f]{32}$/)
      assert.ok(Number.isSafeInteger(id) && version === 1 && createdAt <= updatedAt)
      assert.deepEqual(await stores.others.findTag(draft), made)
      const step = { base: 5, min: 2, max: 9 }
      const updated = await catalog.updateTag(draft, { displayName: 'New', chain: ['segment'], step }, 1)
      assert.deepEqual(
        { ...updated, updatedAt: undefined },
        { ...made, displayName: 'New', chain: ['segment'], step, version: 2, updatedAt: undefined },
      )
      assert.equal((await catalog.updateTag(draft, {}, undefined)).displayName, 'New')
      await rejectsWith('IDGEN_VERSION_MISMATCH', catalog.updateTag(draft, { displayName: 'x' }, 1))
      await rejectsWith('IDGEN_VERSION_MISMATCH', catalog.deleteTag(draft, 2))
      await catalog.deleteTag(draft, 3)
      assert.equal(await catalog.findTag(draft), undefined)
      const again = await catalog.createTag(draft)
      assert.notEqual(again.id, id, 'the id of a tag is never used again')
      assert.notEqual(again.generation, generation)
    })

    it('says what is missing', async () => {
      const ref = newTag('none')
      const elsewhere = { ...ref, workspace: 'nowhere' }
      await rejectsWith('IDGEN_WORKSPACE_NOT_FOUND', catalog.updateWorkspace('nowhere', '', undefined))
      await rejectsWith('IDGEN_WORKSPACE_NOT_FOUND', catalog.deleteWorkspace('nowhere', undefined))
      await rejectsWith('IDGEN_WORKSPACE_NOT_FOUND', catalog.createGroup('nowhere', 'g', ''))
      await rejectsWith('IDGEN_GROUP_NOT_FOUND', catalog.updateGroup('base', 'none', '', undefined))
      await rejectsWith('IDGEN_GROUP_NOT_FOUND', catalog.deleteGroup('base', 'none', undefined))
      await rejectsWith('IDGEN_GROUP_NOT_FOUND', catalog.createTag({ ...ref, group: 'none' }))
      await rejectsWith('IDGEN_TAG_NOT_FOUND', catalog.updateTag(ref, {}, undefined))
      await rejectsWith('IDGEN_TAG_NOT_FOUND', catalog.deleteTag(ref, undefined))
      assert.equal(await catalog.findTag(elsewhere), undefined)
      assert.deepEqual((await catalog.listGroups('nowhere', page())).items, [])
      assert.deepEqual((await catalog.listTags('base', 'none', page())).items, [])
    })

    it('deletes neither a workspace with groups nor a group with tags', async () => {
      await catalog.createWorkspace('full', '')
      await catalog.createGroup('full', 'g', '')
      const ref = { ...newTag('t'), workspace: 'full' }
      await catalog.createTag(ref)
      await rejectsWith('IDGEN_NOT_EMPTY', catalog.deleteWorkspace('full', undefined))
      await rejectsWith('IDGEN_NOT_EMPTY', catalog.deleteGroup('full', 'g', undefined))
      await catalog.deleteTag(ref, undefined)
      await catalog.deleteGroup('full', 'g', undefined)
      await catalog.deleteWorkspace('full', undefined)
      assert.equal(await catalog.findGroup('full', 'g'), undefined)
    })

    it('lets one of many concurrent creations of a name win', async () => {
      const kinds = [
        (store: CatalogStore) => store.createWorkspace('race', ''),
        (store: CatalogStore) => store.createGroup('base', 'race', ''),
        (store: CatalogStore) => store.createTag(newTag('race')),
      ]
      for (const create of kinds) {
        const calls = Array.from({ length: 12 }, (_, i) => create(i % 2 ? catalog : stores.others))
        const outcomes = await Promise.allSettled(calls)
        assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
        for (const outcome of outcomes)
          if (outcome.status === 'rejected')
            assert.equal(IdgenError.from(outcome.reason).code, 'IDGEN_ALREADY_EXISTS')
      }
    })

    it('lets one of two concurrent updates at the same version win', async () => {
      await catalog.createWorkspace('duel', '')
      const outcomes = await Promise.allSettled([
        catalog.updateWorkspace('duel', 'a', 1),
        stores.others.updateWorkspace('duel', 'b', 1),
      ])
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      assert.equal((await catalog.findWorkspace('duel'))?.version, 2)
    })

    it('pages through names in byte order, also while the list changes', async () => {
      const names = ['a', 'a-b', 'a.b', 'a0', 'a_b', 'aa', 'b', 'z9']
      await catalog.createWorkspace('pages', '')
      await catalog.createGroup('pages', 'g', '')
      for (const tag of names.toReversed()) await catalog.createTag({ ...newTag(tag), workspace: 'pages' })
      for (const limit of [1, 3, 8, 100])
        assert.deepEqual(await walk((at) => catalog.listTags('pages', 'g', at), limit), names.toSorted())
      const first = await catalog.listTags('pages', 'g', page(3))
      await catalog.deleteTag({ workspace: 'pages', group: 'g', name: first.next ?? '' }, undefined)
      const second = await catalog.listTags('pages', 'g', { after: first.next, limit: 3 })
      assert.deepEqual(
        [...first.items, ...second.items].map((tag) => tag.name),
        names.toSorted().slice(0, 6),
      )
      const workspaces = await walk((at) => catalog.listWorkspaces(at), 2)
      assert.deepEqual(workspaces, workspaces.toSorted())
      assert.ok(workspaces.includes('pages') && workspaces.includes('base'))
      assert.deepEqual(await walk((at) => catalog.listGroups('pages', at), 1), ['g'])
    })

    it('finds workspaces and groups by a part of either name, in whatever case, a page at a time', async () => {
      for (const [name, displayName] of [
        ['found-1', ''],
        ['found-2', 'Müller %_'],
        ['other-3', 'The FOUND one'],
      ] as const) {
        await catalog.createWorkspace(name, displayName)
        await catalog.createGroup('found-1', name, displayName)
      }
      await catalog.createGroup('found-2', 'found-1', '')
      const lists = [
        (at: PageRequest, text: string) => catalog.listWorkspaces({ ...at, text }),
        (at: PageRequest, text: string) => catalog.listGroups('found-1', { ...at, text }),
      ]
      for (const list of lists) {
        const named = (text: string, limit = 2) => walk((at) => list(at, text), limit)
        assert.deepEqual(await named('found'), ['found-1', 'found-2', 'other-3'])
        assert.deepEqual(await named('Found-'), ['found-1', 'found-2'])
        assert.deepEqual(await named('müller'), ['found-2'])
        // Signs of patterns are letters like others.
        assert.deepEqual(await named('%_'), ['found-2'])
        assert.deepEqual(await named('%'), ['found-2'])
        assert.deepEqual(await named('nowhere'), [])
        assert.deepEqual(await named('', 100), (await walk((at) => list(at, ''), 100)).toSorted())
      }
    })

    it('tells of nothing when nothing changed, and of each change once', async () => {
      const { revision, history } = await catalog.changesSince(0)
      assert.notEqual(history, '')
      assert.deepEqual(await catalog.changesSince(revision), { revision, history, tagPaths: [], keyIds: [] })
      await catalog.createTag(newTag('seen'))
      const created = await stores.others.changesSince(revision)
      assert.deepEqual(created.tagPaths, ['base/g/seen'])
      assert.ok(created.revision > revision)
      await catalog.updateTag(newTag('seen'), { displayName: 'x' }, undefined)
      await catalog.deleteTag(newTag('seen'), undefined)
      const later = await stores.others.changesSince(created.revision)
      assert.deepEqual([...new Set(later.tagPaths)], ['base/g/seen'])
      assert.deepEqual((await catalog.changesSince(later.revision)).tagPaths, [])
    })

    it('raises the revision with every write, also those that name no tag', async () => {
      const before = (await catalog.changesSince(0)).revision
      await catalog.createWorkspace('silent', '')
      const after = await catalog.changesSince(before)
      assert.ok(after.revision > before)
      assert.deepEqual(after.tagPaths, [])
    })

    it('misses no change of concurrent writers', async () => {
      const seen = new Set<string>()
      let { revision } = await catalog.changesSince(0)
      let writing = true
      const follow = async (): Promise<void> => {
        for (let last = false; !last; ) {
          last = !writing
          const changes = await stores.others.changesSince(revision)
          assert.ok(changes.revision >= revision)
          revision = changes.revision
          for (const path of changes.tagPaths) seen.add(path)
          await new Promise(setImmediate)
        }
      }
      const following = follow()
      const names = Array.from({ length: 40 }, (_, i) => `follow${i}`)
      await Promise.all(names.map((tag, i) => (i % 2 ? catalog : stores.others).createTag(newTag(tag))))
      writing = false
      await following
      assert.deepEqual([...seen].sort(), names.map((tag) => `base/g/${tag}`).sort())
    })

    it('keeps the high water of a tag also when its group and workspace were deleted and made again', async () => {
      const ref = { ...newTag('t'), workspace: 'phoenix' }
      await catalog.createWorkspace('phoenix', '')
      await catalog.createGroup('phoenix', 'g', '')
      await catalog.createTag({ ...ref, space: { ...DEFAULT_SPACE, startAt: 5000 } })
      await catalog.deleteTag(ref, undefined)
      await catalog.deleteGroup('phoenix', 'g', undefined)
      await catalog.deleteWorkspace('phoenix', undefined)
      await catalog.createWorkspace('phoenix', '')
      await catalog.createGroup('phoenix', 'g', '')
      const again = await catalog.createTag(ref)
      assert.equal(again.space.startAt, 5000)
    })

    it('begins a tag that is made again in the pattern of cells of the one before, wherever it wants to begin', async () => {
      const ref = newTag('pattern')
      const space = { startAt: 501, cellSize: 1000, dcCount: 3 }
      const first = await catalog.createTag({ ...ref, space })
      const grave = { generation: first.generation, atLeast: 3501 }
      await catalog.deleteTag(ref, undefined, grave)
      for (const [startAt, expected] of [
        [1, 3501],
        [3502, 6501],
        [6501, 6501],
        [20_000, 21_501],
      ] as const) {
        const again = await catalog.createTag({ ...ref, space: { ...space, startAt } })
        assert.equal(again.space.startAt, expected)
        await catalog.deleteTag(ref, undefined)
        assert.equal((await catalog.findRemains(ref)).highWater, expected)
      }
    })

    it('keeps the format of a tag, and frees no name that had one or gets one', async () => {
      const ref = newTag('formatted')
      // Not in the order of the database's own.
      const format = { prefix: 'INV-', radix: 36, width: 6, check: 'luhn', suffix: '/x' } as const
      const wanted = { ...ref, chain: ['segment'] as const, space: { ...DEFAULT_SPACE, format } }
      const made = await catalog.createTag(wanted)
      const found = await stores.others.findTag(ref)
      assert.equal(JSON.stringify(found?.space), JSON.stringify(made.space))
      assert.deepEqual(found?.space.format, format)
      await catalog.deleteTag(ref, undefined)
      assert.equal((await catalog.findRemains(ref)).highWater, 2 ** 53)
      await rejectsWith('IDGEN_RANGE_EXHAUSTED', catalog.createTag(ref))
      await rejectsWith('IDGEN_IMMUTABLE', catalog.createTag(wanted))
      await catalog.createTag(newTag('once-plain'))
      await catalog.deleteTag(newTag('once-plain'), undefined)
      await rejectsWith('IDGEN_IMMUTABLE', catalog.createTag({ ...wanted, name: 'once-plain' }))
    })

    it('gives no format to a name whose tag began at 0 and was granted nothing: it wrote snowflakes', async () => {
      const ref = newTag('from-zero')
      const space = { ...DEFAULT_SPACE, startAt: 0 }
      await catalog.createTag({ ...ref, chain: ['snowflake'], space })
      await catalog.deleteTag(ref, undefined)
      assert.equal((await catalog.findRemains(ref)).highWater, 0)
      const format = { prefix: '52', width: 16 }
      const wanted = { ...ref, chain: ['segment'] as const, space: { ...DEFAULT_SPACE, format } }
      await rejectsWith('IDGEN_IMMUTABLE', catalog.createTag(wanted))
      assert.equal((await catalog.createTag({ ...ref, space })).space.startAt, 0, 'without one it is free')
    })

    it('refuses a tag whose predecessor left no room for whole cells', async () => {
      const ref = newTag('crowded')
      const space = { startAt: 2 ** 53 - 1000, cellSize: 1000, dcCount: 1 }
      await catalog.createTag({ ...ref, space })
      await catalog.deleteTag(ref, undefined)
      await rejectsWith('IDGEN_RANGE_EXHAUSTED', catalog.createTag(ref))
      assert.equal(await catalog.findTag(ref), undefined)
    })
  })
}

function newTag(name: string): NewTag {
  return {
    workspace: 'base',
    group: 'g',
    name,
    displayName: `Tag ${name}`,
    chain: ['segment', 'snowflake', 'uuid-v7'],
    step: DEFAULT_STEP,
    space: DEFAULT_SPACE,
  }
}

function page(limit = 100): PageRequest {
  return { after: undefined, limit }
}

async function walk(
  list: (at: PageRequest) => Promise<Page<{ readonly name: string }>>,
  limit: number,
): Promise<string[]> {
  const names: string[] = []
  for (let after: string | undefined, pages = 0; pages < 100; pages += 1) {
    const { items, next } = await list({ after, limit })
    assert.ok(items.length <= limit)
    names.push(...items.map((item) => item.name))
    if (next === undefined) return names
    after = next
  }
  return assert.fail('the pages do not end')
}
