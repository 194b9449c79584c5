import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { selfSigned } from '../../test/fixtures/self-signed.ts'
import { boundedGet } from './bounded-get.ts'

const LIMITS = { timeoutMs: 5000, maxBytes: 1000 }
const never = new AbortController().signal

async function served(answer: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

describe('bounded get', () => {
  test('a page is read', async () => {
    await served(
      (_request, response) => response.end('a 1\n'),
      async (url) => assert.equal(await boundedGet(url, LIMITS, never), 'a 1\n'),
    )
  })

  test('an answer that is no success fails, and a word in JSON is read', async () => {
    await served(
      (_request, response) => response.writeHead(404).end('no such page'),
      async (url) => await assert.rejects(boundedGet(url, LIMITS, never), /status 404/),
    )
    await served(
      (_request, response) => response.writeHead(400).end('{"error":"bad query"}'),
      async (url) => assert.match(await boundedGet(url, LIMITS, never), /bad query/),
    )
  })

  test('an endless page, a silent server and nobody at all fail soon and say so', async () => {
    await served(
      (_request, response) => response.end('x'.repeat(2000)),
      async (url) => await assert.rejects(boundedGet(url, LIMITS, never), /more than 1000 bytes/),
    )
    await served(
      () => {},
      async (url) =>
        await assert.rejects(boundedGet(url, { ...LIMITS, timeoutMs: 50 }, never), /no answer within 50 ms/),
    )
    await assert.rejects(boundedGet('http://127.0.0.1:1/metrics', LIMITS, never), /127.0.0.1:1.*ECONNREFUSED/)
  })

  test('over TLS a server is known by its name and its authority, whatever its address', async (t) => {
    const own = selfSigned('pod', { nameOnly: true })
    const server = createSecureServer(own, (_request, response) => response.end('a 1\n'))
    server.listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
    const as = (servername: string, ca: string) =>
      boundedGet(url, { ...LIMITS, trust: { servername, ca } }, never)
    assert.equal(await as('localhost', own.cert), 'a 1\n')
    await assert.rejects(as('other.shop.svc', own.cert), /does not match certificate's altnames/)
    await assert.rejects(as('localhost', selfSigned('other').cert), /self-signed certificate/)
    await assert.rejects(boundedGet(url, LIMITS, never), /self-signed certificate/)
  })

  test('who is stopped is not told of a failure of the page', async () => {
    const abort = new AbortController()
    abort.abort(new Error('stopped'))
    await assert.rejects(boundedGet('http://127.0.0.1:1/metrics', LIMITS, abort.signal), /stopped/)
  })
})
