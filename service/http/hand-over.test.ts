import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { standIn } from '../sockets/client-certificate.ts'
import { BodyRoom } from './body-room.ts'
import { handOver } from './hand-over.ts'
import type { PassedRequest } from './passed-requests.ts'

const MEGABYTE = 1_048_576

/** A request of which `bytes` have come; it goes on once `end` is called. */
function requestOf(bytes: number): { request: IncomingMessage; end: () => void } {
  const body = new Readable({ read() {} })
  body.push(Buffer.alloc(bytes))
  const request = Object.assign(body, { method: 'POST', url: '/v1/x', headers: {}, socket: {} })
  return { request: request as unknown as IncomingMessage, end: () => body.push(null) }
}

function handing(room: BodyRoom, bytes: number): { end: () => void; done: Promise<number> } {
  const { request, end } = requestOf(bytes)
  let status = 0
  const response = { setHeader() {}, end() {} } as unknown as ServerResponse
  Object.defineProperty(response, 'statusCode', {
    set(code: number) {
      status = code
    },
  })
  const passOn = async (): Promise<unknown> => ({ status: 201, headers: {}, body: new Uint8Array() })
  const options = { passOn, counted: true, bodyLimit: 2 * MEGABYTE, room, isOver: () => false }
  return { end, done: handOver(request, () => response, options).then(() => status) }
}

test('what a client sent is passed on as it was, with the certificate of its connection beside it', async () => {
  const { request, end } = requestOf(0)
  const headers = { authorization: 'Basic eDp5', host: 'ids.example' }
  standIn(request.socket, 'a certificate')
  const passed: unknown[] = []
  const passOn = async (one: PassedRequest): Promise<unknown> => {
    passed.push({ headers: one.headers, certificate: one.certificate })
    return { status: 200, headers: {}, body: new Uint8Array() }
  }
  const response = { setHeader() {}, end() {} } as unknown as ServerResponse
  end()
  await handOver(Object.assign(request, { headers }), () => response, {
    passOn,
    counted: true,
    bodyLimit: 10,
    room: new BodyRoom(),
    isOver: () => false,
  })
  assert.deepEqual(passed, [{ headers, certificate: 'a certificate' }])
})

test('bodies of strangers fill no more than their room, and small ones go on beside them', async () => {
  const room = new BodyRoom()
  const strangers = Array.from({ length: 32 }, () => handing(room, MEGABYTE))
  await new Promise((resolve) => setImmediate(resolve))
  await assert.rejects(handing(room, 20_000).done, { code: 'IDGEN_OVERLOADED', retryAfterMs: 1000 })
  const small = handing(room, 1000)
  small.end()
  assert.equal(await small.done, 201)
  // What was answered leaves its room.
  for (const { end } of strangers) end()
  for (const { done } of strangers) assert.equal(await done, 201)
  const large = handing(room, MEGABYTE)
  large.end()
  assert.equal(await large.done, 201)
})
