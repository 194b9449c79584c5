// Runs beside others: it asks for so long, and holds nothing to a time.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { IdgenClient } from '../../sdk/index.ts'
import { resp } from '../../sdk/resp.ts'
import { transportContract, transportTarget } from '../contracts/sdk-transport.contract.ts'
import { HttpApi } from '../fixtures/http-api.ts'
import { serveResp } from '../fixtures/memory-resp.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'

/** The client library over the Redis protocol: its transport on the server, and the whole of it through kills. */

async function respServer(t: TestContext) {
  const { memory } = await HttpApi.withTags(t)
  return transportTarget(t, await serveResp(t, memory.useCases), memory)
}

transportContract('RESP', resp(), 'redis', respServer)

test('no ID comes twice over the Redis protocol while the process is killed', async (t) => {
  const { world, service } = await RespService.start(t)
  const port = portOf(service)
  const client = new IdgenClient({
    endpoints: `redis://127.0.0.1:${port}`,
    transport: resp(),
    key: world.key,
    deadlineMs: 20_000,
  })
  t.after(() => client.close())
  const orders = client.numbers('demo/load/orders')
  const events = client.decimals('demo/load/events')
  const uuids = client.uuids('demo/load/uuids')
  const given = new Set<string | number>()
  let asked = 0
  const takeFor = async (ms: number): Promise<void> => {
    for (const until = Date.now() + ms; Date.now() < until; asked += 1 + 20 + 5) {
      given.add(await orders.next())
      for (const id of await events.batch(20)) given.add(id)
      for (const id of await uuids.batch(5)) given.add(id)
    }
  }
  let running = service
  for (let kill = 0; kill < 2; kill += 1) {
    await takeFor(500)
    await running.stop('SIGKILL')
    const [next] = await Promise.all([world.another(port), takeFor(500)])
    running = next
  }
  await takeFor(500)
  assert.equal(given.size, asked, 'an ID came twice')
})
