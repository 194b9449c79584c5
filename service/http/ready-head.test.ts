import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { ReadyHead } from './ready-head.ts'

const FIELDS = 'x-request-id: a: b\r\ncontent-length: 2\r\n'
const SECOND = 1_700_000_000_000

/** A server whose answers are all written by one ReadyHead, and how many of them by Node's writeHead. */
async function serve(t: TestContext, before: (response: ServerResponse, answer: number) => void = () => {}) {
  const ready = new ReadyHead()
  const counted = { answers: 0, byNode: 0 }
  const clock = { nowMs: SECOND }
  const server = createServer({ keepAliveTimeout: 72_000 }, (_request, response) => {
    const writeHead = response.writeHead.bind(response)
    response.writeHead = ((...words: Parameters<typeof writeHead>) => {
      counted.byNode += 1
      return writeHead(...words)
    }) as typeof response.writeHead
    counted.answers += 1
    before(response, counted.answers)
    ready.send(response, FIELDS, 'é!', clock.nowMs)
  })
  server.maxRequestsPerSocket = 4
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const clients: Client[] = []
  t.after(async () => {
    for (const client of clients) client.socket.destroy()
    server.close()
    await once(server, 'close')
  })
  const open = (): Client => {
    const client = new Client(connect((server.address() as AddressInfo).port, '127.0.0.1'))
    clients.push(client)
    return client
  }
  return { counted, clock, open }
}

/** A connection and what has come on it that nobody took yet. */
class Client {
  readonly socket: Socket
  readonly ended: Promise<unknown>
  #text = ''

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.#text += chunk
    })
    this.ended = once(socket, 'end')
  }

  async ask(fields = ''): Promise<string> {
    this.socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`)
    return this.take(1)
  }

  /** So many answers, as they came. */
  async take(answers: number): Promise<string> {
    while (this.#text.split('é!').length <= answers) await once(this.socket, 'data')
    const text = this.#text.replaceAll(/Date: [^\r]+/g, 'Date: now')
    this.#text = ''
    return text
  }
}

const OPEN = `HTTP/1.1 200 OK\r\n${FIELDS}Date: now\r\nConnection: keep-alive\r\nKeep-Alive: timeout=72, max=4\r\n\r\né!`
const LAST = `HTTP/1.1 200 OK\r\n${FIELDS}Date: now\r\nConnection: close\r\n\r\né!`

test('answers of one second are the first one again, byte for byte, and Node writes only that', async (t) => {
  const { counted, open } = await serve(t)
  const client = open()
  assert.deepEqual([await client.ask(), await client.ask(), await client.ask()], [OPEN, OPEN, OPEN])
  assert.deepEqual(counted, { answers: 3, byNode: 1 })
})

test('each second, and a clock that goes back, begin with an answer by Node', async (t) => {
  const { counted, clock, open } = await serve(t)
  // The last one of a connection Node writes anyway.
  const [first, second] = [open(), open()]
  for (const [client, nowMs] of [
    [first, SECOND],
    [first, SECOND + 999],
    [first, SECOND + 1000],
    [second, SECOND - 1],
  ] as const) {
    clock.nowMs = nowMs
    await client.ask()
  }
  assert.deepEqual(counted, { answers: 4, byNode: 3 })
})

test('the last answer of a connection says so, and no other takes over that it does', async (t) => {
  const { counted, open } = await serve(t)
  const asked = open()
  assert.equal(await asked.ask('Connection: close\r\n'), LAST)
  await asked.ended
  const client = open()
  assert.deepEqual(
    [await client.ask(), await client.ask(), await client.ask(), await client.ask()],
    [OPEN, OPEN, OPEN, LAST],
  )
  assert.deepEqual(counted, { answers: 5, byNode: 3 })
})

test('a connection that the server ends with this answer ends', async (t) => {
  const { open } = await serve(t, (response, answer) => {
    response.shouldKeepAlive = answer !== 2
  })
  const client = open()
  assert.deepEqual([await client.ask(), await client.ask()], [OPEN, LAST])
  await client.ended
})

test('requests that come together are answered in their order, whole', async (t) => {
  const { open } = await serve(t)
  const client = open()
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(3))
  assert.equal(await client.take(3), OPEN.repeat(3))
})

test('where Node does not keep the head as expected, Node writes all answers', async (t) => {
  const { counted, open } = await serve(t, (response) => {
    // As of a version of Node that has it under another name.
    const writeHead = response.writeHead.bind(response)
    response.writeHead = ((...words: Parameters<typeof writeHead>) => {
      writeHead(...words)
      const { _header: head } = response as unknown as { _header: string }
      const other = head.replace('Connection: keep-alive', 'Connection:  keep-alive')
      ;(response as unknown as { _header: string })._header = other
      return response
    }) as typeof response.writeHead
  })
  const client = open()
  await client.ask()
  await client.ask()
  assert.deepEqual(counted, { answers: 2, byNode: 2 })
})
