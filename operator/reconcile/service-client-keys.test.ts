import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { testCertificate } from '../../test/cluster/test-certificate.ts'
import { HttpsServiceClient } from './service-client-https.ts'

const NEVER = AbortSignal.any([])

describe('the client of a service whose pods know different keys', () => {
  let server: Server
  let client: HttpsServiceClient
  /** As a Service does: each new connection meets the next of these pods, which knows one key. */
  let pods: string[] = []
  let asked: string[] = []
  let connections = 0
  const knownTo = new Map<Socket, string>()
  const { ca, cert, key } = testCertificate('ids', 'shop')

  before(async () => {
    server = createServer({ cert, key }, (request, response) => {
      const given = request.headers.authorization?.replace('Bearer ', '') ?? ''
      const known = knownTo.get(request.socket)
      asked.push(`${given} of ${known}`)
      request.resume()
      request.on('end', () => response.writeHead(given === known ? 204 : 401).end())
    })
    server.on('secureConnection', (socket) => {
      knownTo.set(socket, pods[connections % pods.length] ?? 'none')
      connections += 1
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  beforeEach(() => {
    client?.close()
    asked = []
    connections = 0
    const { port } = server.address() as AddressInfo
    client = new HttpsServiceClient({
      address: `https://127.0.0.1:${port}`,
      servername: 'ids.shop.svc',
      ca,
      key: 'new',
      otherKeys: ['old'],
    })
  })
  after(async () => {
    client?.close()
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  const call = (): Promise<void> => client.revokeKey('k', NEVER)

  test('asks a pod that refuses the newest with the other one, and again only on a new connection', async () => {
    pods = ['old']
    await call()
    await call()
    assert.deepEqual(asked, ['new of old', 'old of old', 'old of old'])
  })

  test('never asks a pod of the canary with a key that it does not know', async () => {
    pods = ['old', 'new']
    for (let round = 0; round < 4; round += 1) await Promise.all(Array.from({ length: 8 }, call))
    assert.equal(asked.includes('old of new'), false)
    assert.ok(asked.filter((one) => one === 'new of old').length <= connections)
    assert.ok(asked.length <= 32 + connections)
  })

  test('goes back to the first when the pod knows that one by now', async () => {
    pods = ['old']
    await call()
    for (const socket of knownTo.keys()) knownTo.set(socket, 'new')
    await call()
    assert.deepEqual(asked.slice(2), ['old of new', 'new of new'])
  })

  test('tells of a refusal when all were refused, each once, and begins anew with the next call', async () => {
    pods = ['another']
    await assert.rejects(call(), { status: 401 })
    await assert.rejects(call(), { status: 401 })
    assert.deepEqual(asked, ['new of another', 'old of another', 'new of another', 'old of another'])
  })

  test('gives up when every try meets a pod that knows the other one', async () => {
    pods = ['old']
    // The answer closes each connection, so that what was learnt of it is of no use.
    const closeAll = (_request: unknown, response: { shouldKeepAlive: boolean }): void => {
      response.shouldKeepAlive = false
    }
    server.prependListener('request', closeAll)
    await assert.rejects(call(), { status: 401 })
    server.off('request', closeAll)
    assert.equal(asked.length, 6)
  })
})
