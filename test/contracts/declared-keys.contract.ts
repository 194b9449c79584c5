import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Declaration } from '../../service/core/declaration.ts'
import { DEFAULT_SPACE, DEFAULT_STEP, type Tag } from '../../service/core/tag.ts'
import type { ApiKey, ApiKeyStore } from '../../service/ports/api-key-store.ts'
import type { CatalogStore, NewTag } from '../../service/ports/catalog-store.ts'
import type { DeclarationStore } from '../../service/ports/declaration-store.ts'
import { rejectsWith } from './rejects-with.ts'

export interface DeclaredKeyStores {
  readonly catalog: CatalogStore
  readonly declarations: DeclarationStore
  readonly keys: ApiKeyStore
  close(): Promise<void>
}

/** Keys that are made for the object that declares a tag: what the three stores must do together. */
export function declaredKeysContract(name: string, make: () => Promise<DeclaredKeyStores>): void {
  describe(`${name} ends the keys of an object with its declaration`, () => {
    let stores: DeclaredKeyStores
    let count = 0

    before(async () => {
      stores = await make()
      await stores.catalog.createWorkspace('base', '')
      await stores.catalog.createGroup('base', 'g', '')
    })
    after(() => stores?.close())

    const put = (key: ApiKey) => stores.keys.put(key, () => {})
    const newKey = (tag: string, declaredBy?: string): ApiKey => ({
      id: `k${String((count += 1)).padStart(11, '0')}`,
      name: 'key',
      hash: new Uint8Array(32).fill(count),
      scopes: ['issue'],
      within: `base/g/${tag}`,
      createdAt: new Date(Date.UTC(2026, 0, 2)),
      expiresAt: undefined,
      revokedAt: undefined,
      ...(declaredBy === undefined ? {} : { declaredBy }),
    })
    /** A tag with a declaration, a key of its object, and one that a person made. */
    const declared = async (tag: string) => {
      const declaration = declarationOf(`one of ${tag}`)
      const made = await stores.catalog.createTag(newTag(tag), declaration)
      const [own, other] = [newKey(tag, declaration.owner.uid), newKey(tag)]
      for (const key of [own, other]) assert.deepEqual((await put(key)).key, key)
      const { revision } = await stores.catalog.changesSince(0)
      const check = async (ended: boolean): Promise<void> => {
        assert.equal((await stores.keys.find(own.id))?.revokedAt !== undefined, ended)
        assert.deepEqual(await stores.keys.find(other.id), other)
        assert.deepEqual((await stores.catalog.changesSince(revision)).keyIds, ended ? [own.id] : [])
      }
      return { made, declaration, uid: declaration.owner.uid, own, check }
    }
    const declare = (tag: Tag, wanted: Declaration, takeOverFrom?: string) =>
      stores.declarations.declare(tag, tag.generation, { ...wanted, takeOverFrom }, undefined)

    it('takes a key only for the object that declares the tag now', async () => {
      const { own, uid, made } = await declared('taken')
      assert.deepEqual(await stores.keys.find(own.id), own)
      assert.equal((await put(own)).outcome, 'same')
      const { declaredBy: _, ...nobodys } = own
      assert.equal((await put(nobodys)).outcome, 'replaced')
      assert.equal((await put(own)).outcome, 'replaced')
      await rejectsWith('IDGEN_DECLARATION_STALE', put({ ...own, declaredBy: 'uid of another' }))
      for (const within of ['base/g/none', 'base/g', ''])
        await rejectsWith('IDGEN_DECLARATION_STALE', put({ ...newKey('', uid), within }))
      await stores.declarations.release(made, uid)
      await rejectsWith('IDGEN_DECLARATION_STALE', put(newKey('taken', uid)))
    })

    it('ends it when another object takes the tag over, and not while its own goes on', async () => {
      const { made, declaration, uid, own, check } = await declared('taken-over')
      await declare(made, { ...declaration, generation: 2 })
      await check(false)
      const next = declarationOf('two of taken-over')
      await rejectsWith('IDGEN_TAG_CLAIMED', declare(made, next))
      await check(false)
      assert.deepEqual((await declare(made, next, uid)).endedKeys, [own.id])
      await check(true)
      await rejectsWith('IDGEN_KEY_REVOKED', put(own))
    })

    it('ends it when the object gives the tag up', async () => {
      const { made, declaration, uid, own, check } = await declared('given-up')
      assert.deepEqual(await stores.declarations.release(made, uid), { declaration, endedKeys: [own.id] })
      await check(true)
    })

    it('ends it when the tag goes with its object, whoever carries the deletion to its end', async () => {
      for (const later of [false, true]) {
        const { made, uid, check } = await declared(`purged-${later}`)
        if (later) {
          await stores.catalog.beginDeletion(made, undefined, uid)
          await check(false)
          await stores.catalog.deleteTag(made, undefined, { generation: made.generation, atLeast: 0 })
        } else await stores.catalog.deleteTag(made, undefined, undefined, uid)
        await check(true)
      }
    })

    it('keeps it while its object is there, though another database deleted the tag', async () => {
      const { made, declaration, uid, own, check } = await declared('elsewhere')
      const grave = { generation: made.generation, atLeast: 0 }
      await stores.catalog.deleteTag(made, undefined, grave)
      await check(false)
      await rejectsWith('IDGEN_DECLARATION_STALE', put(own))
      const again = await stores.catalog.createTag(newTag('elsewhere'), declaration)
      await check(false)
      await stores.catalog.deleteTag(again, undefined, { ...grave, generation: again.generation })
      await stores.declarations.end(uid)
      await check(true)
    })

    it('ends it when another object makes the tag that another database deleted', async () => {
      const { made, check } = await declared('made-anew')
      await stores.catalog.deleteTag(made, undefined, { generation: made.generation, atLeast: 0 })
      await stores.catalog.createTag(newTag('made-anew'), declarationOf('two of made-anew'))
      await check(true)
    })

    it('keeps it where the declaration is forgotten, and names it', async () => {
      const { made, declaration, own, check } = await declared('forgotten')
      assert.deepEqual(await stores.declarations.forget(made), { declaration, validKeys: [own.id] })
      await check(false)
      await declare(made, declaration)
      await check(false)
      await stores.declarations.forget(made)
      assert.deepEqual((await declare(made, declarationOf('two of forgotten'))).endedKeys, [own.id])
      assert.deepEqual((await stores.declarations.forget(made)).validKeys, [])
      await check(true)
    })
  })
}

function newTag(name: string): NewTag {
  const chain = ['segment', 'snowflake'] as const
  const place = { workspace: 'base', group: 'g', name, displayName: '' }
  return { ...place, chain, step: DEFAULT_STEP, space: DEFAULT_SPACE }
}

function declarationOf(name: string): Declaration {
  const createdAt = new Date(Date.UTC(2026, 0, 2, 3, 4, 5))
  const owner = { cluster: 'cluster', namespace: 'ns', name, uid: `uid of ${name}`, createdAt }
  return { owner, generation: 1 }
}
