import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { type FakeThread, fakeThreads } from '../../test/fixtures/fake-threads.ts'
import { type MemoryUseCases, memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { SubBlockLender } from '../app/sub-block-lender.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { threadsFinding } from '../status-findings.ts'
import { ThreadPool } from './thread-pool.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const TAG = { workspace: 'w', group: 'g', name: 'orders' }
const ORDERS = 'w/g/orders'
const DAY_MS = 86_400_000

let service: MemoryUseCases
let lender: SubBlockLender
let pool: ThreadPool
let threads: readonly FakeThread[]
let world: ReturnType<typeof fakeThreads>['world']

describe('a pool of protocol threads', () => {
  beforeEach(async () => {
    service = await memoryUseCases()
    const { catalog } = service.useCases
    await catalog.createWorkspace(ACTOR, 'w', '')
    await catalog.createGroup(ACTOR, 'w', 'g', '')
    await catalog.createTag(ACTOR, TAG, { algorithm: 'segment' })
    lender = new SubBlockLender({ ...service.useCases, maxCount: 10_000 })
    const fakes = fakeThreads(service.clock)
    world = fakes.world
    threads = world.started
    pool = new ThreadPool({ ...service, lender, start: fakes.start, count: 2, passedOn: {} })
    service.useCases.readiness.watch(() => pool.troubles())
  })

  afterEach(() => service.stop())

  describe('starting', () => {
    test('all threads listen on the port that the first was given', async () => {
      assert.equal(await pool.listen('resp', 0), 4000)
      assert.deepEqual(
        threads.map(({ port }) => port),
        [4000, 4000],
      )
      assert.equal(pool.running, 2)
      assert.deepEqual(pool.troubles(), [])
    })

    test('a thread that dies meanwhile is replaced by one that listens once', async () => {
      const started = pool.listen('resp', 6399)
      threads[1]?.die(new Error('out of memory'))
      await turn()
      service.clock.advance(100)
      await started
      await settle()
      assert.equal(pool.running, 2)
      assert.deepEqual(
        threads.map(({ heard }) => heard.filter((kind) => kind === 'listen').length),
        [1, 0, 1],
      )
    })

    test('one that gets hardly any CPU at its start is waited for, and one that hangs there is ended', async () => {
      await pool.listen('resp', 0)
      const [slow, hung] = threads
      for (let second = 0; second < 59; second += 1) await pass(1000)
      assert.deepEqual([slow?.dead, hung?.dead], [false, false])
      slow?.answering.beat()
      await pass(2000)
      assert.deepEqual([slow?.dead, hung?.dead], [false, true])
      // From its first beat on it is judged as any other.
      for (let second = 0; second < 10; second += 1) await pass(1000)
      assert.equal(slow?.dead, true)
    })

    test('a port that cannot be had ends the start with its reason, and nothing is tried again', async () => {
      world.listenError = Object.assign(new Error('taken'), { code: 'EADDRINUSE' })
      await assert.rejects(pool.listen('resp', 6399), { code: 'EADDRINUSE' })
      await die(threads[0])
      service.clock.advance(DAY_MS)
      await settle()
      assert.equal(threads.length, 2)
    })
  })

  describe('a thread that ends', () => {
    test('is replaced on the same port, and the others go on meanwhile', async () => {
      await pool.listen('resp', 0)
      await issued(0)
      await die(threads[0], new Error('out of memory'))
      assert.equal(pool.running, 1)
      const { ready, degraded } = service.useCases.readiness.report()
      assert.equal(ready, true)
      assert.match(degraded[0]?.why ?? '', /out of memory/)
      const told = threadsFinding(pool)
      assert.deepEqual([told.verdict, told.found], ['warning', '1 of 2 answer'])
      await issued(1)
      await pass(100)
      assert.equal(threads[2]?.port, 4000)
      assert.equal(lender.threads, 2, 'nobody waits for the dead one at the end')
      assert.equal(pool.running, 2)
      assert.equal(pool.deaths, 1)
      await issued(2)
    })

    test('again and again is replaced after longer and longer pauses, half a minute at most, and without end', async () => {
      await pool.listen('resp', 0)
      const pauses: number[] = []
      for (let death = 0; death < 12; death += 1) {
        const before = threads.length
        await die(threads.findLast(({ dead }) => !dead))
        let waited = 0
        for (; threads.length === before; waited += 50) await pass(50, beatAll)
        pauses.push(waited)
      }
      assert.deepEqual(pauses.slice(0, 4), [100, 200, 400, 800])
      assert.equal(pauses.at(-1), 30_000)
    })

    test('and cannot be started again is tried again, and nobody waits for it at the end', async () => {
      await pool.listen('resp', 0)
      world.startError = new Error('no more threads')
      await die(threads[0])
      await pass(100)
      assert.match(pool.troubles()[0]?.why ?? '', /no more threads/)
      assert.equal(lender.threads, 1)
      world.startError = undefined
      await pass(200)
      assert.equal(pool.running, 2)
    })

    test('after it had done well for a minute is replaced at once again', async () => {
      await pool.listen('resp', 0)
      for (let death = 0; death < 5; death += 1) {
        await die(threads.findLast(({ dead }) => !dead))
        await pass(100)
        assert.equal(pool.running, 2)
        await pass(61_000, beatAll)
      }
    })

    test('leaves no ID to its successor and no count behind', async () => {
      await pool.listen('resp', 0)
      const before = await issued(0, 50)
      await die(threads[0])
      await pass(100)
      const after = await issued(2, 50)
      await settle()
      assert.ok((after[0] ?? 0n) > (before.at(-1) ?? 0n))
      pool.fold()
      assert.equal(served().ids, 100)
      assert.equal(pool.used, 100)
    })

    test('that hangs is ended and replaced, but not while the whole process stood still', async () => {
      await pool.listen('resp', 0)
      beatAll()
      await pass(1000, beatAll)
      const [first] = threads
      for (let second = 0; second < 9; second += 1) await pass(1000, () => threads[1]?.answering.beat())
      assert.equal(first?.dead, false)
      await pass(2000, () => threads[1]?.answering.beat())
      assert.equal(first?.dead, true)
      assert.equal(threads[1]?.dead, false)
      assert.equal(threads.length, 3)
    })
  })

  describe('counting', () => {
    test('what all threads gave adds up with what the main thread gave', async () => {
      await pool.listen('resp', 0)
      await issued(0, 5)
      await issued(1, 7)
      const { directory, generate } = service.useCases
      await generate.take(await directory.resolve(ORDERS), 3, new IdBatch())
      await settle()
      pool.fold()
      pool.fold()
      assert.deepEqual(served(), { requests: 3, ids: 15 })
      assert.equal(pool.used, 12)
      assert.equal(generate.durations.count, 3)
      assert.ok(generate.durations.atMost.every((count) => count <= 3))
    })

    test('the audit log has who got how much, and refusals of unknown tags without their names', async () => {
      await pool.listen('resp', 0)
      await issued(0, 5)
      threads[0]?.issuer?.count('key', ORDERS, 'ok', 1, 5)
      threads[0]?.issuer?.count('key', 'w/g/invented', 'IDGEN_TAG_NOT_FOUND', 2, 0)
      await settle()
      pool.fold()
      const rows = await service.issueCounts()
      assert.deepEqual(
        rows.map(({ actor, subject, result, detail }) => ({ actor, subject, result, ...detail })),
        [
          { actor: 'key', subject: ORDERS, result: 'ok', requests: 1, ids: 5 },
          { actor: 'key', subject: '*', result: 'IDGEN_TAG_NOT_FOUND', requests: 2, ids: 0 },
        ],
      )
      assert.equal(service.useCases.ledger.failures.get('IDGEN_TAG_NOT_FOUND'), 2)
      const { protocols } = service.useCases
      assert.equal(protocols.read('http', 'answered'), 1)
      assert.equal(protocols.read('http', 'refused'), 2)
    })
  })

  test('more keys than a thread counts at once lose no count', async () => {
    await pool.listen('resp', 0)
    for (let i = 0; i < 10_050; i += 1) threads[0]?.issuer?.count(`key ${i}`, ORDERS, 'IDGEN_FORBIDDEN', 1, 0)
    await settle()
    pool.fold()
    assert.equal(service.useCases.ledger.failures.get('IDGEN_FORBIDDEN'), 10_050)
  })

  describe('keys', () => {
    test('a thread asks the main thread once, and a revoked key is forgotten by all', async () => {
      await pool.listen('resp', 0)
      for (const { issuer } of threads) await issuer?.authenticate(service.keyText, 'a')
      const callers = () => threads.map(({ issuer }) => issuer?.peekCaller(service.keyText)?.keyId)
      const [keyId = ''] = callers()
      assert.deepEqual(callers(), [keyId, keyId])
      await service.useCases.keys.revoke(ACTOR, keyId)
      await settle()
      assert.deepEqual(callers(), [undefined, undefined])
      await assert.rejects(
        threads[0]?.issuer?.authenticate(service.keyText, 'a') ?? Promise.resolve(),
        refuses('IDGEN_UNAUTHENTICATED'),
      )
    })

    test('an unknown key is refused with its reason', async () => {
      await pool.listen('resp', 0)
      await assert.rejects(
        threads[0]?.issuer?.authenticate('idg_no', 'a') ?? Promise.resolve(),
        refuses('IDGEN_UNAUTHENTICATED'),
      )
    })
  })

  test('what it could not pass on is counted, told for a minute, and kept when it ends', async () => {
    await pool.listen('http', 0)
    const passOn = threads[0]?.parts?.passOn
    assert.ok(passOn !== undefined)
    const asked = Array.from({ length: 27 }, async () => passOn('http', 'a question', '192.0.2.1'))
    const refused = (await Promise.allSettled(asked)).filter(({ status }) => status === 'rejected')
    assert.equal(refused.length, 2)
    assert.deepEqual([pool.unpassed('full'), pool.unpassed('address'), pool.isOverrun], [0, 2, false])
    await pass(1000)
    assert.equal(pool.isOverrun, true)
    const { verdict, found } = threadsFinding(pool)
    assert.equal(verdict, 'warning')
    assert.match(found, /2 refused since the start, 2 of them because of who asked/)
    for (let second = 0; second < 60; second += 1) {
      threads[0]?.answering.beat()
      threads[1]?.answering.beat()
      await pass(1000)
    }
    assert.equal(pool.isOverrun, false)
    assert.equal(threadsFinding(pool).verdict, 'ok')
    await die(threads[0])
    assert.equal(pool.unpassed('address'), 2)
  })

  describe('the end', () => {
    test('draining waits for the connections of all threads, and no thread comes back', async () => {
      await pool.listen('resp', 0)
      let isOver = false
      const drained = pool.drain(1000).then(() => (isOver = true))
      threads[0]?.draining.resolve()
      await settle()
      assert.equal(isOver, false)
      threads[1]?.draining.resolve()
      await drained
      for (const thread of threads) await die(thread)
      service.clock.advance(DAY_MS)
      await settle()
      assert.equal(threads.length, 2)
      assert.equal(pool.deaths, 0)
    })

    test('a key that is revoked while connections are still open is forgotten there', async () => {
      await pool.listen('resp', 0)
      const drained = pool.drain(1000)
      await settle()
      service.useCases.authenticator.forget('k')
      await settle()
      for (const { heard, draining } of threads) {
        assert.equal(heard.at(-1), 'forget')
        draining.resolve()
      }
      await drained
      service.useCases.authenticator.forget('k')
      await settle()
      assert.equal(threads[0]?.heard.filter((kind) => kind === 'forget').length, 1)
    })

    test('a thread that hangs or dies while it drains is not waited for longer than a second more', async () => {
      await pool.listen('resp', 0)
      if (threads[0] !== undefined) threads[0].hung = true
      const drained = pool.drain(1000)
      await settle()
      await die(threads[1])
      service.clock.advance(2000)
      await drained
    })

    test('limits changed meanwhile count for all threads, and for those that come later', async () => {
      await pool.listen('resp', 0)
      service.useCases.generate.configure({ deadlineMs: 10, maxWaiting: 1 })
      await pass(1000)
      const told = (): number[] =>
        threads.map(({ heard }) => heard.filter((kind) => kind === 'configure').length)
      assert.deepEqual(told(), [2, 2])
      await die(threads[0])
      await pass(100)
      assert.deepEqual(told(), [2, 2, 1])
      await assert.rejects(
        threads[2]?.issuer?.take('w/g/none', 1, new IdBatch(), 1) ?? Promise.resolve(),
        refuses('IDGEN_TAG_NOT_FOUND'),
      )
    })

    test('rate limits count over all threads, live, and what they refuse is counted once', async () => {
      await pool.listen('resp', 0)
      const { rates } = service.useCases
      const admitted = (address: string): (number | undefined)[] =>
        threads.map(({ issuer }) => issuer?.rates.admitCaller(address, 'key', 5, service.clock.monotonicMs()))
      assert.deepEqual(admitted('192.0.2.1'), [5, 5], 'far below the limit')
      rates.configure({ perAddress: 3, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 })
      await pass(1000)
      assert.deepEqual(admitted('192.0.2.2'), [3, 0])
      pool.fold()
      pool.fold()
      assert.deepEqual(rates.refused, { address: 7, key: 0, tag: 0, 'wrong-key': 0 })
    })

    test('whether answers say what is left, and whether limits are shared, reaches threads live', async () => {
      await pool.listen('resp', 0)
      const { rates } = service.useCases
      const told = (): unknown[] =>
        threads.map(({ issuer }) => [issuer?.rates.settings.headers, issuer?.rates.settings.shared])
      for (const [headers, shared] of [
        [true, false],
        [false, true],
      ] as const) {
        rates.configure({ ...rates.settings, headers, shared })
        await pass(1000)
        assert.deepEqual(told(), [
          [headers, shared],
          [headers, shared],
        ])
      }
    })
  })
})

/** Lets so much time pass, in looks, with what is to happen in each. */
async function pass(ms: number, each: () => void = () => {}): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    each()
    service.clock.advance(Math.min(left, 1000))
    await settle()
  }
}

async function die(thread: FakeThread | undefined, error?: Error): Promise<void> {
  thread?.die(error)
  await settle()
}

function beatAll(): void {
  for (const { answering } of threads) answering.beat()
}

/** So many IDs of the tag from one thread, in one request. */
async function issued(at: number, count = 1): Promise<bigint[]> {
  const batch = new IdBatch()
  const issuer = threads[at]?.issuer
  if (issuer?.tryTake(ORDERS, count, batch, 1) === false) await issuer.take(ORDERS, count, batch, 1)
  const numbers = batchNumbers(batch)
  assert.equal(numbers.length, count)
  return numbers
}

function served() {
  return service.useCases.directory.peek(ORDERS)?.served.segment ?? { requests: 0, ids: 0 }
}

function refuses(code: string) {
  return (error: unknown): boolean => error instanceof IdgenError && error.code === code
}
