// Runs beside others: one request a second passes, and twenty take less than twenty seconds on any machine.

import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { type TestContext, test } from 'node:test'
import { DecodeRequest } from '../../service/grpc/generated/idgen/v1/id_service.ts'
import { callGrpc, grpcSessionFrom, HttpFrom, ONE_ADDRESS } from '../fixtures/calls-from-address.ts'
import { IdServiceService } from '../fixtures/grpc-stubs.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { testDatabase } from './postgres-server.ts'

/** Who a client says it is, over HTTP and gRPC, where one address may ask once a second. */

const KEY = 'forged-addresses-admin-key'
const PROXY = '127.0.0.2'
const REQUESTS = 20

/** Whether a request was let through, and what its answer said. */
interface Answer {
  readonly passed: boolean
  readonly headers: IncomingHttpHeaders
}

type Ask = (service: ServiceProcess, from: string, headers: Record<string, string>) => Promise<Answer>

const PROTOCOLS: Record<string, Ask> = { http: askHttp, grpc: askGrpc }

async function askHttp(
  { httpOrigin }: ServiceProcess,
  from: string,
  headers: Record<string, string>,
): Promise<Answer> {
  using client = new HttpFrom(httpOrigin, from)
  const answer = await client.call({ method: 'GET', path: '/v1/ids/1', key: KEY, headers })
  assert.ok(answer.status === 200 || answer.status === 429, answer.text)
  return { passed: answer.status === 200, headers: answer.headers }
}

const MESSAGE = DecodeRequest.encode({ id: '1' }).finish()

async function askGrpc(
  { grpcAddress }: ServiceProcess,
  from: string,
  headers: Record<string, string>,
): Promise<Answer> {
  const session = grpcSessionFrom(grpcAddress, from)
  const call = { path: IdServiceService.decode.path, message: MESSAGE, key: KEY, headers }
  const answer = await callGrpc(session, call)
  session.close()
  assert.ok(answer.status === '0' || answer.status === '8', answer.said)
  return { passed: answer.status === '0', headers: answer.headers }
}

async function started(t: TestContext): Promise<ServiceProcess> {
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_LIMITS_PER_ADDRESS: '1',
    IDGEN_SERVER_TRUSTED_PROXIES: PROXY,
    IDGEN_SERVER_THREADS: '1',
  })
  t.after(() => service.stop('SIGTERM'))
  return service
}

/** Of requests that each claim another address on the left: how many were refused. */
async function refused(ask: Ask, service: ServiceProcess, from: string, right: string): Promise<number> {
  let count = 0
  for (let i = 1; i <= REQUESTS; i += 1) {
    const forged = `198.51.100.${i}`
    const { passed } = await ask(service, from, {
      'x-forwarded-for': right === '' ? forged : `${forged}, ${right}`,
      forwarded: `for=${forged}`,
      'x-real-ip': forged,
      'x-client-ip': forged,
    })
    if (!passed) count += 1
  }
  return count
}

test('nobody gains a limit of his own by claiming addresses, over HTTP and gRPC', {
  skip: ONE_ADDRESS,
}, async (t) => {
  const service = await started(t)
  for (const [name, ask] of Object.entries(PROTOCOLS)) {
    // One passes a second, and twenty requests are a matter of less than twenty.
    const own = name === 'http' ? '127.0.0.11' : '127.0.0.12'
    assert.ok((await refused(ask, service, own, '')) > 0, `${name}: who asks directly is himself`)
    const client = name === 'http' ? '203.0.113.1' : '203.0.113.2'
    assert.ok((await refused(ask, service, PROXY, client)) > 0, `${name}: what stands on the left is forged`)
  }
})

test('each client of a trusted proxy has a limit of its own, and a refusal says when to come again', {
  skip: ONE_ADDRESS,
}, async (t) => {
  const service = await started(t)
  for (const [at, [name, ask]] of Object.entries(PROTOCOLS).entries()) {
    let last: Answer | undefined
    for (let i = 1; i <= REQUESTS; i += 1) {
      const headers = { 'x-forwarded-for': `192.0.2.${at * 100 + i}` }
      const { passed } = await ask(service, PROXY, headers)
      assert.ok(passed, `${name}: client ${i}`)
      // The second within a second of the first; a machine that stands still for so long lets it pass.
      const again = await ask(service, PROXY, headers)
      if (!again.passed) last = again
    }
    assert.ok(last !== undefined, `${name}: nobody was refused`)
    if (name === 'http') {
      assert.equal(last.headers['retry-after'], '1')
      assert.equal(last.headers['ratelimit-policy'], '"address";q=1;w=1')
      assert.equal(last.headers['ratelimit'], '"address";r=0;t=1')
    } else {
      const details = Buffer.from(String(last.headers['grpc-status-details-bin']), 'base64').toString(
        'latin1',
      )
      assert.match(details, /google\.rpc\.RetryInfo/)
      assert.match(details, /IDGEN_RATE_LIMITED/)
    }
  }
})
