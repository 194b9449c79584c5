// Runs alone: its threads meet most often where each has a core.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { MemoryTimeGrantStore } from '../../service/adapters/memory/memory-time-grant-store.ts'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { SubBlockLender } from '../../service/app/sub-block-lender.ts'
import type { SegmentGrant } from '../../service/core/grant.ts'
import { IdBatch } from '../../service/core/id-batch.ts'
import { DEFAULT_EPOCH_MS } from '../../service/core/snowflake-layout.ts'
import type { TimeGrantStore, TimeHold } from '../../service/ports/time-grant-store.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { type MemoryUseCases, memoryUseCases } from '../fixtures/memory-use-cases.ts'
import { type Issued, type Run, WorkerThread } from './sub-block-worker.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const PATHS = ['w/g/segment', 'w/g/snowflake', 'w/g/uuid-v7'] as const
const THREADS = 4
/** IDs of every tag between two faults: on an idle machine a second for all, on a busy one as long as it takes. */
const LOAD = 1000

test(`${THREADS} threads on real message ports beside the main thread give no ID twice and none outside a grant`, {
  timeout: 60_000,
}, async (t) => {
  const holds: TimeHold[] = []
  const clock = new SystemClock()
  const service = await memoryUseCases({ clock, outside: { times: recorded(clock, holds) } })
  const allocated = t.mock.method(service.service.allocator, 'allocate')
  const { generate, directory, log } = await withTags(service)
  const lender = new SubBlockLender({ generate, directory, clock, log, maxCount: 10_000 })
  const ids = new IssuedIds()
  const runs: Run[] = []
  const note = (by: string, issued: Issued): void => noteAll(ids, runs, by, issued)
  const threads = Array.from({ length: THREADS }, (_, i) => {
    const owner = `${process.pid}/boot/${i}`
    return new WorkerThread(lender, { owner, paths: PATHS, connections: 3 }, (issued) => note(owner, issued))
  })
  t.after(() => Promise.all(threads.map((thread) => thread.terminate())))
  const main = issueOnMain(service, (issued) => note('main', issued))

  await given(ids, LOAD)
  threads[0]?.post('die', [])
  await given(ids, LOAD * 2)
  lender.revoke()
  await given(ids, LOAD * 3)
  threads[1]?.post('hang', [])
  await lender.stop()
  main.end()
  await service.stop()
  await Promise.all(threads.map((thread) => thread.exited))

  ids.verify()
  const grants: (SegmentGrant | undefined)[] = []
  for (const { result } of allocated.mock.calls) grants.push(await result)
  insideGrants(runs, grants, holds)
  const [died, hung, ...others] = threads
  assert.deepEqual([died?.codes, hung?.codes], [undefined, undefined])
  for (const { codes, spokeAfterStop } of others) {
    assert.deepEqual(codes, ['IDGEN_SHUTTING_DOWN', 'IDGEN_SHUTTING_DOWN', 'IDGEN_SHUTTING_DOWN'])
    assert.equal(spokeAfterStop, false)
  }
  t.diagnostic(`${ids.total} IDs, ${lender.lent} lent, ${allocated.mock.callCount()} segments`)
})

/** The test's time limit ends it when nothing comes. */
async function given(ids: IssuedIds, count: number): Promise<void> {
  while (PATHS.some((path) => (ids.perTag.get(path) ?? 0) < count)) await pause(10)
}

async function withTags(service: MemoryUseCases<SystemClock>): Promise<MemoryUseCases['useCases']> {
  const { catalog } = service.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  // Small steps, so that threads meet allocations.
  const step = { base: 500, min: 100, max: 5000 }
  for (const algorithm of ['segment', 'snowflake', 'uuid-v7'] as const)
    await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: algorithm }, { algorithm, step })
  return service.useCases
}

function recorded(clock: SystemClock, holds: TimeHold[]): TimeGrantStore {
  const store = new MemoryTimeGrantStore(clock)
  return {
    nowMs: () => store.nowMs(),
    acquire: async (request) => {
      const hold = await store.acquire(request)
      holds.push(hold)
      return hold
    },
    extend: async (hold, untilMs, leaseMs) => {
      const extended = await store.extend(hold, untilMs, leaseMs)
      if (extended !== undefined) holds.push(extended)
      return extended
    },
    release: (hold, untilMs) => store.release(hold, untilMs),
  }
}

/** The main thread issues on the same path at the same time. */
function issueOnMain(service: MemoryUseCases<SystemClock>, note: (issued: Issued) => void): { end(): void } {
  const { generate, directory } = service.useCases
  let ended = false
  async function run(): Promise<void> {
    for (let request = 0; !ended; request += 1) {
      const path = PATHS[request % 2] ?? ''
      const batch = new IdBatch()
      await generate.take(await directory.resolve(path), 1 + (request % 50), batch)
      note({ kind: 'issued', runs: runsOf(path, batch), uuids: [] })
      if (request % 25 === 0) await pause(1)
    }
  }
  void run()
  return {
    end: () => {
      ended = true
    },
  }
}

function runsOf(path: string, batch: IdBatch): Run[] {
  return Array.from({ length: batch.runCount }, (_, run) => [
    path,
    batch.runHi(run),
    batch.runLo(run),
    batch.runLength(run),
  ])
}

function noteAll(ids: IssuedIds, runs: Run[], by: string, issued: Issued): void {
  for (const run of issued.runs) {
    const [path, hi, lo, count] = run
    runs.push(run)
    ids.run(path, String((BigInt(hi) << 32n) | BigInt(lo)), count, by, 'this process')
  }
  for (const [path, uuid] of issued.uuids) ids.text(path, uuid, by)
}

function insideGrants(
  runs: readonly Run[],
  grants: readonly (SegmentGrant | undefined)[],
  holds: readonly TimeHold[],
): void {
  for (const [path, hi, lo, count] of runs) {
    if (path === PATHS[0]) {
      const first = hi * 2 ** 32 + lo
      const inside = grants.some(
        (grant) => grant !== undefined && grant.lo <= first && first + count <= grant.hi,
      )
      assert.ok(inside, `${first} × ${count} lies in no segment`)
      continue
    }
    const value = (BigInt(hi) << 32n) | BigInt(lo)
    const ms = Number(value >> 21n) + DEFAULT_EPOCH_MS
    const worker = Number((value >> 10n) & 255n)
    const inside = holds.some((hold) => hold.worker === worker && ms < hold.untilMs)
    assert.ok(inside, `${ms} ms of worker ${worker} lies in no window`)
  }
}
