import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Coordinator, CoordinatorOutcome } from '../../service/ports/coordinator.ts'
import { RecordedFollower } from './recorded-follower.ts'
import { rejectsWith } from './rejects-with.ts'

export interface Coordinators {
  /** A client of its own; all share the data. */
  open(): Coordinator
  /** Lets so much of the store's time pass. */
  pass(ms: number): Promise<void>
  /** The store's wall clock is within a second of this. */
  nowMs(): number
  close(): Promise<void>
}

/** What every Coordinator must do, run by the memory one and by a real etcd. Each test has keys of its own. */
export function coordinatorContract(name: string, make: () => Promise<Coordinators>): void {
  describe(`${name} keeps the contract of Coordinator`, () => {
    let stores: Coordinators
    let store: Coordinator

    before(async () => {
      stores = await make()
      store = stores.open()
    })
    after(() => stores?.close())

    async function put(key: string, value: string, leaseId?: string): Promise<CoordinatorOutcome> {
      const lease = leaseId === undefined ? {} : { leaseId }
      return await store.transact({ compare: [], change: [{ put: key, value, ...lease }], read: [key] })
    }

    /** Polls, because a real store ends leases and tells followers in its own time. */
    async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
      for (let tries = 0; tries < 100; tries += 1) {
        if (await holds()) return
        await stores.pass(100)
      }
      assert.fail(`not within 10 s: ${what}`)
    }

    const gone = (key: string) => async () => (await store.get(key)) === undefined

    it('tells its time to about a second', async () => {
      const nowMs = await store.nowMs()
      assert.ok(Math.abs(nowMs - stores.nowMs()) < 1500, `${nowMs} instead of ${stores.nowMs()}`)
    })

    it('gives back what was put, with the revisions of its making and of its last change', async () => {
      assert.equal(await store.get('/put/a'), undefined)
      const made = await put('/put/a', 'first')
      assert.equal(made.succeeded, true)
      const changed = await put('/put/a', 'second ✓')
      assert.ok(changed.revision > made.revision)
      const expected = {
        key: '/put/a',
        value: 'second ✓',
        createRevision: made.revision,
        modRevision: changed.revision,
      }
      assert.deepEqual(await stores.open().get('/put/a'), expected)
      assert.deepEqual([...changed.entries], [['/put/a', expected]])
    })

    it('keeps an empty value apart from no key', async () => {
      await put('/empty/a', '')
      assert.equal((await store.get('/empty/a'))?.value, '')
      const value = await store.transact({ compare: [{ key: '/empty/b', value: '' }], change: [] })
      assert.equal(value.succeeded, false)
    })

    it('compares revisions and values, where revision 0 means that there is no key', async () => {
      const { revision: made } = await put('/compare/a', 'x')
      const { revision: changed } = await put('/compare/a', 'y')
      const holding = [
        { key: '/compare/a', createRevision: made },
        { key: '/compare/a', modRevision: changed },
        { key: '/compare/a', value: 'y' },
        { key: '/compare/none', createRevision: 0 },
        { key: '/compare/none', modRevision: 0 },
      ]
      const failing = [
        { key: '/compare/a', createRevision: changed },
        { key: '/compare/a', createRevision: 0 },
        { key: '/compare/a', modRevision: made },
        { key: '/compare/a', modRevision: 0 },
        { key: '/compare/a', value: 'x' },
        { key: '/compare/none', createRevision: made },
        { key: '/compare/none', modRevision: made },
        { key: '/compare/none', value: 'x' },
      ]
      for (const compare of holding)
        assert.equal((await store.transact({ compare: [compare], change: [] })).succeeded, true)
      assert.equal((await store.transact({ compare: holding, change: [] })).succeeded, true)
      for (const compare of failing) {
        const outcome = await store.transact({
          compare: [...holding, compare],
          change: [
            { put: '/compare/a', value: 'z' },
            { put: '/compare/new', value: 'z' },
          ],
          read: ['/compare/a', '/compare/none'],
        })
        assert.equal(outcome.succeeded, false, JSON.stringify(compare))
        assert.deepEqual([...outcome.entries.keys()], ['/compare/a'])
        assert.equal(outcome.entries.get('/compare/a')?.value, 'y', 'read as it is')
      }
      assert.equal(await store.get('/compare/new'), undefined, 'nothing of a failed transaction is left')
    })

    it('makes all changes of a transaction at one revision, and reads after them', async () => {
      await put('/many/old', 'x')
      await put('/many/kept', 'x')
      const outcome = await store.transact({
        compare: [],
        change: [{ put: '/many/a', value: '1' }, { delete: '/many/old' }, { put: '/many/b', value: '2' }],
        read: ['/many/old', '/many/b', '/many/a', '/many/kept', '/many/never'],
      })
      assert.deepEqual([...outcome.entries.keys()].sort(), ['/many/a', '/many/b', '/many/kept'])
      for (const key of ['/many/a', '/many/b'])
        assert.equal(outcome.entries.get(key)?.createRevision, outcome.revision)
      const idle = await store.transact({ compare: [], change: [{ delete: '/many/never' }] })
      assert.deepEqual([idle.succeeded, idle.revision], [true, outcome.revision])
    })

    it('refuses a transaction that changes a key twice, or is too large, or reaches out of its prefix', async () => {
      const twice = [{ put: '/twice/a', value: '1' }, { delete: '/twice/a' }] as const
      await assert.rejects(store.transact({ compare: [], change: twice }), /invariant/)
      const read = Array.from({ length: 129 }, (_, i) => `/twice/${i}`)
      await assert.rejects(store.transact({ compare: [], change: [], read }), /invariant/)
      await assert.rejects(store.get('2/other'), /invariant/)
      await assert.rejects(store.list(''), /invariant/)
    })

    it('lets exactly one of many clients win each compare-and-set', async () => {
      const clients = Array.from({ length: 8 }, () => stores.open())
      await put('/cas/n', '0')
      let won = 0
      await Promise.all(
        clients.map(async (client) => {
          for (let i = 0; i < 10; i += 1) {
            const seen = await client.get('/cas/n')
            assert.ok(seen)
            const next = { put: '/cas/n', value: String(Number(seen.value) + 1) }
            const compare = [{ key: '/cas/n', modRevision: seen.modRevision }]
            if ((await client.transact({ compare, change: [next] })).succeeded) won += 1
          }
        }),
      )
      assert.ok(won > 0)
      assert.equal((await store.get('/cas/n'))?.value, String(won))
    })

    it('lets exactly one of many clients create a key', async () => {
      const tries = Array.from({ length: 16 }, (_, i) =>
        stores.open().transact({
          compare: [{ key: '/create/a', createRevision: 0 }],
          change: [{ put: '/create/a', value: String(i) }],
          read: ['/create/a'],
        }),
      )
      const outcomes = await Promise.all(tries)
      assert.equal(outcomes.filter(({ succeeded }) => succeeded).length, 1)
      const winner = outcomes.findIndex(({ succeeded }) => succeeded)
      for (const { entries } of outcomes) assert.equal(entries.get('/create/a')?.value, String(winner))
    })

    it('gives a key that was deleted and put again a new create-revision', async () => {
      const first = await put('/again/a', 'same')
      await store.transact({ compare: [], change: [{ delete: '/again/a' }] })
      assert.equal(await store.get('/again/a'), undefined)
      const second = await put('/again/a', 'same')
      assert.ok((second.entries.get('/again/a')?.createRevision ?? 0) > first.revision)
      const late = await store.transact({
        compare: [{ key: '/again/a', createRevision: first.revision }],
        change: [{ delete: '/again/a' }],
      })
      assert.equal(late.succeeded, false)
    })

    it('lists what lies below a prefix and nothing else, in the order of keys', async () => {
      for (const key of ['/list/b', '/list/a/2', '/list/a/10', '/list/a', '/list', '/list0', '/lis'])
        await put(key, key)
      const { revision, entries } = await store.list('/list/')
      assert.deepEqual(
        entries.map(({ key }) => key),
        ['/list/a', '/list/a/10', '/list/a/2', '/list/b'],
      )
      assert.ok(entries.every(({ modRevision }) => modRevision <= revision))
      assert.deepEqual((await store.list('/list/none')).entries, [])
    })

    it('lists more entries than one answer holds at one revision, while they change', async () => {
      const keys = Array.from({ length: 2300 }, (_, i) => `/pages/${String(i).padStart(4, '0')}`)
      for (let i = 0; i < keys.length; i += 100)
        await store.transact({
          compare: [],
          change: keys.slice(i, i + 100).map((key) => ({ put: key, value: '0' })),
        })
      const [first = '', last = ''] = [keys[0], keys.at(-1)]
      let writing = true
      const writer = (async () => {
        const other = stores.open()
        for (let n = 1; writing; n += 1) {
          const change = [first, last].map((put) => ({ put, value: String(n) }))
          await other.transact({ compare: [], change })
        }
      })()
      for (let i = 0; i < 5; i += 1) {
        const { revision, entries } = await store.list('/pages/')
        assert.deepEqual(
          entries.map(({ key }) => key),
          keys,
        )
        assert.equal(entries[0]?.value, entries.at(-1)?.value, 'changed together, so read together')
        assert.ok(entries.every(({ modRevision }) => modRevision <= revision))
      }
      writing = false
      await writer
    })

    it('removes the keys of a lease when it is given back, and keeps the others', async () => {
      const lease = await store.grantLease(60_000)
      assert.notEqual(await store.grantLease(60_000), lease)
      await put('/revoke/a', 'x', lease)
      await put('/revoke/b', 'x', lease)
      await put('/revoke/kept', 'x')
      await put('/revoke/freed', 'x', lease)
      await put('/revoke/freed', 'y')
      assert.equal(await store.keepAlive(lease), true)
      await store.revokeLease(lease)
      const { entries } = await store.list('/revoke/')
      assert.deepEqual(
        entries.map(({ key }) => key),
        ['/revoke/freed', '/revoke/kept'],
        'a put without a lease takes the key from its lease',
      )
      assert.equal(await store.keepAlive(lease), false)
      await store.revokeLease(lease)
    })

    it('removes the keys of a lease that nobody keeps alive, and not those of one that is kept alive', async () => {
      const [kept, left] = [await store.grantLease(2000), await stores.open().grantLease(2000)]
      await put('/expiry/kept', 'x', kept)
      await put('/expiry/left', 'x', left)
      const renewing = async (): Promise<boolean> => {
        assert.equal(await store.keepAlive(kept), true)
        return await gone('/expiry/left')()
      }
      assert.equal(await renewing(), false)
      await until(renewing, 'the lease that is left alone ends')
      assert.equal(await store.keepAlive(left), false)
      assert.equal((await store.get('/expiry/kept'))?.value, 'x')
      await until(gone('/expiry/kept'), 'the other one ends too when nobody keeps it')
    })

    it('refuses to bind a key to a lease that is gone, and changes nothing', async () => {
      const lease = await store.grantLease(60_000)
      await store.revokeLease(lease)
      const change = [
        { put: '/dead/plain', value: 'x' },
        { put: '/dead/bound', value: 'x', leaseId: lease },
      ]
      const error = await rejectsWith(
        'IDGEN_COORDINATION_UNAVAILABLE',
        store.transact({ compare: [], change }),
      )
      assert.match(error.message, /nothing was changed/)
      assert.deepEqual((await store.list('/dead/')).entries, [])
      const compare = [{ key: '/dead/plain', value: 'y' }]
      assert.equal((await store.transact({ compare, change })).succeeded, false)
    })

    it('tells a follower what is there, then every change in order, and nothing after it was disposed', async () => {
      await put('/follow/a', '1')
      await put('/followed', 'another prefix')
      const seen = new RecordedFollower()
      const following = store.follow('/follow/', seen)
      assert.equal(seen.events.length, 0, 'never told before follow returned')
      await until(() => seen.snapshots === 1, 'the snapshot')
      const { revision: put1 } = await put('/follow/b', '2')
      await put('/followed', 'again')
      const both = await store.transact({
        compare: [],
        change: [{ delete: '/follow/a' }, { put: '/follow/c', value: '3' }],
      })
      const last = await store.transact({ compare: [], change: [{ delete: '/follow/b' }] })
      await until(() => seen.events.length >= 5, 'all changes')
      const [snapshot, ...changes] = seen.events
      assert.deepEqual(snapshot?.kind === 'snapshot' && snapshot.keys, ['/follow/a'])
      assert.deepEqual(changes, [
        { kind: 'put', key: '/follow/b', value: '2', revision: put1 },
        { kind: 'delete', key: '/follow/a', revision: both.revision },
        { kind: 'put', key: '/follow/c', value: '3', revision: both.revision },
        { kind: 'delete', key: '/follow/b', revision: last.revision },
      ])
      following[Symbol.dispose]()
      following[Symbol.dispose]()
      const other = new RecordedFollower()
      using _ = store.follow('/follow/', other)
      await put('/follow/d', '4')
      await until(() => other.state.has('/follow/d'), 'another follower is told')
      assert.equal(seen.events.length, 5)
    })

    it('tells a follower of keys that go with their lease', async () => {
      const seen = new RecordedFollower()
      using _ = store.follow('/bound/', seen)
      const lease = await store.grantLease(2000)
      await put('/bound/a', 'x', lease)
      await until(() => seen.state.has('/bound/a'), 'the put')
      await until(() => !seen.state.has('/bound/a'), 'the end of the lease')
      assert.equal(seen.events.at(-1)?.kind, 'delete')
    })

    it('misses nothing for followers that begin while others write', async () => {
      const writers = Array.from({ length: 4 }, () => stores.open())
      const followers: RecordedFollower[] = []
      const following: Disposable[] = []
      let revision = 0
      const written = writers.map(async (writer, w) => {
        for (let i = 0; i < 25; i += 1) {
          const outcome = await writer.transact({
            compare: [],
            change: [
              { put: `/busy/${w}`, value: String(i) },
              { put: `/busy/${w}/${i}`, value: 'x' },
            ],
          })
          revision = Math.max(revision, outcome.revision)
          if (i % 8 !== 0) continue
          const follower = new RecordedFollower()
          followers.push(follower)
          following.push(store.follow('/busy/', follower))
        }
      })
      await Promise.all(written)
      const truth = new Map((await store.list('/busy/')).entries.map(({ key, value }) => [key, value]))
      assert.equal(truth.size, 4 * 26)
      for (const { state } of followers) await until(() => state.size === truth.size, 'all keys')
      for (const { state, outOfOrder, events } of followers) {
        assert.deepEqual(new Map([...state].sort()), new Map([...truth].sort()))
        assert.equal(outOfOrder, 0)
        assertWhole(events)
      }
      for (const one of following) one[Symbol.dispose]()
    })
  })
}

/** After a snapshot at revision r every pair written together is told, and neither twice. */
function assertWhole(events: RecordedFollower['events']): void {
  const puts = events.flatMap((event) => (event.kind === 'put' ? [`${event.revision} ${event.key}`] : []))
  assert.equal(new Set(puts).size, puts.length, 'no change is told twice')
  const perRevision = new Map<string, number>()
  for (const one of puts) {
    const [revision = ''] = one.split(' ')
    perRevision.set(revision, (perRevision.get(revision) ?? 0) + 1)
  }
  assert.ok(
    [...perRevision.values()].every((count) => count === 2),
    'changes of one transaction are told together',
  )
}
