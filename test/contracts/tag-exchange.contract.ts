import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { tagIdOf } from '../../service/core/generation.ts'
import { DEFAULT_SPACE, DEFAULT_STEP } from '../../service/core/tag.ts'
import type { SharedTag } from '../../service/ports/catalog-store.ts'
import type { CatalogStores } from './catalog-store.contract.ts'
import { rejectsWith } from './rejects-with.ts'

/** The part of CatalogStore that the exchange of tags with the coordinator rests on. */
export function tagExchangeContract(name: string, make: () => Promise<CatalogStores>): void {
  describe(`${name} exchanges tags with a coordinator`, () => {
    let stores: CatalogStores

    before(async () => {
      stores = await make()
      await stores.catalog.createWorkspace('base', 'Base')
      await stores.catalog.createGroup('base', 'g', 'G')
    })
    after(() => stores?.close())

    it('makes a tag that another database has, with workspace and group, under the same generation', async () => {
      const { catalog, others } = stores
      const shared = { ...sharedTag('made'), workspace: 'elsewhere', group: 'far' }
      const made = await catalog.importTag(shared, 7)
      assert.equal(made?.before, undefined)
      assert.equal(made?.after.generation, shared.generation)
      assert.deepEqual(made?.after.space, shared.space)
      assert.deepEqual(await others.findPublication(shared), {
        tag: made?.after,
        configRevision: 7,
        declaration: undefined,
        deleting: false,
      })
      assert.deepEqual((await others.changesSince(0)).tagPaths.includes('elsewhere/far/made'), true)
      assert.equal((await others.findGroup('elsewhere', 'far'))?.version, 1)
      await catalog.importTag({ ...sharedTag('second'), workspace: 'elsewhere', group: 'far' }, 8)
      assert.equal((await others.listTags('elsewhere', 'far', PAGE)).items.length, 2)
    })

    it('takes a newer revision once, whoever brings it, and no older one', async () => {
      const { catalog, others } = stores
      const shared = sharedTag('newer')
      const first = await catalog.createTag(shared)
      await catalog.markPublished(first, 5)
      const changed = { ...shared, displayName: 'Changed', chain: ['snowflake'] as const }
      const outcomes = await Promise.all([catalog.importTag(changed, 6), others.importTag(changed, 6)])
      assert.equal(outcomes.filter((outcome) => outcome !== undefined).length, 1)
      const taken = outcomes.find((outcome) => outcome !== undefined)
      assert.deepEqual([taken?.before?.displayName, taken?.after.displayName], ['Tag newer', 'Changed'])
      assert.deepEqual([taken?.after.version, taken?.after.chain], [2, ['snowflake']])
      for (const old of [5, 6]) assert.equal(await catalog.importTag(shared, old), undefined)
      assert.equal((await others.findTag(shared))?.displayName, 'Changed')
      assert.equal((await others.findPublication(shared))?.configRevision, 6)
    })

    it('takes neither another generation nor another number space for a tag it has', async () => {
      const { catalog } = stores
      const shared = sharedTag('fixed')
      await catalog.createTag(shared)
      const other = { ...shared, generation: 'f'.repeat(32), displayName: 'x' }
      const wider = { ...shared, space: { ...DEFAULT_SPACE, dcCount: 4 }, displayName: 'x' }
      await rejectsWith('IDGEN_SPACE_MISMATCH', catalog.importTag(other, 99))
      await rejectsWith('IDGEN_SPACE_MISMATCH', catalog.importTag(wider, 99))
      assert.equal((await catalog.findTag(shared))?.displayName, 'Tag fixed')
    })

    it('never shifts an agreed number space, and never uses a generation again', async () => {
      const { catalog } = stores
      const shared = sharedTag('grave')
      await catalog.createTag(shared)
      await catalog.deleteTag(shared, undefined, { generation: shared.generation, atLeast: 5000 })
      assert.deepEqual(await catalog.findRemains(shared), {
        highWater: 5000,
        deletedGenerations: [shared.generation],
      })
      const low = { ...shared, generation: 'e'.repeat(32) }
      const again = { ...shared, space: { ...DEFAULT_SPACE, startAt: 9000 } }
      for (const tag of [low, again]) {
        await rejectsWith('IDGEN_SPACE_MISMATCH', catalog.importTag(tag, 99))
        await rejectsWith('IDGEN_SPACE_MISMATCH', catalog.createTag(tag))
      }
      const high = { ...low, space: { ...DEFAULT_SPACE, startAt: 5000 } }
      assert.equal((await catalog.createTag(high)).space.startAt, 5000)
      assert.equal((await catalog.findRemains(shared)).highWater, 5000)
    })

    it('numbers a tag by its generation: no database, restored or not, gives its number to another', async () => {
      const { catalog } = stores
      const shared = sharedTag('number')
      const made = await catalog.importTag(shared, 1)
      assert.equal(made?.after.id, tagIdOf(shared.generation))
      const { generation: _none, ...unshared } = sharedTag('number2')
      const own = await catalog.createTag(unshared)
      assert.equal(own.id, tagIdOf(own.generation))
    })

    it('deletes no other generation than the one that is meant', async () => {
      const { catalog } = stores
      const shared = sharedTag('meant')
      await catalog.createTag(shared)
      const grave = { generation: 'd'.repeat(32), atLeast: 0 }
      await rejectsWith('IDGEN_TAG_NOT_FOUND', catalog.deleteTag(shared, undefined, grave))
      assert.ok((await catalog.findTag(shared)) !== undefined)
    })

    it('remembers the newest revision only, and tells no follower of it', async () => {
      const { catalog, others } = stores
      const tag = await catalog.createTag(sharedTag('marked'))
      const { revision, history } = await catalog.changesSince(0)
      await Promise.all([catalog.markPublished(tag, 30), others.markPublished(tag, 20)])
      await catalog.markPublished(tag, 10)
      assert.equal((await catalog.findPublication(sharedTag('marked')))?.configRevision, 30)
      assert.deepEqual(await catalog.changesSince(revision), { revision, history, tagPaths: [], keyIds: [] })
    })

    it('marks no tag of another generation, which a restored database may have given the id to', async () => {
      const { catalog } = stores
      const tag = await catalog.createTag(sharedTag('another'))
      await catalog.markPublished({ ...tag, generation: 'd'.repeat(32) }, 30)
      assert.equal((await catalog.findPublication(tag))?.configRevision, 0)
    })

    it('walks all live tags in the order of their ids', async () => {
      const { catalog } = stores
      await catalog.createTag(sharedTag('walk1'))
      const gone = await catalog.createTag(sharedTag('walk2'))
      await catalog.createTag(sharedTag('walk3'))
      await catalog.deleteTag(gone, undefined)
      const whole = await catalog.listPublications(0, 1000)
      const paged: number[] = []
      for (let after = 0, pages = 0; pages < 100; pages += 1) {
        const page = await catalog.listPublications(after, 2)
        paged.push(...page.map(({ tag }) => tag.id))
        if (page.length < 2) break
        after = page.at(-1)?.tag.id ?? after
      }
      assert.deepEqual(
        paged,
        whole.map(({ tag }) => tag.id),
      )
      assert.deepEqual(
        paged,
        paged.toSorted((a, b) => a - b),
      )
      const names = whole.map(({ tag }) => tag.name)
      assert.ok(names.includes('walk1') && names.includes('walk3') && !names.includes('walk2'))
    })

    it('walks the names of deleted tags in the order of their bytes, each with the highest of its numbers', async () => {
      const { catalog, others } = stores
      const names = ['graves', 'graves-b', 'graves.a', 'graves0']
      for (const [i, name] of names.entries()) {
        const first = await catalog.createTag(sharedTag(name))
        await catalog.deleteTag(first, undefined, { generation: first.generation, atLeast: 1000 + i })
        const second = { ...sharedTag(name), generation: `cd${first.generation.slice(2)}` }
        await catalog.createTag({ ...second, space: { ...DEFAULT_SPACE, startAt: 2000 } })
        await catalog.deleteTag(first, undefined)
      }
      const seen: string[] = []
      for (let after = 'base/g/graves'; ; ) {
        const page = await others.listGraves(after, 2)
        for (const { path, generation, highWater } of page)
          if (path.startsWith('base/g/graves')) {
            seen.push(path.slice('base/g/'.length))
            assert.deepEqual([generation.slice(0, 2), highWater], ['cd', 2000])
          }
        const last = page.at(-1)
        if (last === undefined || page.length < 2) break
        after = last.path
      }
      assert.deepEqual(seen, ['graves-b', 'graves.a', 'graves0'], 'those above the first')
    })

    it('has nothing to say of a name that was never used', async () => {
      assert.equal(await stores.catalog.findPublication(sharedTag('never')), undefined)
      assert.deepEqual(await stores.catalog.findRemains(sharedTag('never')), {
        highWater: 0,
        deletedGenerations: [],
      })
    })
  })
}

const PAGE = { after: undefined, limit: 100 }

function sharedTag(name: string): SharedTag {
  return {
    workspace: 'base',
    group: 'g',
    name,
    displayName: `Tag ${name}`,
    // Of its own for every name, and not of the form that the memory store makes.
    generation: `ab${Buffer.from(name).toString('hex')}`.padEnd(32, '7'),
    chain: ['segment', 'snowflake', 'uuid-v7'],
    step: DEFAULT_STEP,
    space: DEFAULT_SPACE,
  }
}
