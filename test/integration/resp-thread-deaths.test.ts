// Runs beside others: its limit only ends a wait for what must come.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { loadConfig } from '../../service/config/load.ts'
import { ConnectionTable } from '../../service/sockets/connection-table.ts'
import { threadStarter, workOf } from '../../service/start-threads.ts'
import type { ThreadHandle } from '../../service/threads/protocol-thread.ts'
import { ThreadPool } from '../../service/threads/thread-pool.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { memoryUseCases } from '../fixtures/memory-use-cases.ts'
import { RespLoad } from '../fixtures/resp-load.ts'
import { until } from '../fixtures/until.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const TAGS = { orders: 'segment', events: 'snowflake', coupons: 'uuid-v4' } as const
/** A start wants a second of CPU, and a machine with other work gives it a fiftieth of a core: as long as the service itself waits for one. */
const START_LIMIT_MS = 90_000

/** Two real threads over stores in memory, and what the test needs to end one. */
async function pool(t: TestContext) {
  const memory = await memoryUseCases({ clock: new SystemClock() })
  const { useCases, service, keyText } = memory
  await useCases.catalog.createWorkspace(ACTOR, 'demo', '')
  await useCases.catalog.createGroup(ACTOR, 'demo', 'load', '')
  for (const [name, algorithm] of Object.entries(TAGS))
    await useCases.catalog.createTag(ACTOR, { workspace: 'demo', group: 'load', name }, { algorithm })
  const config = loadConfig(undefined, {
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_RESP_HOST: '127.0.0.1',
    IDGEN_SERVER_HTTP_HOST: '127.0.0.1',
  })
  const start = threadStarter(config, useCases, workOf(config), new ConnectionTable(2))
  const handles: ThreadHandle[] = []
  const threads = new ThreadPool({
    count: 2,
    lender: service.lender,
    useCases,
    clock: useCases.clock,
    passedOn: {},
    start: (events, meters) => {
      const handle = start(events, meters)
      handles.push(handle)
      return handle
    },
  })
  const port = await threads.listen('resp', 0)
  t.after(async () => {
    await threads.drain(100)
    await memory.stop()
    // A test that failed must not leave threads that keep its process alive.
    for (const handle of handles) await handle.terminate()
  })
  return { memory, threads, handles, port, keyText }
}

test('a thread that is killed under load is replaced, and what it held comes from nobody again', async (t) => {
  const { memory, threads, handles, port, keyText } = await pool(t)
  const issued = new IssuedIds()
  const tags = Object.keys(TAGS)
  const load = new RespLoad({ port, tags, key: keyText, issued, issuer: 'here', connections: 8 })
  await load.start()
  for (let death = 0; death < 4; death += 1) {
    await pause(400)
    await handles[death]?.terminate()
    assert.equal(threads.running, 1)
    await until('it is replaced', () => threads.running === 2, START_LIMIT_MS)
    const before = load.answers
    await until('callers are served on', () => load.answers > before)
  }
  await until('a thousand answers', () => load.answers > 1000)
  await load.stop()
  issued.verify()
  assert.equal(threads.deaths, 4)
  threads.fold()
  // Counts outlive their threads: each answer that was received stands in them.
  for (const tag of tags) {
    const served = memory.useCases.directory.peek(`demo/load/${tag}`)?.served[TAGS[tag as keyof typeof TAGS]]
    assert.ok((served?.ids ?? 0) >= (issued.perTag.get(tag) ?? 0), tag)
  }
})

test('threads that were told to stop end by themselves, and nothing was terminated', async (t) => {
  const { memory, threads, port, keyText } = await pool(t)
  const issued = new IssuedIds()
  const load = new RespLoad({ port, tags: ['orders'], key: keyText, issued, issuer: 'here', connections: 4 })
  await load.start()
  await pause(300)
  await threads.drain(1000)
  await load.stop()
  await memory.stop()
  assert.equal(memory.service.lender.threads, 0)
  assert.equal(threads.deaths, 0)
  assert.ok(!memory.log.lines.some(({ level }) => level === 'warn' || level === 'error'))
})
