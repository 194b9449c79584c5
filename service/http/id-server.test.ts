import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { LocalIssuer } from '../app/local-issuer.ts'
import { ConnectionPlaces } from '../sockets/connection-places.ts'
import { createIdServer } from './id-server.ts'
import type { PassedRequest } from './passed-requests.ts'

/** The HTTP API of a thread, and what it passes on. The clock stands still. */
async function thread(t: TestContext, { perAddress = 3, encryptedOnly = false } = {}) {
  const { useCases } = await memoryUseCases({
    environment: { IDGEN_LIMITS_PER_ADDRESS: String(perAddress) },
  })
  const passed: (readonly [request: PassedRequest, client: string])[] = []
  const app = await createIdServer({
    ...useCases,
    issuer: new LocalIssuer(useCases, 'http'),
    bodyLimit: 1000,
    maxConnectionAgeMs: 0,
    secure: undefined,
    places: ConnectionPlaces.upTo(10, 'http'),
    encryptedOnly,
    passOn: async (...one) => {
      passed.push(one)
      return { status: 200, headers: {}, body: new Uint8Array() }
    },
    isLeaving: () => false,
  })
  t.after(() => app.close())
  const statuses = async (times: number, method: 'GET' | 'PUT', url: string, remoteAddress = '192.0.2.1') => {
    const told: number[] = []
    for (let i = 0; i < times; i += 1)
      told.push((await app.inject({ method, url, remoteAddress })).statusCode)
    return told
  }
  return { useCases, app, passed, statuses }
}

test('what a stranger asks of the main thread counts for the address before it is passed on', async (t) => {
  for (const [method, url] of [
    ['GET', '/v1/workspaces'],
    ['GET', '/ui'],
    ['GET', '/nothing'],
    ['PUT', '/readyz'],
  ] as const) {
    const { passed, statuses, useCases } = await thread(t)
    assert.deepEqual(await statuses(5, method, url), [200, 200, 200, 429, 429], url)
    assert.deepEqual(
      passed.map(([{ counted }, client]) => [counted, client]),
      Array.from({ length: 3 }, () => [true, '192.0.2.1']),
    )
    assert.equal(useCases.rates.refused.address, 2)
    // Others are not concerned.
    assert.deepEqual(await statuses(1, method, url, '192.0.2.2'), [200])
  }
})

test('the refusal says when to come again', async (t) => {
  const { app, statuses } = await thread(t, { perAddress: 1 })
  await statuses(1, 'GET', '/ui')
  const { headers } = await app.inject({ url: '/ui', remoteAddress: '192.0.2.1' })
  assert.equal(headers['retry-after'], '1')
  assert.equal(headers['ratelimit'], '"address";r=0;t=1')
})

test('probes are passed on whatever the limit, with or without a query', async (t) => {
  const { passed, statuses } = await thread(t, { perAddress: 1 })
  for (const url of ['/livez', '/readyz', '/readyz?verbose'])
    assert.deepEqual(await statuses(3, 'GET', url), [200, 200, 200], url)
  assert.ok(passed.every(([{ counted }]) => !counted))
})

test('who comes without encryption where it is wanted counts too', async (t) => {
  const { statuses } = await thread(t, { perAddress: 1, encryptedOnly: true })
  assert.deepEqual(await statuses(2, 'GET', '/v1/workspaces'), [200, 429])
})
