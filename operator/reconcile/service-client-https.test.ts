import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { testCertificate } from '../../test/cluster/test-certificate.ts'
import { ServiceError } from './service-client.ts'
import { HttpsServiceClient, type ServiceAccess } from './service-client-https.ts'

const PATH = { workspace: 'a b', group: 'g', tag: 't' }
const NEVER = AbortSignal.any([])

describe('the client of the service over HTTPS', () => {
  let server: Server
  let access: ServiceAccess
  let client: HttpsServiceClient
  let connections = 0
  const seen: { method: string | undefined; url: string | undefined; body: string }[] = []
  let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {}

  before(async () => {
    const { ca, cert, key } = testCertificate('ids', 'shop')
    server = createServer({ cert, key }, (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        seen.push({ method: request.method, url: request.url, body: Buffer.concat(chunks).toString() })
        answer(request, response)
      })
    })
    server.on('secureConnection', () => (connections += 1))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    access = { address: `https://127.0.0.1:${port}`, servername: 'ids.shop.svc', ca, key: 'secret' }
    client = new HttpsServiceClient(access)
  })
  after(async () => {
    client?.close()
    server?.closeAllConnections()
    server?.close()
    await once(server, 'close')
  })

  async function failure(
    status: number,
    headers: Record<string, string>,
    body: string,
  ): Promise<ServiceError> {
    answer = (_request, response) => response.writeHead(status, headers).end(body)
    return await client.revokeKey('k', NEVER).then(
      () => assert.fail('it should have failed'),
      (thrown: unknown) => (thrown instanceof ServiceError ? thrown : assert.fail(String(thrown))),
    )
  }

  test('what it sends is encoded, signed with the key, and goes over one kept connection', async () => {
    connections = 0
    answer = (request, response) => {
      assert.equal(request.headers.authorization, 'Bearer secret')
      response.writeHead(204).end()
    }
    await client.release(PATH, 'u&1', 'purge', NEVER)
    await client.putKey('k', { name: 'n', within: 'w/g/t', sha256: 'ff', declaredBy: 'u' }, NEVER)
    assert.deepEqual(seen.splice(0), [
      {
        method: 'DELETE',
        url: '/v1/workspaces/a%20b/groups/g/tags/t/declaration?uid=u%261&policy=purge',
        body: '',
      },
      {
        method: 'PUT',
        url: '/v1/keys/k',
        body: '{"name":"n","within":"w/g/t","sha256":"ff","scopes":["issue"],"declaredBy":"u"}',
      },
    ])
    assert.ok(connections <= 1)
  })

  test('a service that does not know yet whose a key is gets it without, and no other refusal is gone round', async () => {
    seen.length = 0
    const key = { name: 'n', within: 'w/g/t', sha256: 'ff', declaredBy: 'u' }
    const refuseUnless = (known: (body: string) => boolean, detail: string): void => {
      answer = (_request, response) => {
        const taken = known(seen.at(-1)?.body ?? '')
        response.writeHead(taken ? 200 : 400).end(JSON.stringify({ code: 'IDGEN_REQUEST_INVALID', detail }))
      }
    }
    // As the service answers to any field that it does not know.
    refuseUnless((body) => !body.includes('declaredBy'), '/declaredBy is not known here.')
    await client.putKey('k', key, NEVER)
    assert.deepEqual(
      seen.splice(0).map(({ body }) => body.includes('"declaredBy":"u"')),
      [true, false],
    )
    refuseUnless(() => false, '/name must have 1 to 200 characters.')
    await assert.rejects(client.putKey('k', key, NEVER), { code: 'IDGEN_REQUEST_INVALID' })
    assert.equal(seen.splice(0).length, 1)
  })

  test('a problem is told with its code, its faults and how long to wait', async () => {
    const body = JSON.stringify({
      code: 'IDGEN_X',
      detail: 'No.',
      retryable: true,
      faults: [{ path: '/a', message: 'too long' }],
    })
    const { code, status, detail, retryable, retryAfterMs } = await failure(503, { 'retry-after': '7' }, body)
    assert.deepEqual(
      { code, status, detail, retryable, retryAfterMs },
      { code: 'IDGEN_X', status: 503, detail: 'No. (/a: too long)', retryable: true, retryAfterMs: 7000 },
    )
  })

  test('something in between that answers without a problem is told, too', async () => {
    const { code, status, detail, retryable } = await failure(502, {}, '<html>')
    assert.deepEqual([code, status, detail, retryable], ['', 502, 'HTTP status 502', true])
  })

  test('an answer of another version is named, and one that is too long is not read', async () => {
    answer = (_request, response) => response.end('{"workspace":"w"}')
    await assert.rejects(client.find(PATH, NEVER), /makes no sense: settings should be a JSON object/)
    answer = (_request, response) => response.end('x'.repeat(5 * 1024 * 1024))
    await assert.rejects(client.find(PATH, NEVER), /longer than 4194304 bytes/)
  })

  test('a call that runs when the client is closed has its answer, and no connection stays', async () => {
    const old = new HttpsServiceClient(access)
    const asked = Promise.withResolvers<ServerResponse>()
    answer = (_request, response) => asked.resolve(response)
    const call = old.revokeKey('k', NEVER)
    const response = await asked.promise
    old.close()
    const ended = response.socket === null ? undefined : once(response.socket, 'close')
    response.writeHead(204).end()
    await call
    await ended
  })

  test('who gives up waiting gets his own reason', async () => {
    answer = () => {}
    const end = new AbortController()
    const call = client.find(PATH, end.signal)
    end.abort(new Error('enough'))
    await assert.rejects(call, /enough/)
  })

  test('a connection that the other side closed is replaced once, a new one that is torn is told', async () => {
    let torn = 0
    answer = (request, response) => {
      torn += 1
      if (torn === 2) request.socket.destroy()
      else response.writeHead(204).end()
    }
    await client.revokeKey('k', NEVER)
    await client.revokeKey('k', NEVER)
    assert.equal(torn, 3)
    answer = (request) => request.socket.destroy()
    await assert.rejects(
      client.revokeKey('k', NEVER),
      (thrown: unknown) => thrown instanceof ServiceError && thrown.status === 0,
    )
  })

  test('an address without encryption is refused before a key is sent', () => {
    assert.throws(
      () => new HttpsServiceClient({ ...access, address: 'http://127.0.0.1:8080' }),
      /must begin with https/,
    )
  })
})
