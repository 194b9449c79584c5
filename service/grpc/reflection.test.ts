import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memoryUseCases } from '../../test/fixtures/memory-use-cases.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { keyIdOf } from '../app/authenticator.ts'
import { LocalIssuer } from '../app/local-issuer.ts'
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

test('a stream whose key was revoked answers no further question', async (t) => {
  const memory = await memoryUseCases()
  t.after(() => memory.stop())
  const { useCases, keyText } = memory
  const issuer = new LocalIssuer(useCases, 'grpc')
  const [method] = reflectionMethods(new OpenStreams(), { ...useCases, issuer })
  assert.ok(method !== undefined)
  let sent = 0
  const told: string[] = []
  const failed: CallStatus[] = []
  const input = method.open(
    {
      head: {
        path: method.path,
        memo: undefined,
        field: (name) => (name === 'x-api-key' ? keyText : undefined),
      },
      peer: { address: '192.0.2.1' },
      cancelled: false,
    },
    {
      send: () => {
        told.push('send')
        sent += 1
        return true
      },
      end() {},
      fail: (status) => void failed.push(status),
      pause: () => void told.push('pause'),
      resume: () => void told.push('resume'),
    },
  )
  await settle()
  const listing = Buffer.from([0x3a, 1, 0x2a])
  input.receive(listing)
  assert.equal(sent, 1)
  // Forgotten for another reason: it is looked up, and the question answered.
  useCases.authenticator.forgetAll()
  told.length = 0
  input.receive(listing)
  await settle()
  // What follows the question, its end too, is told only behind its answer.
  assert.deepEqual(told, ['pause', 'send', 'resume'])
  await useCases.keys.revoke({ actor: 'test', traceId: undefined }, keyIdOf(keyText) ?? '')
  input.receive(listing)
  await settle()
  assert.equal(sent, 2)
  assert.deepEqual(
    failed.map(({ code }) => code),
    [STATUS.UNAUTHENTICATED],
  )
})
