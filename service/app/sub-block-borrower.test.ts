import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { packSubBlock, SHARE_LIFE_MS } from '../core/sub-block.ts'
import { SubBlockBorrower } from './sub-block-borrower.ts'
import type { ToLender } from './sub-block-messages.ts'

const TAG = 'w/g/t'

let clock: MemoryClock
let borrower: SubBlockBorrower
let asked: ToLender[]
let owner: string
/** Next number of the main thread. */
let next: number

describe('a borrower of sub-blocks', () => {
  beforeEach(() => {
    clock = new MemoryClock()
    asked = []
    owner = 'me'
    next = 1
    borrower = new SubBlockBorrower({
      clock,
      post: (message) => void asked.push(message),
      owner: () => owner,
      deadlineMs: 2000,
      maxCount: 1000,
      maxWaiting: 3,
      maxTags: 2,
    })
  })

  describe('asking', () => {
    test('a tag that was never asked for has nothing, and asking is for those who wait', () => {
      assert.equal(borrower.tryTake(TAG, 1, new IdBatch()), false)
      assert.deepEqual(asked, [])
    })

    test('a slow tag asks for exactly what a request needs, so nothing is burnt', async () => {
      for (const count of [3, 1, 2]) {
        await served(count)
        assert.deepEqual(counts(), [count])
        asked = []
        clock.advance(1000)
      }
    })

    test('a busy tag asks ahead of use at half of its share, for a quarter of a second, once at a time', async () => {
      await served(1000)
      assert.deepEqual(counts(), [1000, 250], 'a thousand in the first second')
      answer()
      asked = []
      assert.ok(take(124))
      assert.deepEqual(counts(), [])
      assert.ok(take(1))
      assert.deepEqual(counts(), [281])
      assert.ok(take(1))
      assert.equal(asked.length, 1, 'until it is answered')
      answer()
      assert.ok(take(124 + 281), 'over the end of one share into the next')
    })

    test('a request larger than a share goes on with the next one, above the first', async () => {
      const batch = new IdBatch()
      const request = borrower.take(TAG, 2500, batch)
      for (let i = 0; i < 3; i += 1) {
        answer()
        await settle()
      }
      await request
      const numbers = batchNumbers(batch)
      assert.equal(numbers.length, 2500)
      assert.equal(new Set(numbers).size, 2500)
      assert.deepEqual(numbers.toSorted(ascending), numbers)
      assert.ok(counts().every((count) => count <= 1000))
    })

    test('more waiting requests than allowed are refused', async () => {
      const waiting = [1, 2, 3].map(() => borrower.take(TAG, 1, new IdBatch()))
      await assert.rejects(borrower.take(TAG, 1, new IdBatch()), refuses('IDGEN_OVERLOADED'))
      for (let i = 0; i < 2; i += 1) {
        answer()
        await settle()
      }
      await Promise.all(waiting)
      assert.equal(clock.pending, 0)
    })

    test('without an answer a request ends at its deadline, and its question stays the only one', async () => {
      const late = assert.rejects(borrower.take(TAG, 1, new IdBatch()), refuses('IDGEN_DEADLINE_EXCEEDED'))
      clock.advance(2000)
      await late
      const again = borrower.take(TAG, 1, new IdBatch())
      assert.equal(asked.length, 1)
      answer()
      await again
    })

    test('a refusal reaches those who wait, with its code and when to come again', async () => {
      const request = borrower.take(TAG, 1, new IdBatch())
      const [ask] = asked
      assert.ok(ask?.kind === 'ask')
      borrower.receive({
        kind: 'refused',
        number: ask.number,
        path: TAG,
        code: 'IDGEN_OVERLOADED',
        message: 'm',
        retryAfterMs: 7,
      })
      await assert.rejects(request, (error) => error instanceof IdgenError && error.retryAfterMs === 7)
    })

    test('why one request has no run is not answered to another one, which asks for itself', async () => {
      const run = assert.rejects(borrower.takeRun(TAG, 5, new IdBatch()), refuses('IDGEN_OVERLOADED'))
      const batch = new IdBatch()
      const single = borrower.take(TAG, 1, batch)
      const shorter = borrower.takeRun(TAG, 2, new IdBatch())
      assert.equal(asked.length, 1)
      refuseLast()
      await run
      await settle()
      assert.equal(asked.length, 2)
      answer()
      await single
      await shorter
      assert.equal(batch.count, 1)
    })

    test('a refusal ahead of use hurts nobody and is not repeated with every request', async () => {
      await served(1000)
      refuseLast()
      asked = []
      for (let i = 0; i < 3; i += 1) await served(1000)
      assert.ok(asked.length <= 3, 'those who need IDs ask')
      clock.advance(50)
      await served(1000)
      assert.equal(counts().length, 5)
    })

    test('tags beyond the limit lose their shares, those that wait for one do not', async () => {
      const waiting = borrower.take('w/g/b', 1, new IdBatch())
      await served(1000, 'w/g/a')
      await served(10, 'w/g/c')
      assert.equal(borrower.tryTake('w/g/a', 1, new IdBatch()), false)
      answer('w/g/b')
      await waiting
    })
  })

  describe('a share is used once', () => {
    test('who remembers where shares lie hears that the place was given up, and that nothing is left in it', async () => {
      const request = borrower.take(TAG, 1, new IdBatch())
      answer(TAG, 10)
      await request
      const shelf = borrower.shelfOf(TAG)
      assert.ok(shelf)
      assert.equal(shelf.isClosed, false)
      for (const path of ['w/g/second', 'w/g/third']) await served(1, path)
      assert.equal(borrower.shelfOf(TAG), undefined, 'two tags have a place')
      assert.equal(shelf.isClosed, true)
      const batch = new IdBatch()
      assert.equal(borrower.tryTake(TAG, 1, batch, clock.nowMs(), shelf), false)
      assert.equal(batch.count, 0)
    })

    test('an answer that comes twice is used once', async () => {
      const request = borrower.take(TAG, 1, new IdBatch())
      const share = answer(TAG, 10)
      await request
      borrower.receive(structuredClone(share))
      const rest = new IdBatch()
      assert.equal(borrower.tryTake(TAG, 20, rest), false)
      assert.equal(rest.count, 9)
    })

    test('an answer that comes again while the next question is open is not taken for its answer', async () => {
      const first = borrower.take(TAG, 1, new IdBatch())
      const share = answer()
      await first
      const batch = new IdBatch()
      const second = borrower.take(TAG, 1, batch)
      borrower.receive(structuredClone(share))
      await settle()
      assert.equal(batch.count, 0)
      answer()
      await second
      assert.deepEqual(batchNumbers(batch), [2n])
    })

    test('an answer that nobody asked for, or for another tag, is burnt', async () => {
      await served(1)
      const share = shareOf(1, 10)
      for (const other of [
        { ...share, number: 99 },
        { ...share, path: 'w/g/other' },
        { ...share, kind: 'gift' },
        undefined,
        'share',
      ])
        borrower.receive(other)
      assert.equal(take(1), false)
    })

    test('trap 18: a copy of the thread serves nothing of what it holds or was promised', async () => {
      await served(1000)
      answer()
      assert.ok(take(1))
      const promised = borrower.take(TAG, 500, new IdBatch())
      owner = 'copy'
      assert.equal(take(1), false)
      const failed = assert.rejects(promised, refuses('IDGEN_INTERNAL'))
      answer()
      await failed
      assert.equal(take(1), false)
    })

    test('a share that is not used within a second is burnt, and a request gets a new one', async () => {
      await served(1000)
      answer()
      const last = next
      clock.advance(SHARE_LIFE_MS + 1)
      const batch = new IdBatch()
      assert.equal(borrower.tryTake(TAG, 1, batch), false)
      const request = borrower.take(TAG, 1, batch)
      answer()
      await request
      assert.ok((batchNumbers(batch)[0] ?? 0n) >= BigInt(last))
    })

    test('a share that no sender of ours would send is refused as a whole', async () => {
      const request = borrower.take(TAG, 1, new IdBatch())
      const share = shareOf(lastNumber(), 10)
      borrower.receive({ ...share, share: { ...share.share, runs: new Uint32Array([0, 1]) } })
      await assert.rejects(request, refuses('IDGEN_INTERNAL'))
    })

    test('all IDs of a batch come from one algorithm: what was taken of the one before is burnt', async () => {
      await served(1000)
      answer()
      const batch = new IdBatch()
      const request = borrower.take(TAG, 270, batch)
      const uuids = new IdBatch()
      uuids.algorithm = 'uuid-v7'
      uuids.degraded = true
      uuids.reserveUuids(300)
      borrower.receive({
        kind: 'share',
        number: lastNumber(),
        path: TAG,
        share: packSubBlock(uuids, owner, clock.nowMs()),
      })
      await request
      assert.equal(batch.uuidCount, 270)
      assert.equal(batch.runCount, 0)
      assert.equal(batch.algorithm, 'uuid-v7')
      assert.equal(batch.degraded, true)
    })
  })

  describe('the end', () => {
    test('a thread that is told to stop issues nothing after it said so', async () => {
      await served(1000)
      answer()
      asked = []
      const waiting = assert.rejects(borrower.take(TAG, 900, new IdBatch()), refuses('IDGEN_SHUTTING_DOWN'))
      const number = lastNumber()
      borrower.receive({ kind: 'stop' })
      assert.deepEqual(asked.at(-1), { kind: 'stopped' })
      borrower.receive(shareOf(number, 100))
      assert.equal(take(1), false)
      await waiting
      await assert.rejects(borrower.take(TAG, 1, new IdBatch()), refuses('IDGEN_SHUTTING_DOWN'))
      assert.equal(clock.pending, 0)
    })

    test('a revoked thread drops what it holds and goes on', async () => {
      await served(1000)
      answer()
      borrower.receive({ kind: 'revoke', path: undefined })
      assert.equal(take(1), false)
      await served(1)
    })
  })
})

/** A request that waits, answered as often as it asks. */
async function served(count: number, path = TAG): Promise<void> {
  const before = asked.length
  const request = borrower.take(path, count, new IdBatch())
  for (let i = before; i < asked.length && i < before + 1; i += 1) answer(path)
  await request
}

function take(count: number): boolean {
  return borrower.tryTake(TAG, count, new IdBatch())
}

/** Answers the last question with what it asked for, or with `count` IDs. */
function answer(path = TAG, count?: number): ReturnType<typeof shareOf> {
  const ask = asked.findLast((message) => message.kind === 'ask' && message.path === path)
  assert.ok(ask?.kind === 'ask', 'something was asked')
  const share = shareOf(ask.number, count ?? ask.count, path, ask.owner)
  borrower.receive(structuredClone(share))
  return share
}

function refuseLast(): void {
  const number = lastNumber()
  borrower.receive({
    kind: 'refused',
    number,
    path: TAG,
    code: 'IDGEN_OVERLOADED',
    message: 'm',
    retryAfterMs: undefined,
  })
}

function lastNumber(): number {
  const ask = asked.findLast((message) => message.kind === 'ask')
  return ask?.kind === 'ask' ? ask.number : 0
}

function shareOf(number: number, count: number, path = TAG, forWhom = owner) {
  const batch = new IdBatch()
  batch.pushRun(0, next, count)
  next += count
  return { kind: 'share', number, path, share: packSubBlock(batch, forWhom, clock.nowMs()) } as const
}

function counts(): number[] {
  return asked.flatMap((message) => (message.kind === 'ask' ? [message.count] : []))
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : 1
}

function refuses(code: string) {
  return (error: unknown): boolean => error instanceof IdgenError && error.code === code
}
