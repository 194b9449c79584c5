import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { IdgenError } from '../core/errors.ts'
import type { CoordinatorOutcome, CoordinatorTransaction } from '../ports/coordinator.ts'
import { GatheredKeys } from './gathered-keys.ts'
import { Gathering } from './gathering.ts'

/** Remembers what it was asked, and fails when it is told to. */
class WatchedCoordinator extends MemoryCoordinator {
  readonly calls: CoordinatorTransaction[] = []
  /** Called before a transaction; `lost` after it took effect. */
  before: (transaction: CoordinatorTransaction) => 'lost' | undefined = () => undefined

  override async transact(transaction: CoordinatorTransaction): Promise<CoordinatorOutcome> {
    this.calls.push(transaction)
    const fault = this.before(transaction)
    const outcome = await super.transact(transaction)
    if (fault === 'lost') throw new IdgenError('IDGEN_COORDINATION_UNAVAILABLE', 'no answer')
    return outcome
  }
}

function opened() {
  const clock = new MemoryClock()
  const etcd = new WatchedCoordinator(new MemoryCoordination(clock))
  const gathering = new Gathering()
  return { clock, etcd, gathering, keys: new GatheredKeys({ coordinator: etcd, gathering, clock }) }
}

const ROWS = Array.from({ length: 50 }, (_, at) => `/row/${at}`)
const make = (key: string): CoordinatorTransaction => ({
  compare: [{ key, createRevision: 0 }],
  change: [{ put: key, value: 'made' }],
  read: [key],
})

describe('transactions of many rows', () => {
  it('go in one, and each has the outcome that it would have alone', async () => {
    const { etcd, gathering, keys } = opened()
    const made = await gathering.run(ROWS, async (key) => {
      const { succeeded, entries } = await keys.transact(make(key))
      return { succeeded, keys: [...entries.keys()], value: (await keys.get(key))?.value }
    })
    assert.deepEqual(
      made,
      ROWS.map((key) => ({ value: { succeeded: true, keys: [key], value: 'made' } })),
    )
    assert.equal(etcd.calls.length, 2, 'one that writes, one that reads')
  })

  it('take effect one by one where one of them would not', async () => {
    const { etcd, gathering, keys } = opened()
    await etcd.transact({ compare: [], change: [{ put: '/row/7', value: 'another one' }] })
    const made = await gathering.run(ROWS, async (key) => (await keys.transact(make(key))).succeeded)
    assert.deepEqual(
      made,
      ROWS.map((key) => ({ value: key !== '/row/7' })),
    )
    assert.equal((await etcd.get('/row/7'))?.value, 'another one')
    assert.equal((await etcd.get('/row/8'))?.value, 'made')
  })

  it('are as many as the coordinator takes at once', async () => {
    const { etcd, gathering, keys } = opened()
    await gathering.run(ROWS, (key) =>
      keys.transact({
        compare: [],
        change: [],
        read: Array.from({ length: 8 }, (_, at) => `${key}/${at}`),
      }),
    )
    assert.deepEqual(
      etcd.calls.map(({ read = [] }) => read.length),
      [128, 128, 128, 16],
    )
  })

  it('that name the same key go in calls of their own, and one of them wins', async () => {
    const { gathering, keys } = opened()
    const made = await gathering.run([1, 2, 3], async () => (await keys.transact(make('/same'))).succeeded)
    const won = made.filter((row) => 'value' in row && row.value)
    assert.equal(won.length, 1, JSON.stringify(made))
  })

  it('are all unknown where the call had no answer, and the batch asks no more', async () => {
    const { etcd, gathering, keys } = opened()
    etcd.before = () => 'lost'
    const lost = await gathering.run(ROWS, async (key) => {
      const first = await keys.transact(make(key)).catch((thrown: unknown) => IdgenError.from(thrown))
      assert.ok(first instanceof IdgenError && first.message === 'no answer')
      return await keys.get(key)
    })
    for (const row of lost)
      assert.match('refused' in row ? row.refused.message : '', /was not asked any more/)
    assert.equal(etcd.calls.length, 1)
    assert.ok((await etcd.get('/row/1')) !== undefined, 'it may have happened, and here it has')
  })

  it('are refused without a call once the batch took too long', async () => {
    const { clock, etcd, gathering, keys } = opened()
    const rows = await gathering.run(ROWS, async (key) => {
      await keys.get(key)
      if (key === '/row/0') clock.advance(10_000)
      return await keys.get(key)
    })
    for (const row of rows) {
      assert.ok('refused' in row)
      assert.equal(row.refused.code, 'IDGEN_COORDINATION_UNAVAILABLE')
      assert.match(row.refused.message, /a batch takes 10 s at most/)
    }
    assert.equal(etcd.calls.length, 1)
  })
})
