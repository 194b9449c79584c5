import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { SILENT } from '../../test/fixtures/silent-log.ts'
import { MemoryAuditSink } from '../adapters/memory/memory-audit-sink.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryRandom } from '../adapters/memory/memory-random.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { MemoryWorkerTimes } from '../adapters/memory/memory-worker-times.ts'
import { Snowflake } from '../core/snowflake.ts'
import { DEFAULT_EPOCH_MS, layoutHash, snowflakeLayout } from '../core/snowflake-layout.ts'
import type { TimeGrantStore } from '../ports/time-grant-store.ts'
import { AuditTrail } from './audit-trail.ts'
import { TimeGrantKeeper } from './time-grant-keeper.ts'
import { TimeWatch } from './time-watch.ts'

function watching() {
  const clock = new MemoryClock()
  const sink = new MemoryAuditSink()
  const audit = new AuditTrail({ sink, clock, log: SILENT, queueMax: 100, flushEveryMs: 1000 })
  const log = new RecordedLog()
  const watch = new TimeWatch({ audit, log })
  const told = async () => {
    await audit.flush()
    return sink.records.map(({ action, subject }) => `${action} ${subject}`)
  }
  return { clock, sink, log, watch, told }
}

function keeper(
  store: TimeGrantStore,
  { clock, watch }: Pick<ReturnType<typeof watching>, 'clock' | 'watch'>,
  seed: number,
) {
  const layout = snowflakeLayout(DEFAULT_EPOCH_MS)
  return new TimeGrantKeeper({
    store,
    snowflake: new Snowflake({ layout, seed }),
    layout,
    clock,
    random: new MemoryRandom(seed),
    log: SILENT,
    request: { dc: 2, holder: `process ${seed}`, leaseMs: 30_000, layoutHash: layoutHash(layout) },
    windowMs: 30_000,
    renewEveryMs: 10_000,
    maxClockAheadMs: 10_000,
    onWorker: watch.newOnWorker(),
  })
}

test('a worker id that is acquired, lost, acquired again and released is in the audit log, with the reason (R-2.2.5)', async () => {
  const watched = watching()
  const store = new MemoryTimeGrantStore(watched.clock, { workers: 1 })
  const one = keeper(store, watched, 1)
  await one.renew()
  watched.clock.advance(31_000)
  const two = keeper(store, { clock: watched.clock, watch: watching().watch }, 2)
  await two.renew()
  await one.renew()
  await two.stop()
  watched.clock.advance(1)
  await one.renew()
  await one.stop()
  assert.deepEqual(await watched.told(), [
    'worker.acquired dc 2 worker 0',
    'worker.lost dc 2 worker 0',
    // The one it asks for at once is still held.
    'worker.unavailable dc 2',
    'worker.acquired dc 2 worker 0',
    'worker.released dc 2 worker 0',
  ])
  assert.match(String(watched.sink.records[1]?.detail['reason']), /refused worker id 0/)
  const { acquired, lost, released, unavailable } = watched.watch.counters
  assert.deepEqual([acquired, lost, released, unavailable], [2, 1, 1, 1])
})

test('trying in vain for a worker id is counted every time and told once until it ends', async () => {
  const watched = watching()
  const tables = new MemoryWorkerTimes()
  const store = new MemoryTimeGrantStore(watched.clock, { workers: 1 }, tables)
  const other = keeper(store, { clock: watched.clock, watch: watching().watch }, 2)
  await other.renew()
  const one = keeper(store, watched, 1)
  for (let i = 0; i < 5; i += 1) await one.renew()
  await other.stop()
  watched.clock.advance(1)
  await one.renew()
  assert.deepEqual(await watched.told(), ['worker.unavailable dc 2', 'worker.acquired dc 2 worker 0'])
  assert.equal(watched.watch.counters.unavailable, 5)
  const [line, ...more] = watched.log.lines.filter(({ level }) => level === 'error')
  assert.match(line?.text ?? '', /no worker id/)
  assert.equal(more.length, 0)
})

test('copies that fall behind and catch up, and a refused hold, are in the audit log', async () => {
  const { watch, told } = watching()
  watch.onFlag({ kind: 'copy-behind', dc: 1, reason: 'the database is away' })
  watch.onFlag({ kind: 'copy-caught-up', dc: 1, worker: 7, reason: 'the database is away' })
  watch.onFlag({ kind: 'hold-refused', dc: 1, worker: 7, reason: 'its lease ran out' })
  assert.deepEqual(await told(), [
    'time.copy-behind dc 1',
    'time.copy-caught-up dc 1 worker 7',
    'worker.refused dc 1 worker 7',
  ])
  assert.deepEqual([watch.counters.copyBehind, watch.counters.copyCaughtUp], [1, 1])
})
