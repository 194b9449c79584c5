import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HttpApi } from '../../test/fixtures/http-api.ts'

const AGE_MS = 1000

async function aging(t: TestContext) {
  const api = await HttpApi.start(t, {}, { maxConnectionAgeMs: AGE_MS })
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.app.server.address() as AddressInfo
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  let connections = 0
  api.app.server.on('connection', () => (connections += 1))
  const ask = async (): Promise<string | undefined> => {
    const sent = request({ port, host: '127.0.0.1', path: '/livez', agent }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.resume()
    await once(response, 'end')
    assert.equal(response.statusCode, 200)
    return response.headers.connection
  }
  return { api, ask, connections: () => connections }
}

test('a connection ends with the first answer after its age, and not before', async (t) => {
  const { api, ask, connections } = await aging(t)
  assert.equal(await ask(), 'keep-alive')
  api.memory.clock.advance(AGE_MS * 0.89)
  assert.equal(await ask(), 'keep-alive')
  api.memory.clock.advance(AGE_MS * 0.22)
  assert.equal(await ask(), 'close')
  assert.equal(connections(), 1)
  assert.equal(await ask(), 'keep-alive')
  assert.equal(connections(), 2)
})

test('while the process drains every answer ends its connection, and all is still answered', async (t) => {
  const { api, ask } = await aging(t)
  assert.equal(await ask(), 'keep-alive')
  api.memory.useCases.readiness.drain()
  assert.equal(await ask(), 'close')
  assert.equal(await ask(), 'close')
})
