import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CallStatus, type MessageOutput } from './call.ts'
import { OpenStreams } from './open-streams.ts'
import { reflectionMethods } from './reflection.ts'
import { STATUS } from './status-code.ts'

test('a question that is longer than any name is refused, as the answer repeats it to whoever asks', () => {
  const [method] = reflectionMethods(new OpenStreams(), undefined)
  assert.ok(method !== undefined)
  const sent: Uint8Array[] = []
  const output: MessageOutput = {
    send: (message) => sent.push(message) > 0,
    end() {},
    fail() {},
    pause() {},
    resume() {},
  }
  const call = {
    head: { path: method.path, memo: undefined, field: () => undefined },
    peer: { address: '192.0.2.1' },
    cancelled: false,
  }
  const input = method.open(call, output)
  // Field 7, list_services, with a text of so many bytes.
  const listing = (length: number): Buffer =>
    Buffer.concat([Buffer.from([0x3a, 0x80 | (length & 0x7f), length >> 7]), Buffer.alloc(length, 'x')])
  input.receive(listing(1000))
  assert.equal(sent.length, 1)
  assert.throws(
    () => input.receive(listing(5000)),
    (error) => error instanceof CallStatus && error.code === STATUS.INVALID_ARGUMENT,
  )
  assert.equal(sent.length, 1)
})
