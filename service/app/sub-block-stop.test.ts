import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IssuedIds } from '../../test/fixtures/issued-ids.ts'
import { MailboxThread } from '../../test/fixtures/mailbox-thread.ts'
import { type MemoryUseCases, memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryTimeGrantStore } from '../adapters/memory/memory-time-grant-store.ts'
import { IdBatch } from '../core/id-batch.ts'
import { SubBlock } from '../core/sub-block.ts'
import type { TimeGrantStore } from '../ports/time-grant-store.ts'
import { SubBlockLender } from './sub-block-lender.ts'

/**
 * A graceful stop hands the worker id on while threads may still hold stamps of it. The order is: threads quiet, then
 * the window lowered, then let go.
 */
const ACTOR = { actor: 'test', traceId: undefined }
const EVENTS = 'w/g/events'
/** Four milliseconds' worth, of which the thread uses the first. */
const SHARE = 4000
const USED = 500

test('the window is lowered and the worker id let go only after every thread said that it stopped', async () => {
  const { one, lender, thread, released } = await newProcess()
  await one.service.workerIds.extendNow()
  const stopped = one.service.workerIds.stop(lender.stop())
  await settle()
  assert.deepEqual(released, [])
  thread.hear()
  await settle()
  assert.deepEqual(released, [])
  thread.speak()
  await stopped
  assert.equal(released.length, 1)
})

test('while a thread hangs nothing is lowered; once it was terminated it is', async () => {
  const { clock, one, lender, thread, released } = await newProcess()
  thread.hung = true
  const stopped = one.service.workerIds.stop(lender.stop())
  clock.advance(1999)
  await settle()
  assert.deepEqual(released, [])
  clock.advance(1)
  await stopped
  assert.equal(thread.dead, true)
  assert.equal(released.length, 1)
})

test('where a thread cannot be ended nothing is lowered, and the lease runs out', async () => {
  const { clock, one, lender, thread, released } = await newProcess()
  thread.hung = true
  thread.terminate = () => Promise.reject(new Error('it does not end'))
  const stopped = one.service.workerIds.stop(lender.stop())
  clock.advance(2000)
  await stopped
  assert.deepEqual(released, [])
  assert.ok(one.log.lines.some(({ text }) => text === 'worker id could not be released'))
})

test('in order: the successor of a worker id gives nothing that a thread gave', async () => {
  const issued = await handOver({ lowerTo: 'unstamped', stopThreads: true })
  assert.deepEqual(issued.duplicates(), [])
})

test('a share is spent: even a thread that is forgotten and goes on gives nothing that the successor gives', async () => {
  const issued = await handOver({ lowerTo: 'unstamped', stopThreads: false })
  assert.deepEqual(issued.duplicates(), [])
})

test('mutant, lowered before the threads stopped to what they did not use yet: the successor gives it again', async () => {
  const issued = await handOver({ lowerTo: 'unused', stopThreads: false })
  assert.notDeepEqual(issued.duplicates(), [])
})

interface HandOver {
  /** Where the window ends after the stop: where nothing was stamped, or where a thread has used nothing. */
  readonly lowerTo: 'unstamped' | 'unused'
  readonly stopThreads: boolean
}

/** All IDs of a process, of its thread, and of the process that follows on the same worker id. */
async function handOver({ lowerTo, stopThreads }: HandOver): Promise<IssuedIds> {
  const issued = new IssuedIds()
  const { clock, store, one, lender, thread, lower } = await newProcess()
  const share = await shareOf(thread)
  const beganMs = clock.nowMs()
  note(issued, share, USED, clock, 'thread of one')
  if (lowerTo === 'unused') lower.toMs = beganMs + 1
  const quiet = stopThreads ? lender.stop() : Promise.resolve()
  await thread.converse()
  await one.service.workerIds.stop(quiet)
  const two = await startAgain(clock, store, beganMs)
  const batch = new IdBatch()
  await two.useCases.generate.take(await two.useCases.directory.resolve(EVENTS), SHARE, batch)
  noteAll(issued, batch, 'two')
  // What it was told to drop it does not have any more; otherwise it goes on.
  if (stopThreads) share.drop()
  note(issued, share, SHARE, clock, 'thread of one')
  await Promise.all([one.stop(), two.stop()])
  return issued
}

async function newProcess() {
  const clock = new MemoryClock()
  const store = new MemoryTimeGrantStore(clock, { workers: 1 })
  const released: number[] = []
  const lower: { toMs: number | undefined } = { toMs: undefined }
  const times: TimeGrantStore = {
    nowMs: () => store.nowMs(),
    acquire: (request) => store.acquire(request),
    extend: (hold, untilMs, leaseMs) => store.extend(hold, untilMs, leaseMs),
    release: (hold, untilMs) => {
      released.push(untilMs)
      return store.release(hold, lower.toMs ?? untilMs)
    },
  }
  const one = await start(clock, times)
  const { generate, directory, log } = one.useCases
  const lender = new SubBlockLender({ generate, directory, clock, log, maxCount: 10_000 })
  const thread = new MailboxThread(lender, clock, 'thread')
  return { clock, store, one, lender, thread, released, lower }
}

async function start(clock: MemoryClock, times: TimeGrantStore): Promise<MemoryUseCases> {
  const service = await memoryUseCases({ clock, outside: { times } })
  const { catalog } = service.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 'events' }, { algorithm: 'snowflake' })
  return service
}

/** The successor, on the first millisecond at which the store lets the worker id go. */
async function startAgain(
  clock: MemoryClock,
  store: TimeGrantStore,
  beganMs: number,
): Promise<MemoryUseCases> {
  clock.advance(1)
  const two = await start(clock, store)
  while (two.service.workerIds.faults[0] !== undefined) {
    assert.ok(clock.nowMs() < beganMs + 100, two.service.workerIds.faults[0])
    clock.advance(1)
    await two.service.workerIds.extendNow()
  }
  return two
}

/** A share as the thread's borrower would unpack it, in the hands of the test. */
async function shareOf(thread: MailboxThread): Promise<SubBlock> {
  thread.speakNonsense({
    kind: 'ask',
    number: 1,
    path: EVENTS,
    count: SHARE,
    run: false,
    owner: thread.owner,
  })
  await settle()
  const answer = thread.toThread.shift()
  assert.ok(answer?.kind === 'share')
  return new SubBlock(answer.share, thread.owner)
}

function note(issued: IssuedIds, share: SubBlock, count: number, clock: MemoryClock, by: string): void {
  const batch = new IdBatch()
  share.take(count, 'thread', clock.nowMs(), batch)
  noteAll(issued, batch, by)
}

function noteAll(issued: IssuedIds, batch: IdBatch, by: string): void {
  for (let run = 0; run < batch.runCount; run++) {
    const first = (BigInt(batch.runHi(run)) << 32n) | BigInt(batch.runLo(run))
    issued.run(EVENTS, String(first), batch.runLength(run), by)
  }
}
