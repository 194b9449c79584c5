import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { IdgenClientError } from '../../sdk/core/client-error.ts'
import { checkAnswer, type IdRequest } from '../../sdk/core/id-answer.ts'
import type { Transport, TransportFactory } from '../../sdk/ports/transport.ts'
import type { NodeRecord } from '../../service/app/node-record.ts'
import type { UseCases } from '../../service/app/use-cases.ts'
import { freePort } from '../fixtures/free-ports.ts'
import type { MemoryUseCases } from '../fixtures/memory-use-cases.ts'
import { assertNoneTwice } from '../fixtures/none-twice.ts'

/** The service under a transport: acme/shop with the tags segment, snowflake, uuid-v7 and uuid-v4. */
export interface TransportTarget {
  readonly endpoint: string
  /** A key that may issue everywhere. */
  readonly key: string
  /** A key that may issue in acme/other alone. */
  readonly foreignKey: string
  /** How many requests of clients in data centre 3 it has counted. */
  readonly fromDc3: () => number
}

/** The node that it lists, on a port of its own for each protocol. */
const LISTED_NODE: NodeRecord = {
  dc: 1,
  node: 'a/1',
  http: 'http://node.example:8080',
  grpc: 'node.example:50051',
  resp: 'redis://node.example:6399',
  version: '1',
  startedAt: '2026-01-01T00:00:00.000Z',
}
const NODE_PORTS: Readonly<Record<string, number>> = { http: 8080, grpc: 50_051, redis: 6399 }

/** What each transport does, against the real servers (ports/transport.ts of the client library). */
export function transportContract(
  name: string,
  factory: TransportFactory,
  scheme: string,
  start: (t: TestContext) => Promise<TransportTarget>,
): void {
  const open = (t: TestContext, key: string | undefined): Transport => {
    const transport = factory({ key: key || undefined, dc: 3, ca: undefined })
    t.after(() => transport.close())
    return transport
  }
  const never = new AbortController().signal
  const runs = (tag: string, count: number): IdRequest => ({ path: `acme/shop/${tag}`, count, form: 'runs' })
  const texts = (tag: string, count: number): IdRequest => ({ path: `acme/shop/${tag}`, count, form: 'text' })

  describe(`${name}: transport of the client library`, () => {
    test('numbers come as runs, in order and as many as were asked for', async (t) => {
      const { endpoint, key } = await start(t)
      const transport = open(t, key)
      let last = 0n
      for (const tag of ['segment', 'snowflake'])
        for (const count of [1, 2500, 3]) {
          const request = runs(tag, count)
          const answer = await transport.issue(endpoint, request, never)
          checkAnswer(answer, request, endpoint)
          assert.ok((answer.runs[0]?.first ?? 0n) > last)
          assert.ok([undefined, tag].includes(answer.algorithm))
          assert.equal(answer.degraded, false)
          last = (answer.runs.at(-1)?.first ?? 0n) + BigInt((answer.runs.at(-1)?.count ?? 0) - 1)
        }
    })

    test('every kind of ID comes as text', async (t) => {
      const { endpoint, key } = await start(t)
      const transport = open(t, key)
      for (const tag of ['segment', 'snowflake', 'uuid-v7', 'uuid-v4']) {
        const request = texts(tag, 20)
        const answer = await transport.issue(endpoint, request, never)
        checkAnswer(answer, request, endpoint)
        assertNoneTwice(answer.texts, 20)
        assert.equal(answer.texts[0]?.length === 36, tag.startsWith('uuid'))
      }
    })

    test('what the service refuses is told with its code, and whether to try again', async (t) => {
      const { endpoint, key, foreignKey } = await start(t)
      const refuses = async (request: IdRequest, codes: string, asKey: string = key): Promise<void> => {
        await assert.rejects(open(t, asKey).issue(endpoint, request, never), (error) => {
          assert.ok(error instanceof IdgenClientError, String(error))
          assert.ok(codes.split(' ').includes(error.code), `${error.code}: ${error.message}`)
          assert.equal(error.retryable, false)
          assert.equal(error.endpoint, endpoint)
          assert.ok(error.message.length > 20, error.message)
          return true
        })
      }
      await refuses(runs('none', 1), 'IDGEN_TAG_NOT_FOUND')
      await refuses(runs('segment', 2_000_000), 'IDGEN_COUNT_OUT_OF_RANGE')
      await refuses(runs('uuid-v7', 5), 'IDGEN_REQUEST_INVALID IDGEN_CLIENT_WRONG_KIND')
      await refuses(runs('segment', 1), 'IDGEN_FORBIDDEN', foreignKey)
      await refuses(runs('segment', 1), 'IDGEN_UNAUTHENTICATED', 'idg_aaaaaaaaaaaa_wrong')
      await refuses(texts('segment', 2), 'IDGEN_UNAUTHENTICATED', '')
    })

    test('many requests at once get an answer each', async (t) => {
      const { endpoint, key } = await start(t)
      const transport = open(t, key)
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => transport.issue(endpoint, runs('segment', 10), never)),
      )
      const firsts = answers.flatMap((answer) => answer.runs.map(({ first }) => first))
      assertNoneTwice(firsts)
      assert.equal(
        answers.flatMap((answer) => answer.runs).reduce((sum, { count }) => sum + count, 0),
        500,
      )
    })

    test('the data centre of the client is told with each request', async (t) => {
      const { endpoint, key, fromDc3 } = await start(t)
      const before = fromDc3()
      const transport = open(t, key)
      for (let i = 0; i < 3; i += 1) await transport.issue(endpoint, runs('segment', 1), never)
      assert.equal(fromDc3(), before + 3)
    })

    test('the nodes of the service are listed with addresses of this protocol', async (t) => {
      const { endpoint, key } = await start(t)
      const transport = open(t, key)
      assert.deepEqual(await transport.nodes?.(endpoint, never), [
        { url: `${scheme}://node.example:${NODE_PORTS[scheme]}`, dc: 1 },
      ])
    })

    test('an address where nobody listens, and one that never answers, end the request', async (t) => {
      const silent = createServer()
      const port = await listening(t, silent)
      const transport = open(t, 'key')
      const controller = new AbortController()
      const hanging = transport.issue(`${scheme}://127.0.0.1:${port}`, runs('segment', 1), controller.signal)
      setImmediate(() => controller.abort())
      await assert.rejects(hanging)
      silent.close()
      const closedPort = await freePort()
      await assert.rejects(transport.issue(`${scheme}://127.0.0.1:${closedPort}`, runs('segment', 1), never))
    })

    test('what answers without being idgen is told apart', async (t) => {
      const foreign = createServer((socket) => {
        socket.on('error', () => undefined)
        socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno'))
      })
      const port = await listening(t, foreign)
      await assert.rejects(open(t, 'key').issue(`${scheme}://127.0.0.1:${port}`, runs('segment', 1), never))
    })
  })
}

/** A server of this service, with its node and the foreign key. */
export async function transportTarget(
  t: TestContext,
  endpoint: string,
  { useCases, keyText }: MemoryUseCases,
): Promise<TransportTarget> {
  useCases.nodes.start(LISTED_NODE)
  t.after(() => useCases.nodes.stop())
  const draft = { name: 'foreign', scopes: ['issue'] as const, within: 'acme/other', expiresAt: undefined }
  const { text } = await useCases.keys.create({ actor: 'test', traceId: undefined }, draft)
  return { endpoint, key: keyText, foreignKey: text, fromDc3: () => requestsFrom(useCases, '3') }
}

function requestsFrom({ traffic }: UseCases, dc: string): number {
  let found = 0
  traffic.each((clientDc, requests) => {
    if (clientDc === dc) found = requests
  })
  return found
}

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => sockets.add(socket))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
