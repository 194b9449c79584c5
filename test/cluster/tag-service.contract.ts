import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Declaration, TagOwner, TagPath } from '../../operator/core/biz-tag-declaration.ts'
import { settingsDiffering } from '../../operator/core/tag-settings.ts'
import { type ServiceClient, ServiceError, type TagKey } from '../../operator/reconcile/service-client.ts'

export interface ContractService {
  readonly client: ServiceClient
  /** That many IDs of the tag are given out. */
  grant(path: TagPath, count: number): Promise<void>
  close(): Promise<void>
}

const NEVER = AbortSignal.any([])

/** What the BizTag controller relies on, run by the service in memory and by the real one. */
export function tagServiceContract(name: string, make: () => Promise<ContractService>): void {
  describe(`${name} keeps the contract of ServiceClient`, () => {
    let service: ContractService
    let client: ServiceClient
    let count = 0
    before(async () => {
      service = await make()
      client = service.client
    })
    after(() => service?.close())

    const newPath = (): TagPath => {
      count += 1
      return { workspace: 'w', group: 'g', tag: `t${String(count).padStart(4, '0')}` }
    }
    const owner = (uid: string, change: Partial<TagOwner> = {}): TagOwner => ({
      cluster: 'c1',
      namespace: 'ns',
      name: `n-${uid}`,
      uid,
      createdAt: '2026-01-01T00:00:00Z',
      ...change,
    })
    const declare = (path: TagPath, from: TagOwner, more: Partial<Declaration> = {}) =>
      client.declare(path, { owner: from, generation: 1, spec: {}, ...more }, NEVER)
    const uid = (): string => `uid-${(count += 1)}`

    it('makes a tag, and a repeat changes nothing', async () => {
      const path = newPath()
      assert.equal(await client.find(path, NEVER), undefined)
      const from = owner(uid())
      const first = await declare(path, from)
      assert.deepEqual([first.created, first.changed, first.advanced], [true, true, []])
      assert.deepEqual(first.path, path)
      assert.equal(first.owner?.uid, from.uid)
      assert.equal(first.chain[0], 'segment')
      assert.equal(first.datacenters[0]?.dc, 0)
      const second = await declare(path, from)
      assert.deepEqual([second.created, second.changed], [false, false])
      assert.equal(second.id, first.id)
      assert.deepEqual((await client.find(path, NEVER))?.owner?.uid, from.uid)
    })

    it('takes a higher generation, and refuses a lower one', async () => {
      const path = newPath()
      const from = owner(uid())
      await declare(path, from, { generation: 2 })
      await declare(path, from, { generation: 3, spec: { algorithm: 'snowflake' } })
      await refuses('IDGEN_DECLARATION_STALE', 412, declare(path, from, { generation: 2 }))
      assert.deepEqual((await client.find(path, NEVER))?.chain[0], 'snowflake')
    })

    it('keeps the tag of one object from another, unless the first is named as gone', async () => {
      const path = newPath()
      const [one, two] = [owner(uid()), owner(uid())]
      await declare(path, one)
      await refuses('IDGEN_TAG_CLAIMED', 409, declare(path, two))
      await refuses('IDGEN_TAG_CLAIMED', 409, declare(path, two, { takeOverFrom: 'somebody' }))
      const taken = await declare(path, two, { takeOverFrom: one.uid })
      assert.equal(taken.owner?.uid, two.uid)
      assert.equal(taken.created, false)
    })

    it('gives the tag to an object of the same name that is newer, and to none that is older', async () => {
      const path = newPath()
      const name = { name: 'same' }
      await declare(path, owner(uid(), { ...name, createdAt: '2026-01-02T00:00:00Z' }))
      await declare(path, owner(uid(), { ...name, createdAt: '2026-01-03T00:00:00Z' }))
      const late = owner(uid(), { ...name, createdAt: '2026-01-01T00:00:00Z' })
      await refuses('IDGEN_DECLARATION_STALE', 412, declare(path, late))
    })

    it('retain leaves the tag with its numbers, and who let go never comes back', async () => {
      const path = newPath()
      const from = owner(uid())
      const { id } = await declare(path, from)
      await service.grant(path, 500)
      await refuses('IDGEN_TAG_CLAIMED', 409, client.release(path, 'somebody', 'retain', NEVER))
      await client.release(path, from.uid, 'retain', NEVER)
      await client.release(path, from.uid, 'retain', NEVER)
      assert.equal((await client.find(path, NEVER))?.owner, undefined)
      await refuses('IDGEN_DECLARATION_STALE', 412, declare(path, from))
      const next = await declare(path, owner(uid()))
      assert.equal(next.id, id)
      assert.ok(Number(next.datacenters[0]?.highWater) > 500)
    })

    it('purge deletes the tag, and made again it goes on above', async () => {
      const path = newPath()
      const from = owner(uid())
      const { id } = await declare(path, from)
      await service.grant(path, 500)
      await client.release(path, from.uid, 'purge', NEVER)
      await client.release(path, from.uid, 'purge', NEVER)
      assert.equal(await client.find(path, NEVER), undefined)
      const next = await declare(path, owner(uid()))
      assert.notEqual(next.id, id)
      assert.ok(next.created)
      assert.ok(Number(next.datacenters[0]?.highWater) > 500)
    })

    it('lifts a data centre that is behind what was seen', async () => {
      const path = newPath()
      const from = owner(uid())
      await declare(path, from)
      const lifted = await declare(path, from, { floors: { 0: '123456' } })
      assert.deepEqual(lifted.advanced, [0])
      assert.ok(Number(lifted.datacenters[0]?.highWater) >= 123_456)
      assert.deepEqual((await declare(path, from, { floors: { 0: '5' } })).advanced, [])
    })

    it('shows in its list, and takes back, a setting that was changed under the same generation', async () => {
      const path = newPath()
      const from = owner(uid(), { cluster: `c-${uid()}` })
      const mine = await declare(path, from, { spec: { step: { max: 500_000 } } })
      await declare(path, from, { spec: { step: { max: 400_000 } } })
      const [listed] = (await client.list(from.cluster, { limit: 2 }, NEVER)).items
      assert.deepEqual(settingsDiffering(mine.settings, listed?.settings ?? ''), [
        'step.max was 400000 in place of 500000',
      ])
      const back = await declare(path, from, { spec: { step: { max: 500_000 } } })
      assert.equal(back.changed, true)
      assert.deepEqual(settingsDiffering(mine.settings, back.settings), [])
    })

    it('says what is wrong with a spec, and what cannot be changed', async () => {
      const path = newPath()
      const from = owner(uid())
      await refuses('IDGEN_REQUEST_INVALID', 400, declare(path, from, { spec: { step: { min: 9, max: 3 } } }))
      await declare(path, from, { spec: { space: { cellSize: 2_000_000 } } })
      await refuses(
        'IDGEN_IMMUTABLE',
        409,
        declare(path, from, { generation: 2, spec: { space: { cellSize: 3_000_000 } } }),
      )
    })

    it('lists the tags of a cluster in pages, and no others', async () => {
      const cluster = `c-${uid()}`
      const uids = [uid(), uid(), uid()]
      for (const each of uids) await declare(newPath(), owner(each, { cluster }))
      await declare(newPath(), owner(uid()))
      const first = await client.list(cluster, { limit: 2 }, NEVER)
      assert.equal(first.items.length, 2)
      const { nextCursor: cursor = '' } = first
      const second = await client.list(cluster, { limit: 2, cursor }, NEVER)
      assert.equal(second.nextCursor, undefined)
      assert.deepEqual(
        [...first.items, ...second.items].map((tag) => tag.owner?.uid),
        uids,
      )
      assert.equal(first.items[0]?.generation, 1)
    })

    const newKeyId = (): string =>
      `k${String(Date.now()).slice(-8)}${String((count += 1)).padStart(3, '0')}`.slice(0, 12)
    const keyOf = (path: TagPath, { uid: declaredBy }: TagOwner): TagKey => {
      const within = `${path.workspace}/${path.group}/${path.tag}`
      return { name: 'BizTag ns/n', within, sha256: 'a'.repeat(64), declaredBy }
    }

    it('ends the keys of an object when it declares its tag no more, and takes none for it then', async () => {
      for (const end of ['retain', 'purge', 'take over'] as const) {
        const path = newPath()
        const [one, two] = [owner(uid()), owner(uid())]
        const [before, after] = [newKeyId(), newKeyId()]
        await refuses('IDGEN_DECLARATION_STALE', 412, client.putKey(before, keyOf(path, one), NEVER))
        await declare(path, one)
        await client.putKey(before, keyOf(path, one), NEVER)
        await declare(path, one, { generation: 2 })
        await client.putKey(before, keyOf(path, one), NEVER)
        if (end === 'take over') await declare(path, two, { takeOverFrom: one.uid })
        else await client.release(path, one.uid, end, NEVER)
        await refuses('IDGEN_KEY_REVOKED', 409, client.putKey(before, keyOf(path, one), NEVER))
        await refuses('IDGEN_DECLARATION_STALE', 412, client.putKey(after, keyOf(path, one), NEVER))
        await declare(path, two)
        await client.putKey(after, keyOf(path, two), NEVER)
      }
    })

    it('keeps the key that it was given last, and none under an id that was revoked', async () => {
      const path = newPath()
      const from = owner(uid())
      await declare(path, from)
      const id = newKeyId()
      const key = keyOf(path, from)
      await client.putKey(id, key, NEVER)
      await client.putKey(id, key, NEVER)
      await client.putKey(id, { ...key, sha256: 'b'.repeat(64) }, NEVER)
      await client.revokeKey(id, NEVER)
      await client.revokeKey(id, NEVER)
      await refuses('IDGEN_KEY_REVOKED', 409, client.putKey(id, key, NEVER))
      await client.revokeKey('never00000ab', NEVER)
    })
  })
}

async function refuses(code: string, status: number, call: Promise<unknown>): Promise<void> {
  const thrown = await call.then(
    (value) => assert.fail(`expected ${code}, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  )
  assert.ok(thrown instanceof ServiceError, String(thrown))
  assert.deepEqual([thrown.code, thrown.status, thrown.retryable], [code, status, false], thrown.message)
  assert.ok(thrown.detail.length > 5)
}
