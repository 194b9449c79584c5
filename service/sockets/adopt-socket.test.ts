import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { test } from 'node:test'
import { adoptSocket } from './adopt-socket.ts'

/** The handle is private: where a new version of Node has another one, this is where it shows. */
test('an accepted connection is read into the given buffer, stops and goes on, answers and ends', async (t) => {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true })
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  const buffer = new Uint8Array(4)
  const reads: string[] = []
  let heard = Promise.withResolvers<void>()
  const adopted = adoptSocket(accepted, buffer, (length) => {
    reads.push(Buffer.from(buffer).toString('latin1', 0, length))
    heard.resolve()
    return false
  })
  assert.ok(adopted !== undefined, 'this version of Node has no handle to adopt')
  client.write('123456')
  await heard.promise
  assert.deepEqual(reads, ['1234'])
  heard = Promise.withResolvers()
  adopted.resume()
  await heard.promise
  assert.deepEqual(reads, ['1234', '56'])
  adopted.resume()
  adopted.write('answer')
  const [answer] = (await once(client, 'data')) as [Buffer]
  assert.equal(answer.toString(), 'answer')
  client.end()
  await once(adopted, 'end')
  adopted.end()
  await once(adopted, 'close')
  // The object that was accepted no longer counts, or this would never call back.
  await new Promise((resolve) => server.close(resolve))
})

test('a socket without a handle stays what it is', () => {
  assert.equal(
    adoptSocket(new Socket(), new Uint8Array(1), () => true),
    undefined,
  )
})
