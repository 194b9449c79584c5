import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { IdgenError } from '../../service/core/errors.ts'
import type { ApiKey, ApiKeyStore, NewSecret } from '../../service/ports/api-key-store.ts'
import type { CatalogStore } from '../../service/ports/catalog-store.ts'
import { rejectsWith } from './rejects-with.ts'

export interface ApiKeyStores {
  readonly keys: ApiKeyStore
  readonly catalog: CatalogStore
  close(): Promise<void>
}

/** What every ApiKeyStore must do, run by the memory one and by the real one. */
export function apiKeyStoreContract(name: string, make: () => Promise<ApiKeyStores>): void {
  describe(`${name} keeps the contract of ApiKeyStore`, () => {
    let stores: ApiKeyStores

    before(async () => {
      stores = await make()
    })
    after(() => stores?.close())

    it('keeps a key as it was made', async () => {
      const key = newKey('aaaaaaaaaaaa')
      await stores.keys.create(key)
      assert.deepEqual(await stores.keys.find(key.id), key)
      const limited = { ...newKey('bbbbbbbbbbbb'), expiresAt: new Date(86_400_000), within: 'w/g' }
      await stores.keys.create(limited)
      assert.deepEqual(await stores.keys.find(limited.id), limited)
      assert.equal(await stores.keys.find('none'), undefined)
    })

    it('refuses an id that is taken and leaves the first key as it was', async () => {
      const key = newKey('cccccccccccc')
      await stores.keys.create(key)
      await rejectsWith('IDGEN_ALREADY_EXISTS', stores.keys.create({ ...key, name: 'other' }))
      assert.equal((await stores.keys.find(key.id))?.name, key.name)
    })

    it('puts a key under its id: new, in place of another, or as it is already', async () => {
      const allow = (): void => {}
      const key = newKey('cdcdcdcdcdcd')
      assert.deepEqual(await stores.keys.put(key, () => assert.fail('nothing was there')), {
        key,
        outcome: 'created',
      })
      const { revision } = await stores.catalog.changesSince(0)
      const later = { ...key, createdAt: new Date(key.createdAt.getTime() + 1000) }
      assert.deepEqual(await stores.keys.put(later, allow), { key, outcome: 'same' })
      const { id, name, ...rest } = key
      assert.equal((await stores.keys.put({ ...rest, name, id }, allow)).outcome, 'same', 'in any order')
      assert.deepEqual((await stores.catalog.changesSince(revision)).keyIds, [])
      const hash = new Uint8Array(32).fill(7)
      const next = {
        ...key,
        hash,
        name: 'next',
        scopes: ['issue'],
        within: 'w',
        expiresAt: new Date(1),
      } as const
      const seen: ApiKey[] = []
      const put = await stores.keys.put({ ...next, createdAt: later.createdAt }, (existing) =>
        seen.push(existing),
      )
      assert.deepEqual([put, seen], [{ key: next, outcome: 'replaced' }, [key]])
      assert.deepEqual(await stores.keys.find(key.id), next)
      assert.deepEqual((await stores.catalog.changesSince(revision)).keyIds, [key.id])
      const forbidden = new IdgenError('IDGEN_FORBIDDEN', 'not yours')
      const refuse = (): never => {
        throw forbidden
      }
      await rejectsWith('IDGEN_FORBIDDEN', stores.keys.put(key, refuse))
      await stores.keys.revoke(key.id, new Date(1000))
      await rejectsWith('IDGEN_KEY_REVOKED', stores.keys.put(next, allow))
      assert.equal((await stores.keys.find(key.id))?.name, 'next')
    })

    it('revokes once: the first time stands', async () => {
      await stores.keys.create(newKey('dddddddddddd'))
      const first = await stores.keys.revoke('dddddddddddd', new Date(1000))
      const second = await stores.keys.revoke('dddddddddddd', new Date(2000))
      assert.deepEqual([first.revokedAt, second.revokedAt], [new Date(1000), new Date(1000)])
      assert.deepEqual((await stores.keys.find('dddddddddddd'))?.revokedAt, new Date(1000))
      await rejectsWith('IDGEN_KEY_NOT_FOUND', stores.keys.revoke('none', new Date()))
    })

    it('lists all keys by id, revoked ones included', async () => {
      const ids = ['e1e1e1e1e1e1', 'e2e2e2e2e2e2', 'e3e3e3e3e3e3']
      for (const id of ids.toReversed()) await stores.keys.create(newKey(id))
      await stores.keys.revoke('e2e2e2e2e2e2', new Date())
      const first = await stores.keys.list({ after: 'e', limit: 2 }, '')
      assert.deepEqual(
        first.items.map(({ id }) => id),
        ids.slice(0, 2),
      )
      const rest = await stores.keys.list({ after: first.next, limit: 2 }, '')
      assert.deepEqual(
        rest.items.map(({ id }) => id),
        ids.slice(2),
      )
      assert.equal(rest.next, undefined)
    })

    it('lists what is limited to a part of the catalogue or to less', async () => {
      const places = {
        g1g1g1g1g1g1: '',
        g2g2g2g2g2g2: 'w',
        g3g3g3g3g3g3: 'w/g',
        g4g4g4g4g4g4: 'w/g/t',
        g5g5g5g5g5g5: 'w/g2',
      }
      for (const [id, within] of Object.entries(places)) await stores.keys.create({ ...newKey(id), within })
      const listed = async (within: string, limit: number) =>
        (await stores.keys.list({ after: 'g', limit }, within)).items.map(({ id }) => id.slice(0, 2))
      assert.deepEqual(await listed('w', 4), ['g2', 'g3', 'g4', 'g5'])
      assert.deepEqual(await listed('w/g', 2), ['g3', 'g4'])
      assert.deepEqual(await listed('w/g/t', 1), ['g4'])
      assert.deepEqual(await listed('w/%', 10), [])
      const page = await stores.keys.list({ after: 'g2g2g2g2g2g2', limit: 1 }, 'w')
      assert.deepEqual([page.items[0]?.id, page.next], ['g3g3g3g3g3g3', 'g3g3g3g3g3g3'])
    })

    it('lists what has a text in its name, id or place, and what is valid at a time', async () => {
      const at = (ms: number): Date => new Date(ms)
      const keys: Readonly<Record<string, Partial<ApiKey>>> = {
        h1h1h1h1h1h1: { name: 'Billing of the SHOP' },
        h2h2h2h2h2h2: { within: 'shop/ids', expiresAt: at(5000) },
        h3h3h3h3h3h3: { within: 'shop/ids/orders', expiresAt: at(5001) },
        h4h4h4h4h4h4: { name: '100 % of_it ÜBER Straße' },
      }
      for (const [id, more] of Object.entries(keys)) await stores.keys.create({ ...newKey(id), ...more })
      await stores.keys.revoke('h1h1h1h1h1h1', at(9000))
      const listed = async (
        more: { readonly text?: string; readonly validAt?: Date },
        within = '',
      ): Promise<string[]> => {
        const { items } = await stores.keys.list({ after: 'h', limit: 4, ...more }, within)
        return items.map(({ id }) => id.slice(0, 2)).filter((id) => id.startsWith('h'))
      }
      assert.deepEqual(await listed({ text: 'shop' }), ['h1', 'h2', 'h3'])
      assert.deepEqual(await listed({ text: 'BILLING of' }), ['h1'])
      assert.deepEqual(await listed({ text: 'IT ÜBER' }), ['h4'])
      assert.deepEqual(await listed({ text: '4h4h' }), ['h4'])
      assert.deepEqual(await listed({ text: '% of_' }), ['h4'])
      assert.deepEqual(await listed({ text: '%' }), ['h4'])
      assert.deepEqual(await listed({ text: '' }), ['h1', 'h2', 'h3', 'h4'])
      assert.deepEqual(await listed({ text: 'h' }, 'shop/ids'), ['h2', 'h3'])
      assert.deepEqual(await listed({ validAt: at(5000) }), ['h3', 'h4'], 'revoked is over, whenever it was')
      assert.deepEqual(await listed({ validAt: at(4999), text: 'shop' }), ['h2', 'h3'])
      const page = await stores.keys.list({ after: 'h', limit: 1, validAt: at(0), text: 'shop' }, '')
      assert.deepEqual([page.items[0]?.id, page.next], ['h2h2h2h2h2h2', 'h2h2h2h2h2h2'])
    })

    it('keeps the secret before a rotation beside the new one, and no older one', async () => {
      const key = newKey('rararararara')
      await stores.keys.create(key)
      const { revision } = await stores.catalog.changesSince(0)
      const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
      const rotated = { ...key, hash: first, previous: { hash: key.hash, until: new Date(5000) } }
      const seen: ApiKey[] = []
      const rotation = stores.keys.rotate(key.id, secretOf(first, 5000), (existing) => seen.push(existing))
      assert.deepEqual([await rotation, seen], [rotated, [key]])
      assert.deepEqual(await stores.keys.find(key.id), rotated)
      assert.deepEqual((await stores.catalog.changesSince(revision)).keyIds, [key.id])
      const again = { ...key, hash: second, previous: { hash: first, until: new Date(6000) } }
      await stores.keys.rotate(key.id, secretOf(second, 6000), () => {})
      assert.deepEqual(await stores.keys.find(key.id), again)
      assert.equal((await stores.keys.put(again, () => {})).outcome, 'same')
      const { previous: _, ...alone } = again
      assert.equal((await stores.keys.put(alone, () => {})).outcome, 'replaced')
      assert.deepEqual(await stores.keys.find(key.id), alone)
    })

    it('ends the newest secret of two where it is told so, and keeps the one before', async () => {
      const key = newKey('rcrcrcrcrcrc')
      await stores.keys.create(key)
      const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
      await stores.keys.rotate(key.id, secretOf(first, 5000), () => {})
      await stores.keys.rotate(key.id, { ...secretOf(second, 6000), ends: 'newest' }, () => {})
      const rotated = { ...key, hash: second, previous: { hash: key.hash, until: new Date(6000) } }
      assert.deepEqual(await stores.keys.find(key.id), rotated)
    })

    it('rotates no key that is gone, revoked or somebody else’s', async () => {
      const key = newKey('rbrbrbrbrbrb')
      await stores.keys.create(key)
      const rotate = (id: string, mayRotate = (): void => {}) =>
        stores.keys.rotate(id, secretOf(new Uint8Array(32), 1), mayRotate)
      await rejectsWith('IDGEN_KEY_NOT_FOUND', rotate('none'))
      const refuse = (): never => {
        throw new IdgenError('IDGEN_FORBIDDEN', 'not yours')
      }
      await rejectsWith('IDGEN_FORBIDDEN', rotate(key.id, refuse))
      assert.deepEqual(await stores.keys.find(key.id), key)
      await stores.keys.revoke(key.id, new Date(1000))
      await rejectsWith('IDGEN_KEY_REVOKED', rotate(key.id))
    })

    it('tells followers of the catalogue which keys changed', async () => {
      const { revision } = await stores.catalog.changesSince(0)
      await stores.keys.create(newKey('ffffffffffff'))
      const created = await stores.catalog.changesSince(revision)
      assert.deepEqual(created.keyIds, ['ffffffffffff'])
      await stores.keys.revoke('ffffffffffff', new Date())
      assert.deepEqual((await stores.catalog.changesSince(created.revision)).keyIds, ['ffffffffffff'])
    })
  })
}

function newKey(id: string): ApiKey {
  return {
    id,
    name: `key ${id}`,
    hash: new Uint8Array(32).fill(id.charCodeAt(0)),
    scopes: ['issue', 'manage'],
    within: '',
    createdAt: new Date(Date.UTC(2026, 0, 2)),
    expiresAt: undefined,
    revokedAt: undefined,
  }
}

function secretOf(hash: Uint8Array, untilMs: number): NewSecret {
  return { hash, previousUntil: new Date(untilMs), ends: 'oldest' }
}
