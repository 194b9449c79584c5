import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { DirectWriter } from './direct-writer.ts'

/** A connection over loopback: the side that is written to, its other end, and how often Node's own write was used. */
async function connected(t: TestContext): Promise<{ socket: Socket; client: Socket; own: () => number }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  t.after(() => {
    client.destroy()
    socket.destroy()
  })
  const write = t.mock.method(socket, 'write')
  return { socket, client, own: () => write.mock.callCount() }
}

async function received(client: Socket): Promise<string> {
  let text = ''
  client.setEncoding('latin1')
  for await (const chunk of client) text += String(chunk)
  return text
}

/** What is private in Node: where a new version has it otherwise, this is where it shows. */
test('all writes but the first of a process go past the streams, and arrive in order', async (t) => {
  const { socket, client, own } = await connected(t)
  const writer = new DirectWriter(socket, true, () => undefined)
  const answers = ['a', 'bc', 'def', 'g'].map((text) => Buffer.from(text))
  for (const answer of answers) writer.send(answer)
  socket.end()
  assert.equal(await received(client), 'abcdefg')
  assert.ok(own() <= 1, `${own()} writes went Node's own way`)
})

test('what a client does not read waits and is counted, nothing overtakes it, and its end is told', {
  timeout: 30_000,
}, async (t) => {
  const { socket, client, own } = await connected(t)
  let drained = 0
  const writer = new DirectWriter(socket, true, () => {
    drained += 1
  })
  client.pause()
  const sent: Buffer[] = []
  // Until the system's own buffers are full: a few megabytes.
  for (let i = 0; writer.waiting === 0; i += 1) {
    sent.push(Buffer.alloc(100_000, `${i} `))
    writer.send(sent.at(-1) ?? Buffer.alloc(0))
  }
  assert.ok(own() <= 1)
  assert.equal(writer.waiting, 100_000)
  assert.equal(writer.isFull, true)
  sent.push(Buffer.from('behind'))
  writer.send(Buffer.from('behind'))
  assert.equal(writer.waiting, 100_006)
  assert.equal(drained, 0)
  const whole = received(client)
  while (drained === 0) await new Promise((resolve) => setImmediate(resolve))
  socket.end()
  assert.equal(await whole, Buffer.concat(sent).toString('latin1'))
  assert.deepEqual([writer.waiting, writer.isFull, drained], [0, false, 1])
})

test('what waits still leaves when the connection is ended behind it', async (t) => {
  const { socket, client } = await connected(t)
  const writer = new DirectWriter(socket, true, () => undefined)
  let length = 0
  while (writer.waiting === 0) {
    writer.send(Buffer.alloc(100_000, 'x'))
    length += 100_000
  }
  socket.end()
  assert.equal((await received(client)).length, length)
})

test('a connection that is closed takes no more, and one that breaks closes with its error', async (t) => {
  const { socket, client } = await connected(t)
  let drained = 0
  const writer = new DirectWriter(socket, true, () => {
    drained += 1
  })
  while (writer.waiting === 0) writer.send(Buffer.alloc(100_000, 'x'))
  client.resetAndDestroy()
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  assert.match(error.code ?? '', /^(?:ECONNRESET|EPIPE)$/)
  assert.equal(socket.destroyed, true)
  socket.on('error', () => undefined)
  writer.send(Buffer.from('late'))
  assert.equal(drained, 0)
})

test("what is encrypted, and what has no handle of Node's, goes by its own write", async (t) => {
  const { socket, client, own } = await connected(t)
  const writer = new DirectWriter(socket, false, () => undefined)
  writer.send(Buffer.from('a'))
  writer.send(Buffer.from('b'))
  socket.end()
  assert.equal(await received(client), 'ab')
  assert.equal(own(), 2)
})
