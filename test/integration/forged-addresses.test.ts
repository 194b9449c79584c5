// Runs beside others: one request a second passes, and twenty take less than twenty seconds on any machine.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { connect, type IncomingHttpHeaders as Http2Headers } from 'node:http2'
import { connect as connectSocket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { DecodeRequest } from '../../service/grpc/generated/idgen/v1/id_service.ts'
import { IdServiceService } from '../fixtures/grpc-stubs.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { testDatabase } from './postgres-server.ts'

/** Who a client says it is, over HTTP and gRPC, where one address may ask once a second. */

const KEY = 'forged-addresses-admin-key'
const PROXY = '127.0.0.2'
/** Linux answers on the whole of 127.0.0.0/8; others have only the first address of it. */
const ONE_ADDRESS =
  process.platform === 'linux' ? false : 'needs several loopback addresses, as Linux has them'
const REQUESTS = 20

/** Whether a request was let through, and what its answer said. */
interface Answer {
  readonly passed: boolean
  readonly headers: IncomingHttpHeaders | Http2Headers
}

type Ask = (service: ServiceProcess, from: string, headers: Record<string, string>) => Promise<Answer>

const PROTOCOLS: Record<string, Ask> = { http: askHttp, grpc: askGrpc }

async function askHttp(service: ServiceProcess, from: string, more: Record<string, string>): Promise<Answer> {
  const headers = { authorization: `Bearer ${KEY}`, ...more }
  const call = request(`${service.httpOrigin}/v1/ids/1`, { localAddress: from, headers, agent: false }).end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  assert.ok(response.statusCode === 200 || response.statusCode === 429, `${response.statusCode}`)
  return { passed: response.statusCode === 200, headers: response.headers }
}

const MESSAGE = Buffer.from(DecodeRequest.encode({ id: '1' }).finish())

async function askGrpc(service: ServiceProcess, from: string, more: Record<string, string>): Promise<Answer> {
  const [host = '', port = ''] = service.grpcAddress.split(':')
  const socket = connectSocket({ host, port: Number(port), localAddress: from })
  const session = connect(`http://${service.grpcAddress}`, { createConnection: () => socket })
  const call = session.request({
    ':method': 'POST',
    ':path': IdServiceService.decode.path,
    'content-type': 'application/grpc',
    authorization: `Bearer ${KEY}`,
    ...more,
  })
  let headers: Http2Headers = {}
  for (const event of ['response', 'trailers'] as const)
    call.on(event, (some: Http2Headers) => (headers = { ...headers, ...some }))
  call.resume()
  call.end(Buffer.concat([Buffer.from([0, 0, 0, 0, MESSAGE.length]), MESSAGE]))
  await once(call, 'close')
  session.close()
  assert.ok(['0', '8'].includes(String(headers['grpc-status'])), JSON.stringify(headers))
  return { passed: headers['grpc-status'] === '0', headers }
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
