import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { SystemClock } from './clock.ts'
import { HttpKubeClient } from './http-kube-client.ts'
import { isStatus, KubeError } from './kube-client.ts'
import { FileConnection } from './kubeconfig.ts'

/** A client of a plain server; test/cluster has the real one. */
async function withServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  run: (client: HttpKubeClient) => Promise<void>,
): Promise<void> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const token = { text: 'secret' }
  const connection = new FileConnection({ server: url, token, insecure: true }, new SystemClock())
  try {
    await run(new HttpKubeClient(connection, 'test-agent'))
  } finally {
    connection.close()
    server.closeAllConnections()
    server.close()
  }
}

async function read(lines: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const line of lines) all.push(line)
  return all
}

describe('http client of the Kubernetes API', () => {
  test('a call carries who asks, what it is, and its query encoded', async () => {
    const seen: unknown[] = []
    await withServer(
      (request, response) => {
        const { authorization, 'user-agent': agent, 'content-type': type } = request.headers
        seen.push([request.method, request.url, authorization, agent, type])
        response.end('{"a":1}')
      },
      async (client) => {
        const answer = await client.send({
          method: 'PATCH',
          path: '/x',
          query: { labelSelector: 'a=b,c' },
          contentType: 'application/merge-patch+json',
          body: {},
        })
        assert.deepEqual(answer, { a: 1 })
      },
    )
    assert.deepEqual(seen, [
      ['PATCH', '/x?labelSelector=a%3Db%2Cc', 'Bearer secret', 'test-agent', 'application/merge-patch+json'],
    ])
  })

  test('lines of a watch come whole, however they were cut on the way', async () => {
    const text = '{"n":1,"t":"ü€"}\n\n{"n":2}\n{"n":'
    await withServer(
      (_request, response) => {
        // In the middle of the euro sign, and of a line; the last one is never finished.
        const bytes = Buffer.from(text)
        const cuts = [0, bytes.indexOf(0x82), bytes.indexOf('{"n":2') + 3, bytes.length]
        const [first, second, third] = cuts.map((from, i) => bytes.subarray(from, cuts[i + 1]))
        response.write(first)
        setTimeout(() => response.write(second), 15)
        setTimeout(() => response.end(third), 30)
      },
      async (client) =>
        assert.deepEqual(await read(client.watch({ method: 'GET', path: '/w' })), [
          { n: 1, t: 'ü€' },
          { n: 2 },
        ]),
    )
  })

  test('a watch that is torn throws, after all lines before it', async () => {
    await withServer(
      (_request, response) => {
        response.write('{"n":1}\n')
        setTimeout(() => response.socket?.resetAndDestroy(), 20)
      },
      async (client) => {
        const lines: unknown[] = []
        await assert.rejects(
          async () => {
            for await (const line of client.watch({ method: 'GET', path: '/w' })) lines.push(line)
          },
          (thrown) => isStatus(thrown, 0),
        )
        assert.deepEqual(lines, [{ n: 1 }])
      },
    )
  })

  test('what is no JSON ends a watch, and is an error of the call', async () => {
    await withServer(
      (_request, response) => response.end('<html>\n'),
      async (client) => {
        await assert.rejects(read(client.watch({ method: 'GET', path: '/w' })), /no JSON: <html>/)
      },
    )
    await withServer(
      (_request, response) => {
        response.statusCode = 502
        response.end('<html>')
      },
      async (client) => {
        await assert.rejects(client.send({ method: 'GET', path: '/x' }), (thrown) => isStatus(thrown, 502))
        await assert.rejects(read(client.watch({ method: 'GET', path: '/x' })), (thrown) =>
          isStatus(thrown, 502),
        )
      },
    )
  })

  test('leaving a watch closes its connection', async () => {
    const closed = Promise.withResolvers<void>()
    await withServer(
      (_request, response) => {
        response.on('close', () => closed.resolve())
        response.write('{"n":1}\n')
      },
      async (client) => {
        for await (const _line of client.watch({ method: 'GET', path: '/w' })) break
        await closed.promise
      },
    )
  })

  test('an abort ends a call that hangs and a watch that says nothing', async () => {
    await withServer(
      () => {},
      async (client) => {
        const abort = new AbortController()
        const call = client.send({ method: 'GET', path: '/x', signal: abort.signal })
        const watch = read(client.watch({ method: 'GET', path: '/w', signal: abort.signal }))
        setTimeout(() => abort.abort(), 20)
        await assert.rejects(call, KubeError)
        await assert.rejects(watch, KubeError)
      },
    )
  })
})
