import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ApiKey, ApiKeyStore } from '../../service/ports/api-key-store.ts'
import type { KeyNews } from '../../service/ports/key-news.ts'

export interface KeyNewsStores {
  readonly keys: ApiKeyStore
  readonly news: KeyNews
  close(): Promise<void>
}

/** What every KeyNews must do, run by the memory one and by the real one. */
export function keyNewsContract(name: string, make: () => Promise<KeyNewsStores>): void {
  describe(`${name} keeps the contract of KeyNews`, () => {
    let stores: KeyNewsStores

    before(async () => {
      stores = await make()
    })
    after(() => stores?.close())

    it('tells every change of a key, in the order of revisions, and nothing after it was disposed', async () => {
      const { keys, news } = stores
      const told: { readonly id: string; readonly revision: number }[] = []
      let all = 0
      const following = news.follow({
        onKey: (id, revision) => void told.push({ id, revision }),
        onAll: () => void (all += 1),
      })
      await until(() => news.fault() === undefined)
      assert.equal(all, 1, 'from here on everything is told')
      await keys.create(sample('aaaaaaaaaaaa'))
      const secret = {
        hash: new Uint8Array(32).fill(2),
        previousUntil: new Date(1),
        ends: 'oldest' as const,
      }
      await keys.rotate('aaaaaaaaaaaa', secret, () => {})
      await keys.put(sample('bbbbbbbbbbbb'), () => {})
      await keys.revoke('aaaaaaaaaaaa', new Date(0))
      await until(() => told.length >= 4)
      assert.deepEqual(
        told.map(({ id }) => id[0]),
        ['a', 'a', 'b', 'a'],
      )
      const revisions = told.map(({ revision }) => revision)
      assert.deepEqual(
        revisions,
        [...new Set(revisions)].sort((a, b) => a - b),
      )
      following[Symbol.dispose]()
      await keys.revoke('bbbbbbbbbbbb', new Date(0))
      assert.equal(told.length, 4)
    })
  })
}

function sample(id: string): ApiKey {
  const hash = new Uint8Array(32).fill(1)
  const createdAt = new Date(0)
  return {
    id,
    name: id,
    hash,
    scopes: ['issue'],
    within: '',
    createdAt,
    expiresAt: undefined,
    revokedAt: undefined,
  }
}

async function until(holds: () => boolean): Promise<void> {
  const endMs = performance.now() + 30_000
  while (!holds()) {
    assert.ok(performance.now() < endMs, 'not within 30 s')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
