import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchNumbers } from '../../test/fixtures/batch-numbers.ts'
import { MailboxThread } from '../../test/fixtures/mailbox-thread.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { IdBatch } from '../core/id-batch.ts'
import { SubBlockLender } from './sub-block-lender.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const PATHS = ['w/g/segment', 'w/g/snowflake'] as const
const THREADS = 3

const who = fc.nat({ max: THREADS - 1 })
const path = fc.constantFrom(...PATHS)
const count = fc.integer({ min: 1, max: 400 })
/** What may happen next, in any order: messages are delivered late, threads die, hang and are copied. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('request' as const), who, path, count }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('try' as const), who, path, count }) },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('speak' as const), who }) },
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('hear' as const), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('main' as const), path, count }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 100, 900, 1500) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revoke' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('hang' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const) }) },
)

test('however messages are delayed and threads die, hang and stop: no ID twice, each connection in order, none after the stop', async () => {
  let issued = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 120 }), async (steps) => {
      const world = await newWorld()
      for (const now of steps) {
        if (now.kind === 'pass') world.service.clock.advance(now.ms)
        else if (now.kind === 'revoke') world.lender.revoke()
        else if (now.kind === 'stop') world.stop()
        else if (now.kind === 'main') world.takeOnMain(now.path, now.count)
        else world.onThread(now.who, now)
        await settle(1)
      }
      issued += await world.end()
    }),
    { numRuns: 25 },
  )
  assert.ok(issued > 10_000, `only ${issued} IDs were looked at`)
})

interface Request {
  readonly kind: string
  readonly path?: string
  readonly count?: number
}

async function newWorld() {
  const service = await memoryUseCases()
  const { catalog, generate, directory, log } = service.useCases
  const { clock } = service
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  for (const algorithm of ['segment', 'snowflake'] as const)
    await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: algorithm }, { algorithm })
  for (const tag of PATHS) await directory.resolve(tag)
  const lender = new SubBlockLender({ generate, directory, clock, log, maxCount: 1000 })
  const threads = Array.from({ length: THREADS }, (_, i) => new MailboxThread(lender, clock, `thread ${i}`))
  const seen = new Map<string, string>()
  const last = new Map<string, bigint>()
  let stopped: Promise<void> | undefined
  let isOver = false
  let requests = 0

  /** All of it is checked where IDs leave, whoever issued them. */
  function issued(by: string, tag: string, batch: IdBatch): void {
    assert.ok(!isOver || by === 'main' || batch.count === 0, 'no thread issues once the stop is over')
    for (const id of batchNumbers(batch)) {
      const before = seen.get(`${tag} ${id}`)
      assert.equal(before, undefined, `${id} by ${before} and ${by}`)
      seen.set(`${tag} ${id}`, by)
      assert.ok(id > (last.get(`${by} ${tag}`) ?? -1n), 'one thread gives the IDs of one tag in order')
      last.set(`${by} ${tag}`, id)
    }
  }

  function request(thread: MailboxThread, { kind, path: tag = '', count: n = 1 }: Request): void {
    const batch = new IdBatch()
    if (kind === 'try') {
      thread.borrower.tryTake(tag, n, batch)
      return issued(thread.owner, tag, batch)
    }
    requests += 1
    const by = `request ${requests} of ${thread.owner}`
    void thread.borrower.take(tag, n, batch).then(
      () => issued(by, tag, batch),
      () => {},
    )
  }

  return {
    service,
    lender,
    takeOnMain(tag: string, n: number): void {
      const live = directory.peek(tag)
      const batch = new IdBatch()
      if (live !== undefined) generate.tryTake(live, n, batch)
      issued('main', tag, batch)
    },
    onThread(index: number, now: Request): void {
      const thread = threads[index]
      if (thread === undefined) return
      if (now.kind === 'speak') thread.speak()
      else if (now.kind === 'hear') thread.hear()
      else if (now.kind === 'die') thread.die()
      else if (now.kind === 'hang') thread.hung = true
      else if (!thread.dead) request(thread, now)
    },
    stop(): void {
      stopped ??= lender.stop().then(() => {
        isOver = true
      })
    },
    async end(): Promise<number> {
      this.stop()
      for (const thread of threads) await thread.converse()
      // Those that hang are terminated after their time.
      clock.advance(2000)
      await settle()
      await stopped
      for (const thread of threads) {
        if (thread.dead) continue
        const batch = new IdBatch()
        for (const tag of PATHS) assert.equal(thread.borrower.tryTake(tag, 1, batch), false)
      }
      await service.stop()
      return seen.size
    },
  }
}
