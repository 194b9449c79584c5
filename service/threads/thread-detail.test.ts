import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fakeThreads } from '../../test/fixtures/fake-threads.ts'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { SubBlockLender } from '../app/sub-block-lender.ts'
import { IdBatch } from '../core/id-batch.ts'
import { ThreadPool } from './thread-pool.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

/** A pool of one thread, whose main thread may write lines for debugging or not. */
async function pool(t: TestContext) {
  const service = await memoryUseCases()
  t.after(() => service.stop())
  const { catalog, log } = service.useCases
  await catalog.createWorkspace(ACTOR, 'w', '')
  await catalog.createGroup(ACTOR, 'w', 'g', '')
  await catalog.createTag(ACTOR, { workspace: 'w', group: 'g', name: 'orders' }, { algorithm: 'segment' })
  const level = { debugs: false }
  const lines: string[] = []
  const useCases = {
    ...service.useCases,
    log: {
      get debugs() {
        return level.debugs
      },
      debug: ({ why }: { readonly why?: unknown }) => void lines.push(String(why)),
      info: log.info.bind(log),
      warn: log.warn.bind(log),
      error: log.error.bind(log),
    },
  }
  const lender = new SubBlockLender({ ...useCases, maxCount: 10_000 })
  const { world, start } = fakeThreads(service.clock)
  const threads = new ThreadPool({ useCases, clock: service.clock, lender, start, count: 1, passedOn: {} })
  await threads.listen('http', 0)
  await settle()
  /** As long as live settings take to reach a thread. */
  const aSecond = async (): Promise<void> => {
    service.clock.advance(1000)
    await settle()
  }
  return { service, level, lines, aSecond, thread: world.started[0] }
}

test('lines for debugging come from a thread as soon as the level is changed, and no longer', async (t) => {
  const { level, lines, aSecond, thread } = await pool(t)
  const say = async (why: string): Promise<void> => {
    thread?.parts?.log.debug({ why }, 'segment blocks were not put aside at start')
    await settle()
  }
  await aSecond()
  await say('before')
  level.debugs = true
  await aSecond()
  await say('while')
  level.debugs = false
  await aSecond()
  await say('after')
  assert.deepEqual(lines, ['while'])
})

test('a sample of a call that a thread answered names its trace', async (t) => {
  const { service, aSecond, thread } = await pool(t)
  service.useCases.ledger.configure({ sampleEvery: 2 })
  await aSecond()
  const taking = thread?.issuer?.take('w/g/orders', 1, new IdBatch(), 1)
  await settle()
  await taking
  for (const traceId of ['0'.repeat(31).concat('1'), TRACE])
    thread?.issuer?.countCall('key', 'w/g/orders', 'ok', 1, traceId)
  await settle()
  const samples = (await service.audited()).filter(({ action }) => action === 'generate')
  assert.deepEqual(
    samples.map(({ actor, subject, traceId }) => [actor, subject, traceId]),
    [['key', 'w/g/orders', TRACE]],
  )
})

test('what was attempted first with a key that a thread refuses stands in the audit log, by its trace too', async (t) => {
  const { service, thread } = await pool(t)
  const first = { operation: 'POST /v1/workspaces/:workspace', subject: 'acme', traceId: TRACE }
  const others = { operation: 'GET /v1/ids/:id', subject: undefined, traceId: undefined }
  for (const attempt of [first, others]) {
    const asked = thread?.issuer?.authenticate('idg_wrong', '192.0.2.1', attempt)
    await assert.rejects(asked ?? assert.fail('no thread'), { code: 'IDGEN_UNAUTHENTICATED' })
  }
  service.useCases.refusedKeys.write()
  const refusals = (await service.audited()).filter(({ action }) => action === 'key.refuse')
  assert.deepEqual(
    refusals.map(({ traceId, detail }) => [traceId, detail]),
    [[TRACE, { address: '192.0.2.1', times: 2, first: { operation: first.operation, subject: 'acme' } }]],
  )
})
