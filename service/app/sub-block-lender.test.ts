import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { MailboxThread } from '../../test/fixtures/mailbox-thread.ts'
import { type MemoryUseCases, memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { writtenTexts } from '../core/id-printer.ts'
import { SubBlockLender } from './sub-block-lender.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const ORDERS = 'w/g/segment'
const EVENTS = 'w/g/snowflake'

let service: MemoryUseCases
let lender: SubBlockLender

describe('the lender of sub-blocks', () => {
  beforeEach(async () => {
    service = await memoryUseCases()
    const { catalog } = service.useCases
    await catalog.createWorkspace(ACTOR, 'w', '')
    await catalog.createGroup(ACTOR, 'w', 'g', '')
    for (const algorithm of ['segment', 'snowflake', 'uuid-v7', 'uuid-v4'] as const)
      await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: algorithm }, { algorithm })
    lender = newLender()
  })

  afterEach(() => service.stop())

  describe('lending', () => {
    for (const path of [ORDERS, EVENTS])
      test(`two threads and the main thread take of ${path} and nothing comes twice`, async () => {
        const threads = [newThread('a'), newThread('b')]
        const all: bigint[] = []
        for (let round = 0; round < 20; round += 1) {
          for (const thread of threads) all.push(...(await taken(thread, path, 7)))
          const batch = new IdBatch()
          const { directory, generate } = service.useCases
          await generate.take(await directory.resolve(path), 5, batch)
          all.push(...batchNumbers(batch))
        }
        assert.equal(new Set(all).size, 20 * (7 + 7 + 5))
      })

    for (const path of ['w/g/uuid-v7', 'w/g/uuid-v4'])
      test(`threads are lent ${path} too`, async () => {
        const thread = newThread('a')
        const batch = new IdBatch()
        await answered(thread, thread.borrower.take(path, 3, batch))
        assert.equal(batch.uuidCount, 3)
        assert.equal(batch.algorithm, path.slice(4))
      })

    test('with a share comes how its numbers are written, and a thread has no runs of them', async () => {
      const space = { format: { prefix: 'A-', width: 4 } }
      const name = { workspace: 'w', group: 'g', name: 'formatted' }
      await service.useCases.catalog.createTag(ACTOR, name, { space })
      const thread = newThread('a')
      const batch = new IdBatch()
      await answered(thread, thread.borrower.take('w/g/formatted', 2, batch))
      assert.ok(batch.printer !== undefined)
      assert.deepEqual(writtenTexts(batch, batch.printer), ['A-0001', 'A-0002'])
      batch.clear()
      await answered(thread, thread.borrower.take(ORDERS, 1, batch))
      assert.equal(batch.printer, undefined, 'a batch that is used again is of the other tag')
      for (let round = 0; round < 30; round += 1) await taken(thread, 'w/g/formatted', 10)
      assert.ok(thread.borrower.tryTake('w/g/formatted', 1, new IdBatch()), 'at this rate shares lie ready')
      assert.equal(thread.borrower.tryTakeRun('w/g/formatted', 2, new IdBatch()), false)
      const run = thread.borrower.takeRun('w/g/formatted', 2, new IdBatch())
      await assert.rejects(answered(thread, run), refuses('IDGEN_REQUEST_INVALID'))
    })

    test('a tag asked for once is not asked for again until it was answered, by however many requests', async () => {
      const thread = newThread('a')
      const requests = Array.from({ length: 10 }, () => thread.borrower.take(ORDERS, 3, new IdBatch()))
      assert.equal(thread.toMain.length, 1)
      await answered(thread, Promise.all(requests))
      // The first answer served one, the second the nine that had come meanwhile; a third may be ahead of use.
      assert.ok(lender.shares <= 3)
      const { served } = service.useCases.directory.peek(ORDERS) ?? {}
      assert.equal(served?.segment.requests, 0, 'a share answers nobody')
    })

    test('a second question for a tag at the same time is refused, and the first one answered', async () => {
      const thread = newThread('a')
      const ask = { kind: 'ask', path: ORDERS, count: 1, run: false, owner: 'a' }
      thread.speakNonsense({ ...ask, number: 1 })
      thread.speakNonsense({ ...ask, number: 2 })
      await settle()
      assert.deepEqual(
        thread.toThread.map((message) => ('number' in message ? [message.kind, message.number] : [])),
        [
          ['refused', 2],
          ['share', 1],
        ],
      )
    })

    test('an unknown tag and a count above the limit are refused with their code', async () => {
      const thread = newThread('a')
      const unknown = thread.borrower.take('w/g/none', 1, new IdBatch())
      await assert.rejects(answered(thread, unknown), refuses('IDGEN_TAG_NOT_FOUND'))
      thread.speakNonsense({ kind: 'ask', number: 9, path: ORDERS, count: 100_001, run: false, owner: 'a' })
      const [answer] = thread.toThread
      assert.equal(answer?.kind === 'refused' && answer.code, 'IDGEN_COUNT_OUT_OF_RANGE')
    })

    for (const nonsense of [
      undefined,
      'stopped',
      {},
      { kind: 'ask' },
      { kind: 'ask', number: 1, path: ORDERS, count: 0, run: false, owner: 'a' },
      { kind: 'ask', number: 1, path: ORDERS, count: 1.5, run: false, owner: 'a' },
      { kind: 'ask', number: 1, path: ORDERS, count: 1, owner: 'a' },
      { kind: 'ask', number: 1, path: 7, count: 1, run: false, owner: 'a' },
    ])
      test(`${JSON.stringify(nonsense)} is no question: nothing is lent, the log says so`, async () => {
        const thread = newThread('a')
        thread.speakNonsense(nonsense)
        await settle()
        assert.equal(thread.toThread.length, 0)
        assert.equal(service.log.lines.filter(({ level }) => level === 'error').length, 1)
      })
  })

  describe('revoking', () => {
    test('what a thread holds and what lies in its mailbox is burnt', async () => {
      const thread = newThread('a')
      for (let round = 0; round < 30; round += 1) await taken(thread, ORDERS, 10)
      const before = new IdBatch()
      assert.ok(thread.borrower.tryTake(ORDERS, 1, before), 'at this rate shares lie ready')
      const more = thread.borrower.take(ORDERS, 1000, new IdBatch())
      while (thread.toMain.length > 0) thread.speak()
      await settle()
      const inMailbox = thread.toThread.filter(({ kind }) => kind === 'share').length
      assert.equal(inMailbox, 1)
      lender.revoke()
      while (thread.toThread.length > 0) thread.hear()
      assert.equal(thread.borrower.tryTake(ORDERS, 1, new IdBatch()), false)
      await answered(thread, more)
      const [after = 0n] = await taken(thread, ORDERS, 1)
      assert.ok(after > 1000n + (batchNumbers(before)[0] ?? 0n), 'it goes on with new ones')
    })

    test('numbers taken for a thread before a revocation are not lent after it', async () => {
      const thread = newThread('a')
      const request = thread.borrower.take(ORDERS, 3, new IdBatch())
      // The tag is not loaded yet, so the lender waits for the catalogue while it is revoked.
      thread.speak()
      lender.revoke()
      await answered(thread, request)
      assert.equal(service.useCases.directory.peek(ORDERS)?.buffer.stats().issued, 6, 'three of them burnt')
      assert.equal(lender.lent, 3)
    })

    test('of one tag only its shares are burnt, those on their way too', async () => {
      const thread = newThread('a')
      for (let round = 0; round < 30; round += 1)
        for (const path of [ORDERS, EVENTS]) await taken(thread, path, 10)
      const more = thread.borrower.take(ORDERS, 5000, new IdBatch())
      thread.speak()
      lender.revoke(ORDERS)
      const lent = lender.lent
      while (thread.toThread.length > 0) thread.hear()
      assert.equal(thread.borrower.tryTake(ORDERS, 1, new IdBatch()), false)
      assert.equal(thread.borrower.tryTake(EVENTS, 1, new IdBatch()), true)
      await answered(thread, more)
      assert.ok(lender.lent > lent)
    })
  })

  describe('runs of consecutive numbers', () => {
    test('a run comes whole, above all that was taken before it and below all after it', async () => {
      const thread = newThread('a')
      const all: bigint[] = []
      for (let round = 0; round < 20; round += 1) {
        all.push(...(await taken(thread, ORDERS, 7)))
        const batch = new IdBatch()
        await answered(thread, thread.borrower.takeRun(ORDERS, 50, batch))
        assert.equal(batch.runCount, 1)
        all.push(...batchNumbers(batch))
      }
      assert.equal(all.length, 20 * 57)
      assert.deepEqual(
        all,
        all.toSorted((a, b) => (a < b ? -1 : 1)),
      )
      assert.equal(new Set(all).size, all.length)
    })

    test('a run that lies in memory is taken without asking', async () => {
      const thread = newThread('a')
      for (let round = 0; round < 30; round += 1) await taken(thread, ORDERS, 10)
      const batch = new IdBatch()
      assert.equal(thread.borrower.tryTakeRun(ORDERS, 5, batch), true)
      assert.equal(batch.runCount, 1)
      assert.equal(batch.count, 5)
    })

    test('a tag whose IDs do not follow on one another has none, whatever lies in memory', async () => {
      const thread = newThread('a')
      for (let round = 0; round < 30; round += 1) await taken(thread, EVENTS, 10)
      assert.equal(thread.borrower.tryTakeRun(EVENTS, 2, new IdBatch()), false)
      const run = thread.borrower.takeRun(EVENTS, 2, new IdBatch())
      await assert.rejects(answered(thread, run), refuses('IDGEN_REQUEST_INVALID'))
    })

    test('a run above the limit is refused without asking', async () => {
      const thread = newThread('a')
      await assert.rejects(
        thread.borrower.takeRun(ORDERS, 100_001, new IdBatch()),
        refuses('IDGEN_COUNT_OUT_OF_RANGE'),
      )
      assert.equal(thread.toMain.length, 0)
    })
  })

  describe('stopping', () => {
    test('it is over only when every thread has said that it stopped', async () => {
      const threads = [newThread('a'), newThread('b')]
      for (const thread of threads) await taken(thread, ORDERS, 5)
      const { stopped, isOver } = stop()
      await settle()
      threads[0]?.hear()
      threads[0]?.speak()
      await settle()
      assert.equal(isOver(), false)
      threads[1]?.hear()
      await settle()
      assert.equal(isOver(), false, 'heard is not answered')
      threads[1]?.speak()
      await stopped
      assert.equal(lender.threads, 0)
    })

    test('a thread that dies meanwhile is not waited for', async () => {
      const thread = newThread('a')
      const { stopped } = stop()
      thread.die()
      await stopped
      assert.ok(!service.log.lines.some(({ text }) => text.includes('terminated')))
    })

    test('a thread that hangs is terminated, and it is over only after that', async () => {
      const thread = newThread('a')
      thread.hung = true
      const gate = Promise.withResolvers<void>()
      const terminate = thread.terminate.bind(thread)
      thread.terminate = () => gate.promise.then(terminate)
      const { stopped, isOver } = stop()
      service.clock.advance(1999)
      await settle()
      assert.equal(isOver(), false)
      service.clock.advance(1)
      await settle()
      assert.equal(isOver(), false, 'it may still issue while it is being terminated')
      gate.resolve()
      await stopped
      assert.equal(thread.dead, true)
      assert.ok(service.log.lines.some(({ text }) => text.includes('terminated')))
    })

    test('a thread that cannot even be terminated makes it fail', async () => {
      const thread = newThread('a')
      thread.hung = true
      thread.terminate = () => Promise.reject(new Error('cannot'))
      const { stopped } = stop()
      service.clock.advance(2000)
      await assert.rejects(stopped, /cannot/)
    })

    test('afterwards nothing is lent, nothing that was on its way is used, and nobody joins', async () => {
      const thread = newThread('a')
      const request = thread.borrower.take(ORDERS, 1, new IdBatch())
      const waiting = assert.rejects(request, refuses('IDGEN_SHUTTING_DOWN'))
      const stopped = lender.stop()
      assert.equal(lender.stop(), stopped)
      await thread.converse()
      await stopped
      await waiting
      assert.equal(lender.lent, 0)
      assert.throws(() => newThread('b'), refuses('IDGEN_SHUTTING_DOWN'))
      await assert.rejects(thread.borrower.take(ORDERS, 1, new IdBatch()), refuses('IDGEN_SHUTTING_DOWN'))
    })

    test('what was taken for a thread that stopped or died while the store answered is burnt', async () => {
      const thread = newThread('a')
      void thread.borrower.take(ORDERS, 5, new IdBatch()).catch(() => {})
      thread.speak()
      thread.die()
      await settle()
      assert.equal(lender.lent, 0)
      assert.equal(thread.toThread.length, 0)
    })
  })
})

function newLender(): SubBlockLender {
  const { generate, directory, clock, log } = service.useCases
  return new SubBlockLender({ generate, directory, clock, log, maxCount: 100_000 })
}

function newThread(name: string): MailboxThread {
  return new MailboxThread(lender, service.clock, name)
}

function stop(): { stopped: Promise<void>; isOver: () => boolean } {
  let over = false
  const stopped = lender.stop()
  void stopped.then(
    () => {
      over = true
    },
    () => {},
  )
  return { stopped, isOver: () => over }
}

async function answered<T>(thread: MailboxThread, request: Promise<T>): Promise<T> {
  // So that a refusal that comes while messages are delivered is not reported as nobody's.
  request.catch(() => {})
  await thread.converse()
  return await request
}

async function taken(thread: MailboxThread, path: string, count: number): Promise<bigint[]> {
  const batch = new IdBatch()
  await answered(thread, thread.borrower.take(path, count, batch))
  return batchNumbers(batch)
}

function refuses(code: string) {
  return (error: unknown): boolean => error instanceof IdgenError && error.code === code
}
