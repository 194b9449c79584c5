// Runs beside others: its limit only ends a wait for what must come.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { loadConfig } from '../../service/config/load.ts'
import { PassedRequests } from '../../service/http/passed-requests.ts'
import { createHttpServer } from '../../service/http/server.ts'
import { ConnectionTable } from '../../service/sockets/connection-table.ts'
import { threadStarter, workOf } from '../../service/start-threads.ts'
import type { ThreadHandle } from '../../service/threads/protocol-thread.ts'
import { ThreadPool } from '../../service/threads/thread-pool.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { memoryUseCases } from '../fixtures/memory-use-cases.ts'
import { until } from '../fixtures/until.ts'

const ACTOR = { actor: 'test', traceId: undefined }
const CALLERS = 8
/** A start wants a second of CPU, and a machine with other work gives it a fiftieth of a core: as long as the service itself waits for one. */
const START_LIMIT_MS = 90_000

test('threads that are killed under load are replaced, what they held comes from nobody again, and management goes on', async (t) => {
  const memory = await memoryUseCases({ clock: new SystemClock() })
  const { useCases, service, keyText } = memory
  await useCases.catalog.createWorkspace(ACTOR, 'demo', '')
  await useCases.catalog.createGroup(ACTOR, 'demo', 'load', '')
  await useCases.catalog.createTag(
    ACTOR,
    { workspace: 'demo', group: 'load', name: 'orders' },
    { algorithm: 'segment' },
  )
  const config = loadConfig(undefined, { IDGEN_SERVER_HTTP_HOST: '127.0.0.1' })
  const passed = new PassedRequests()
  const app = await createHttpServer(useCases, { bodyLimit: 65_536, version: '1.2.3', passed })
  const start = threadStarter(config, useCases, workOf(config), new ConnectionTable(2))
  const handles: ThreadHandle[] = []
  const threads = new ThreadPool({
    count: 2,
    lender: service.lender,
    useCases,
    clock: useCases.clock,
    passedOn: { http: (question) => passed.answer(question) },
    start: (events, meters) => {
      const handle = start(events, meters)
      handles.push(handle)
      return handle
    },
  })
  const origin = `http://127.0.0.1:${await threads.listen('http', 0)}`
  t.after(async () => {
    await threads.drain(100)
    await app.close()
    await memory.stop()
    // A test that failed must not leave threads that keep its process alive.
    for (const handle of handles) await handle.terminate()
  })
  const headers = { authorization: `Bearer ${keyText}` }
  const issued = new IssuedIds()
  const ended = new AbortController()
  const counts = { answers: 0, listed: 0 }
  const call = async (): Promise<void> => {
    while (!ended.signal.aborted)
      try {
        const url = `${origin}/v1/workspaces/demo/groups/load/tags/orders/ids`
        const response = await fetch(url, { method: 'POST', headers })
        const { ids } = (await response.json()) as { ids: [string] }
        issued.text('orders', ids[0], 'http', 'here')
        counts.answers += 1
        // Passed on, so some of them are under way when a thread ends.
        const listed = await fetch(`${origin}/v1/workspaces`, { headers })
        if (listed.status === 200) counts.listed += 1
        await listed.text()
      } catch {
        // The connection ended with its thread; the next one goes to another.
        await pause(5)
      }
  }
  const calls = Promise.all(Array.from({ length: CALLERS }, call))
  for (let death = 0; death < 3; death += 1) {
    await pause(300)
    await handles[death]?.terminate()
    await until('it is replaced', () => threads.running === 2, START_LIMIT_MS)
    const before = { ...counts }
    await until(
      'callers are served on',
      () => counts.answers > before.answers && counts.listed > before.listed,
    )
  }
  ended.abort()
  await calls
  issued.verify()
  assert.equal(threads.deaths, 3)
  threads.fold()
  const served = useCases.directory.peek('demo/load/orders')?.served.segment
  assert.ok((served?.ids ?? 0) >= counts.answers, 'counts outlive their threads')
  assert.ok(threads.passed >= counts.listed)
})
