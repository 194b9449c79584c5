import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HELD_MAX, Http2Desk } from '../../test/fixtures/http2-desk.ts'
import { data, frame, PREFACE_AND_SETTINGS, words } from '../../test/fixtures/http2-frames.ts'
import { BufferPool } from '../http2/buffer-pool.ts'
import { Connection } from '../http2/connection.ts'
import { HeldTotal } from '../http2/held-bytes.ts'
import { HpackDecoder } from '../http2/hpack-decoder.ts'
import { encodeFields } from '../http2/hpack-encoder.ts'
import { CallStatus, type Method } from './call.ts'
import { callOpener } from './open-call.ts'
import { STATUS } from './status-code.ts'

const MESSAGE = Buffer.from('0000000002aabb', 'hex')

/** A desk whose application is gRPC with some methods. `asked`: messages that /t/One was told. */
function grpcDesk(): { desk: Http2Desk; faults: unknown[]; asked: string[]; closed: () => number } {
  const faults: unknown[] = []
  const asked: string[] = []
  let closed = 0
  const methods: Method[] = [
    { path: '/t/Echo', answer: (message) => message },
    { path: '/t/Wait', answer: () => new Promise(() => undefined) },
    {
      path: '/t/Refuse',
      answer: () => {
        throw new CallStatus(STATUS.NOT_FOUND, 'nö %')
      },
    },
    {
      path: '/t/Break',
      answer: () => {
        throw new Error('password=hunter2')
      },
    },
    {
      path: '/t/Both',
      requests: 'many',
      open: (_call, output) => ({
        receive: (message) => void output.send(message),
        ended: () => output.end(),
        drained: () => undefined,
        closed: () => undefined,
      }),
    },
    {
      path: '/t/One',
      requests: 'one',
      open: (_call, output) => ({
        receive(message) {
          asked.push(Buffer.from(message).toString('hex'))
          output.send(message)
        },
        ended: () => undefined,
        drained: () => undefined,
        closed: () => (closed += 1),
      }),
    },
  ]
  const desk = new Http2Desk()
  const open = callOpener(new Map(methods.map((method) => [method.path, method])), {
    clock: desk.clock,
    maxMessageBytes: 100,
    door: () => undefined,
    addressDoor: () => undefined,
    onFault: (error) => faults.push(error),
  })
  const connection = new Connection(desk.socket as never, {
    clock: desk.clock,
    buffers: new BufferPool(),
    encrypted: false,
    maxHeldBytes: HELD_MAX,
    heldTotal: new HeldTotal(),
    onFault: (error) => faults.push(error),
    open,
  })
  Object.assign(desk, { connection })
  desk.receive(PREFACE_AND_SETTINGS)
  desk.frames()
  return { desk, faults, asked, closed: () => closed }
}

function head(path: string, more: Record<string, string> = {}, stream = 1): Buffer {
  const fields = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    'content-type': 'application/grpc',
    ...more,
  }
  return frame(1, 4, stream, encodeFields(Object.entries(fields)))
}

/** The fields of all header blocks, and the messages. */
function answered(desk: Http2Desk): { fields: Record<string, string>; body: string; resets: number } {
  const fields: Record<string, string> = {}
  const decoder = new HpackDecoder({ tableMax: 4096, listMax: 16_384 })
  let body = ''
  let resets = 0
  for (const { type, payload } of desk.frames()) {
    if (type === 1) decoder.decode(payload, 0, payload.length, (name, value) => (fields[name] = value))
    if (type === 0) body += payload.toString('hex')
    if (type === 3) resets += 1
  }
  return { fields, body, resets }
}

test('one message in one frame is answered in the same turn', () => {
  const { desk } = grpcDesk()
  desk.receive(head('/t/Echo'), data(1, MESSAGE, true))
  const { fields, body } = answered(desk)
  assert.equal(body, MESSAGE.toString('hex'))
  assert.equal(fields['grpc-status'], '0')
  assert.equal(fields['content-type'], 'application/grpc')
})

test('a unary method takes exactly one message', () => {
  for (const body of [Buffer.alloc(0), MESSAGE.subarray(0, 6), Buffer.concat([MESSAGE, MESSAGE])]) {
    const { desk } = grpcDesk()
    desk.receive(head('/t/Echo'), data(1, body, true))
    assert.equal(answered(desk).fields['grpc-status'], String(STATUS.UNIMPLEMENTED))
  }
})

describe('a server stream', () => {
  test('goes on behind its message for as long as its method likes', () => {
    const { desk, asked } = grpcDesk()
    desk.receive(head('/t/One'), data(1, MESSAGE, true))
    for (let look = 0; look < 10; look += 1) {
      desk.receive(frame(6, 1, 0, words(0, 0)))
      desk.connection.look()
    }
    assert.equal(desk.socket.destroyed, false)
    const { fields, body } = answered(desk)
    assert.equal(body, MESSAGE.toString('hex'))
    assert.equal(fields['grpc-status'], undefined)
    assert.deepEqual(asked, ['aabb'])
  })

  for (const [what, ...parts] of [
    ['at once', Buffer.concat([MESSAGE, MESSAGE, MESSAGE])],
    ['later', MESSAGE, MESSAGE],
    ['byte by byte', MESSAGE, MESSAGE.subarray(0, 1), MESSAGE.subarray(1, 2)],
    ['that are empty', Buffer.alloc(5 * 3000)],
  ] as const)
    test(`fails at a second message, which no method sees: ${what}`, async () => {
      const { desk, asked, closed } = grpcDesk()
      desk.receive(head('/t/One'), ...parts.map((part) => data(1, part)))
      assert.equal(answered(desk).fields['grpc-status'], String(STATUS.UNIMPLEMENTED))
      assert.equal(asked.length, 1)
      await Promise.resolve()
      assert.equal(closed(), 1)
    })

  test('without a message, or with half of one, is none', () => {
    for (const part of [Buffer.alloc(0), MESSAGE.subarray(0, 6)]) {
      const { desk, asked } = grpcDesk()
      desk.receive(head('/t/One'), data(1, part, true))
      assert.equal(answered(desk).fields['grpc-status'], String(STATUS.UNIMPLEMENTED))
      assert.deepEqual(asked, [])
    }
  })
})

test('a refusal says its code and its text, percent-encoded, and nothing else', () => {
  const { desk } = grpcDesk()
  desk.receive(head('/t/Refuse'), data(1, MESSAGE, true))
  const { fields, body } = answered(desk)
  assert.equal(fields['grpc-status'], String(STATUS.NOT_FOUND))
  assert.equal(fields['grpc-message'], 'n%C3%B6 %25')
  assert.equal(body, '')
})

test('a fault of ours is told without its text', () => {
  const { desk, faults } = grpcDesk()
  desk.receive(head('/t/Break'), data(1, MESSAGE, true))
  const { fields } = answered(desk)
  assert.equal(fields['grpc-status'], String(STATUS.INTERNAL))
  assert.doesNotMatch(JSON.stringify(fields), /hunter2/)
  assert.equal(faults.length, 1)
})

test('what is no call of gRPC is told so', () => {
  for (const [more, httpStatus, code] of [
    [{ ':method': 'GET' }, '405', STATUS.INTERNAL],
    [{ 'content-type': 'text/html' }, '415', STATUS.INTERNAL],
    [{ 'content-type': 'application/grpc-web' }, '415', STATUS.INTERNAL],
    [{ 'content-type': 'application/grpc+json' }, '415', STATUS.INTERNAL],
    [{ ':path': '/t/Nothing' }, '200', STATUS.UNIMPLEMENTED],
    [{ 'grpc-encoding': 'snappy' }, '200', STATUS.UNIMPLEMENTED],
  ] as const) {
    const { desk } = grpcDesk()
    desk.receive(head('/t/Echo', more), data(1, MESSAGE, true))
    const { fields } = answered(desk)
    assert.equal(fields[':status'], httpStatus, JSON.stringify(more))
    assert.equal(fields['grpc-status'], String(code), JSON.stringify(more))
    // A client that compresses in another way learns what to do.
    if ('grpc-encoding' in more) assert.equal(fields['grpc-accept-encoding'], 'identity,gzip')
  }
})

test('protobuf may be named in the content type', () => {
  for (const type of ['application/grpc+proto', 'application/grpc;charset=utf-8']) {
    const { desk } = grpcDesk()
    desk.receive(head('/t/Echo', { 'content-type': type }), data(1, MESSAGE, true))
    assert.equal(answered(desk).fields['grpc-status'], '0', type)
  }
})

test('a unary call in parts holds what has come of it, and nothing once it is answered', () => {
  const { desk } = grpcDesk()
  const part = Buffer.alloc(60)
  part.writeUInt32BE(100, 1)
  const held: number[] = []
  desk.connection.holds = (more) => held.push(more)
  desk.receive(head('/t/Echo'), data(1, part))
  desk.receive(data(1, Buffer.alloc(45), true))
  assert.equal(answered(desk).fields['grpc-status'], '0')
  assert.deepEqual(held, [60, -60])
})

test('a call that waits ends at its deadline, and at once when the client resets it', () => {
  const { desk } = grpcDesk()
  desk.receive(head('/t/Wait', { 'grpc-timeout': '50m' }), data(1, MESSAGE, true))
  desk.clock.advance(49)
  assert.equal(answered(desk).fields['grpc-status'], undefined)
  desk.clock.advance(1)
  desk.receive()
  assert.equal(answered(desk).fields['grpc-status'], String(STATUS.DEADLINE_EXCEEDED))
  const other = grpcDesk().desk
  other.receive(head('/t/Wait', { 'grpc-timeout': '50m' }), data(1, MESSAGE, true), frame(3, 0, 1, words(8)))
  other.clock.advance(100)
  assert.deepEqual(answered(other).fields, {})
})

test('a message above the limit is refused before all of it has come', () => {
  const { desk } = grpcDesk()
  desk.receive(head('/t/Echo'), data(1, Buffer.from('0000010000', 'hex')))
  const { fields, resets } = answered(desk)
  assert.equal(fields['grpc-status'], String(STATUS.RESOURCE_EXHAUSTED))
  assert.equal(resets, 1)
})

test('a stream answers each message, and ends when the client does', () => {
  const { desk } = grpcDesk()
  desk.receive(head('/t/Both'), data(1, Buffer.concat([MESSAGE, MESSAGE.subarray(0, 3)])))
  assert.equal(answered(desk).body, MESSAGE.toString('hex'))
  desk.receive(data(1, MESSAGE.subarray(3), true))
  const { fields, body } = answered(desk)
  assert.equal(body, MESSAGE.toString('hex'))
  assert.equal(fields['grpc-status'], '0')
})

test('a message that never comes whole ends its call after a while, and a stream of them may take as long as it likes', async () => {
  const { desk } = grpcDesk()
  desk.receive(
    head('/t/Echo'),
    data(1, MESSAGE.subarray(0, 6)),
    head('/t/Echo', {}, 3),
    head('/t/Both', {}, 5),
    data(5, MESSAGE.subarray(0, 6)),
    head('/t/One', {}, 7),
  )
  desk.frames()
  desk.connection.look()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(desk.frames(), [])
  desk.connection.look()
  await new Promise((resolve) => setImmediate(resolve))
  const streams = desk.frames().map(({ stream }) => stream)
  assert.deepEqual(
    [...new Set(streams)].filter((id) => id !== 0),
    [1, 3, 7],
  )
  desk.receive(data(5, MESSAGE.subarray(6), true))
  assert.ok(desk.frames().some(({ stream }) => stream === 5))
})
