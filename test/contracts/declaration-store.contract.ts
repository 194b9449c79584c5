import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Declaration, WantedDeclaration } from '../../service/core/declaration.ts'
import { DEFAULT_SPACE, DEFAULT_STEP, type Tag } from '../../service/core/tag.ts'
import type { CatalogStore, NewTag } from '../../service/ports/catalog-store.ts'
import type { DeclarationStore } from '../../service/ports/declaration-store.ts'
import type { SegmentStore } from '../../service/ports/segment-store.ts'
import { rejectsWith } from './rejects-with.ts'

export interface DeclarationStores {
  readonly catalog: CatalogStore
  /** Two processes on the same data. */
  readonly declarations: DeclarationStore
  readonly others: DeclarationStore
  readonly segments: SegmentStore
  close(): Promise<void>
}

/** What every DeclarationStore must do, and what a CatalogStore does for declared tags. */
export function declarationStoreContract(name: string, make: () => Promise<DeclarationStores>): void {
  describe(`${name} keeps the contract of DeclarationStore`, () => {
    let stores: DeclarationStores
    let catalog: CatalogStore
    let declarations: DeclarationStore

    const made = (tag: string): Promise<Tag> => catalog.createTag(newTag(tag))
    const declared = (tag: Tag, wanted: WantedDeclaration) =>
      declarations.declare(tag, tag.generation, wanted, undefined)

    before(async () => {
      stores = await make()
      catalog = stores.catalog
      declarations = stores.declarations
      await catalog.createWorkspace('base', '')
      await catalog.createGroup('base', 'g', '')
    })
    after(() => stores?.close())

    it('finds a tag with who declares it and how far it got', async () => {
      const tag = await made('found')
      assert.equal(await declarations.find(newTag('none')), undefined)
      assert.deepEqual(await declarations.find(tag), { tag, declaration: undefined, places: [] })
      await stores.segments.initialise(tag.id, 3)
      await stores.segments.allocate(tag.id, 0, 10)
      const declaration = declarationOf('found')
      const change = { ...declaration, takeOverFrom: 'nobody' }
      assert.deepEqual(await declared(tag, change), {
        before: tag,
        after: tag,
        declaredBefore: undefined,
        endedKeys: [],
      })
      assert.deepEqual(await stores.others.find(tag), {
        tag,
        declaration,
        places: [
          { dc: 0, cell: 0, nextValue: 11 },
          { dc: 3, cell: 3, nextValue: 1 + 3 * 2 ** 32 },
        ],
      })
    })

    it('records the declaration and changes the tag together, and tells followers of it', async () => {
      const tag = await made('changed')
      const { revision } = await catalog.changesSince(0)
      const step = { base: 5, min: 2, max: 9 }
      const wanted = declarationOf('changed')
      const change = { displayName: 'New', step }
      const { after } = await declarations.declare(tag, tag.generation, wanted, change)
      assert.deepEqual(
        { ...after, updatedAt: tag.updatedAt },
        { ...tag, displayName: 'New', step, version: 2 },
      )
      assert.deepEqual(await catalog.findTag(tag), after)
      assert.deepEqual((await catalog.changesSince(revision)).tagPaths, ['base/g/changed'])
    })

    it('changes nothing for one who speaks too late, or is another one', async () => {
      const tag = await made('settled')
      await declared(tag, { ...declarationOf('settled'), generation: 5 })
      const late = { ...declarationOf('settled'), generation: 4 }
      const change = { displayName: 'late' }
      const { generation } = tag
      await rejectsWith('IDGEN_DECLARATION_STALE', declarations.declare(tag, generation, late, change))
      const other = declarationOf('other')
      await rejectsWith('IDGEN_TAG_CLAIMED', declarations.declare(tag, generation, other, change))
      const gone = '0'.repeat(32)
      await rejectsWith('IDGEN_TAG_NOT_FOUND', declarations.declare(tag, gone, late, change))
      assert.deepEqual(await catalog.findTag(tag), tag)
      assert.equal((await declarations.find(tag))?.declaration?.generation, 5)
      await declared(tag, { ...other, takeOverFrom: 'uid of settled' })
      assert.deepEqual((await declarations.find(tag))?.declaration, other)
    })

    it('lets one of two objects that want a tag at the same time have it', async () => {
      const tag = await made('race')
      const wanted = ['race one', 'race two', 'race three', 'race four'].map((one) => declarationOf(one))
      const outcomes = await Promise.allSettled(
        wanted.map((one, at) =>
          (at % 2 ? declarations : stores.others).declare(tag, tag.generation, one, undefined),
        ),
      )
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
      const won = outcomes.findIndex(({ status }) => status === 'fulfilled')
      assert.deepEqual((await declarations.find(tag))?.declaration, wanted[won])
    })

    it('lets nobody else change or delete a declared tag', async () => {
      const declaration = declarationOf('guarded')
      const tag = await catalog.createTag(newTag('guarded'), declaration)
      assert.deepEqual((await declarations.find(tag))?.declaration, declaration)
      await rejectsWith('IDGEN_TAG_DECLARED', catalog.updateTag(tag, { displayName: 'x' }, undefined))
      await rejectsWith('IDGEN_TAG_DECLARED', catalog.deleteTag(tag, undefined))
      await rejectsWith('IDGEN_TAG_CLAIMED', catalog.deleteTag(tag, undefined, undefined, 'uid of other'))
      assert.deepEqual(await catalog.findTag(tag), tag)
      assert.deepEqual((await catalog.findPublication(tag))?.declaration, declaration)
      const publications = await catalog.listPublications(tag.id - 1, 1)
      assert.deepEqual(publications[0]?.declaration, declaration)
      // What another database says of its settings counts as before.
      const { generation, displayName, chain, step, space } = tag
      const shared = { ...newTag('guarded'), generation, displayName, chain, step, space }
      const imported = await catalog.importTag({ ...shared, displayName: 'theirs' }, 7)
      assert.equal(imported?.after.displayName, 'theirs')
      await catalog.deleteTag(tag, undefined, undefined, declaration.owner.uid)
      assert.equal(await catalog.findTag(tag), undefined)
    })

    it('lets nobody begin to declare a tag whose deletion was begun, and delete one that is declared', async () => {
      const declaration = declarationOf('late')
      const tag = await made('begun')
      assert.equal((await catalog.findPublication(tag))?.deleting, false)
      await rejectsWith('IDGEN_VERSION_MISMATCH', catalog.beginDeletion(tag, 7))
      await rejectsWith('IDGEN_DECLARATION_STALE', catalog.beginDeletion(tag, undefined, 'uid of late'))
      await rejectsWith('IDGEN_TAG_NOT_FOUND', catalog.beginDeletion(newTag('none'), undefined))
      for (const ifVersion of [1, undefined])
        assert.deepEqual(await catalog.beginDeletion(tag, ifVersion), tag)
      await rejectsWith('IDGEN_TAG_NOT_FOUND', declared(tag, declaration))
      assert.equal((await catalog.findPublication(tag))?.deleting, true)
      assert.equal((await catalog.listPublications(tag.id - 1, 1))[0]?.deleting, true)
      await catalog.deleteTag(tag, undefined, { generation: tag.generation, atLeast: 70 })
      const again = await catalog.createTag(newTag('begun'), declaration)
      assert.equal(again.space.startAt, 70)
      await rejectsWith('IDGEN_TAG_DECLARED', catalog.beginDeletion(again, undefined))
      await rejectsWith('IDGEN_TAG_CLAIMED', catalog.beginDeletion(again, undefined, 'uid of other'))
      assert.equal((await catalog.findPublication(again))?.deleting, false)
    })

    it('ends the declaration of the object that began the deletion, whoever carries it to its end', async () => {
      const declaration = declarationOf('begins')
      const tag = await catalog.createTag(newTag('begins'), declaration)
      await catalog.beginDeletion(tag, undefined, declaration.owner.uid)
      const newer = { ...declarationOf('newer'), takeOverFrom: declaration.owner.uid }
      await rejectsWith('IDGEN_TAG_NOT_FOUND', declared(tag, newer))
      assert.deepEqual((await declarations.find(tag))?.declaration, declaration, 'in force to the end')
      await catalog.deleteTag(tag, undefined, { generation: tag.generation, atLeast: 0 })
      assert.equal(await stores.others.isOver(declaration.owner.uid), true)
    })

    it('lets either the deletion or the declaration of a tag begin, never both', async () => {
      for (let round = 0; round < 20; round += 1) {
        const tag = await made(`either-${round}`)
        const wanted = declarationOf(`either-${round}`)
        const begin = () => catalog.beginDeletion(tag, undefined)
        const adopt = () => stores.others.declare(tag, tag.generation, wanted, undefined)
        const calls: (() => Promise<unknown>)[] = round % 2 === 0 ? [begin, adopt] : [adopt, begin]
        const outcomes = await Promise.allSettled(calls.map((call) => call()))
        assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
        const found = await catalog.findPublication(tag)
        assert.equal(found?.deleting, found?.declaration === undefined)
      }
    })

    it('brings nothing back for an object whose tag was deleted with it', async () => {
      const declaration = declarationOf('purged')
      const tag = await catalog.createTag(newTag('purged'), declaration)
      const grave = { generation: tag.generation, atLeast: 500 }
      await catalog.deleteTag(tag, undefined, grave, declaration.owner.uid)
      assert.equal(await declarations.isOver(declaration.owner.uid), true)
      await rejectsWith('IDGEN_DECLARATION_STALE', catalog.createTag(newTag('purged'), declaration))
      assert.equal(await catalog.findTag(tag), undefined)
      const again = await made('purged')
      assert.equal(again.space.startAt, 500)
      await rejectsWith('IDGEN_DECLARATION_STALE', declared(again, declaration))
    })

    it('takes the object again whose tag another data centre deleted', async () => {
      const declaration = declarationOf('elsewhere')
      const tag = await catalog.createTag(newTag('elsewhere'), declaration)
      await catalog.deleteTag(tag, undefined, { generation: tag.generation, atLeast: 0 })
      const again = await catalog.createTag(newTag('elsewhere'), declaration)
      assert.deepEqual((await declarations.find(again))?.declaration, declaration)
    })

    it('gives a declaration up once and for all, and keeps the tag', async () => {
      const declaration = declarationOf('released')
      const tag = await catalog.createTag(newTag('released'), declaration)
      await rejectsWith('IDGEN_TAG_CLAIMED', declarations.release(tag, 'uid of other'))
      assert.equal(await declarations.release(newTag('none'), 'uid of other'), undefined)
      const released = await declarations.release(tag, declaration.owner.uid)
      assert.deepEqual(released, { declaration, endedKeys: [] })
      assert.equal(await declarations.release(tag, declaration.owner.uid), undefined)
      assert.deepEqual(await stores.others.find(tag), { tag, declaration: undefined, places: [] })
      await rejectsWith('IDGEN_DECLARATION_STALE', declared(tag, declaration))
      assert.equal((await catalog.updateTag(tag, { displayName: 'free' }, undefined)).displayName, 'free')
      await declared(tag, declarationOf('next'))
      await rejectsWith('IDGEN_TAG_CLAIMED', declarations.release(tag, declaration.owner.uid))
    })

    it('brings nothing back for one who gave a tag up, however many declared it since', async () => {
      const [first, second] = [declarationOf('hands one'), declarationOf('hands two')]
      const tag = await catalog.createTag(newTag('hands'), first)
      await declarations.release(tag, first.owner.uid)
      await declared(tag, second)
      await declarations.release(tag, second.owner.uid)
      await declared(tag, declarationOf('hands three'))
      await declarations.release(tag, 'uid of hands three')
      for (const late of [first, second]) {
        assert.equal(await stores.others.isOver(late.owner.uid), true)
        await rejectsWith('IDGEN_DECLARATION_STALE', declared(tag, late))
      }
      await declarations.forget(tag)
      await declared(tag, first)
    })

    it('takes no declaration of an object that went before it was declared', async () => {
      const early = declarationOf('early')
      await declarations.end(early.owner.uid)
      await declarations.end(early.owner.uid)
      assert.equal(await stores.others.isOver(early.owner.uid), true)
      await rejectsWith('IDGEN_DECLARATION_STALE', catalog.createTag(newTag('early'), early))
      assert.equal(await catalog.findTag(newTag('early')), undefined)
      const tag = await made('early')
      await rejectsWith('IDGEN_DECLARATION_STALE', declared(tag, early))
    })

    it('forgets on demand that anybody declared a tag', async () => {
      const declaration = { ...declarationOf('forgotten'), generation: 9 }
      const tag = await catalog.createTag(newTag('forgotten'), declaration)
      assert.deepEqual(await declarations.forget(tag), { declaration, validKeys: [] })
      await declared(tag, { ...declaration, generation: 2 })
      await declarations.release(tag, declaration.owner.uid)
      assert.equal((await declarations.forget(tag)).declaration, undefined)
      await declared(tag, declaration)
      assert.deepEqual((await declarations.find(tag))?.declaration, declaration)
      await rejectsWith('IDGEN_TAG_NOT_FOUND', declarations.forget(newTag('none')))
    })

    it('lists declared tags by path, of one cluster or of all, page by page', async () => {
      const names = ['l1', 'l2', 'l2-b', 'l3', 'l4']
      for (const tag of names.toReversed())
        await catalog.createTag(newTag(tag), declarationOf(tag, tag === 'l3' ? 'second' : 'first'))
      await made('l5')
      const walk = async (cluster: string | undefined, limit: number): Promise<string[]> => {
        const found: string[] = []
        for (let after: string | undefined = 'base/g/l'; after !== undefined; ) {
          const { items, next } = await declarations.list(cluster, { after, limit })
          assert.ok(items.length <= limit && found.length < 100)
          found.push(...items.map(({ tag }) => tag.name))
          after = next
        }
        return found.filter((tag) => tag.startsWith('l'))
      }
      for (const limit of [1, 2, 100])
        assert.deepEqual(await walk('first', limit), ['l1', 'l2', 'l2-b', 'l4'])
      assert.deepEqual(await walk('second', 10), ['l3'])
      assert.deepEqual(await walk(undefined, 10), names)
      const page = await declarations.list(undefined, { after: 'base/g/l0', limit: 1 })
      assert.deepEqual(page.items[0], await declarations.find(newTag('l1')))
    })

    it('remembers grants whose numbers were returned, and no others', async () => {
      const tag = await made('remembered')
      const grant = await stores.segments.allocate(tag.id, 0, 100)
      assert.equal(await stores.segments.giveBack(tag.id, 0, { ...grant, lo: grant.lo + 1 }), true)
      assert.equal(await declarations.remembersGrant(tag.id, 0, grant.hi), true)
      assert.equal(await declarations.remembersGrant(tag.id, 0, grant.hi + 1), false)
      assert.equal(await declarations.remembersGrant(tag.id, 1, grant.hi), false)
    })
  })
}

function newTag(name: string): NewTag {
  const chain = ['segment', 'snowflake'] as const
  return {
    workspace: 'base',
    group: 'g',
    name,
    displayName: '',
    chain,
    step: DEFAULT_STEP,
    space: DEFAULT_SPACE,
  }
}

function declarationOf(name: string, cluster = 'cluster'): Declaration {
  const createdAt = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
  return { owner: { cluster, namespace: 'ns', name, uid: `uid of ${name}`, createdAt }, generation: 1 }
}
