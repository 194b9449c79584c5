import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertGoaway, echo, HELD_MAX, Http2Desk } from '../../test/fixtures/http2-desk.ts'
import { data, frame, PREFACE_AND_SETTINGS, request, words } from '../../test/fixtures/http2-frames.ts'
import { ERROR_CODE } from './error-code.ts'
import { HeldTotal } from './held-bytes.ts'
import { encodeFields } from './hpack-encoder.ts'

const TRAILERS = encodeFields([['grpc-status', '0']])
const [RST, SETTINGS, GOAWAY, WINDOW_UPDATE] = [3, 4, 7, 8] as const

/** A client that asks for large answers and gives no window for them, until no more is kept for it. */
function fullDesk(): Http2Desk {
  const desk = Http2Desk.begun(({ stream }) => void stream.write(Buffer.alloc(300_000)))
  for (let i = 0; i < 4; i += 1) desk.receive(request(2 * i + 1))
  assert.equal(resets(desk).length, 0)
  return desk
}

function resets(desk: Http2Desk): [stream: number, code: number][] {
  const frames = desk.frames().filter(({ type }) => type === RST)
  return frames.map(({ stream, payload }) => [stream, payload.readUInt32BE(0)])
}

test('whoever leaves answers here gets no further ones made, and does again once they are taken', () => {
  const desk = fullDesk()
  desk.receive(request(9))
  assert.deepEqual(resets(desk), [[9, ERROR_CODE.refusedStream]])
  desk.receive(frame(WINDOW_UPDATE, 0, 0, words(10 * HELD_MAX)))
  for (let i = 0; i < 4; i += 1) desk.receive(frame(WINDOW_UPDATE, 0, 2 * i + 1, words(HELD_MAX)))
  desk.receive(request(11))
  assert.deepEqual(resets(desk), [])
  assert.equal(desk.seen.at(-1)?.stream.id, 11)
})

test('what is held for a request goes with it', () => {
  const desk = fullDesk()
  for (let i = 0; i < 4; i += 1) desk.receive(frame(RST, 0, 2 * i + 1, words(8)))
  desk.receive(request(9))
  assert.deepEqual(resets(desk), [])
})

test('requests that began before are not read on while too much is held', () => {
  const desk = fullDesk()
  desk.receive(data(1, 'x'))
  assert.deepEqual(resets(desk), [[1, ERROR_CODE.enhanceYourCalm]])
  assert.equal(desk.seen[0]?.body, '')
  assert.deepEqual(desk.seen[0]?.events, ['gone'])
})

test('what comes while a request is paused counts until it is told', () => {
  const desk = Http2Desk.begun(({ stream }) => stream.pause())
  for (let id = 1; id < 32; id += 2)
    desk.receive(
      request(id),
      ...[1, 2, 3].map(() => data(id, Buffer.alloc(16_384))),
      data(id, Buffer.alloc(13_400)),
    )
  desk.receive(request(33))
  assert.deepEqual(resets(desk), [[33, ERROR_CODE.refusedStream]])
  desk.seen[0]?.stream.resume()
  assert.equal(desk.seen[0]?.body.length, 62_552)
  desk.receive(request(35))
  assert.deepEqual(resets(desk), [])
})

test('parts of messages count until their rest has come', () => {
  const desk = Http2Desk.begun(({ stream }) => stream.keeps(HELD_MAX / 2 + 1))
  desk.receive(request(1), request(3), request(5))
  assert.deepEqual(resets(desk), [[5, ERROR_CODE.refusedStream]])
  desk.seen[0]?.stream.keeps(0)
  desk.receive(request(7))
  assert.deepEqual(resets(desk), [])
})

test('a crowd of clients may leave as much as four, and whoever leaves little is answered all the same', () => {
  const total = new HeldTotal()
  const crowd = [1, 2, 3, 4].map(() => Http2Desk.begun(({ stream }) => stream.keeps(HELD_MAX), total))
  const modest = Http2Desk.begun(({ stream }) => stream.keeps(50_000), total)
  for (const desk of crowd) desk.receive(request(1))
  modest.receive(request(1))
  crowd[0]?.receive(request(3))
  assert.deepEqual(crowd[0] && resets(crowd[0]), [[3, ERROR_CODE.refusedStream]])
  modest.receive(request(3))
  assert.deepEqual(resets(modest), [])
  // Those that go take what was held for them along.
  crowd[1]?.socket.destroy()
  crowd[0]?.receive(request(5))
  assert.deepEqual(crowd[0] && resets(crowd[0]), [])
  for (const desk of [...crowd, modest]) desk.socket.destroy()
  assert.equal(total.bytes, 0)
})

test('an answer waits for a client whose window is large and that reads nothing', () => {
  let written = 0
  const desk = Http2Desk.begun((seen) => {
    const write = (): void => {
      // Bounded, or a connection without a limit would fill the memory.
      for (let room = true; room && written < 100; written += 1)
        room = seen.stream.write(Buffer.alloc(50_000))
    }
    seen.drained = () => {
      seen.events.push('drained')
      write()
    }
    write()
  })
  desk.receive(frame(WINDOW_UPDATE, 0, 0, words(2 ** 30)))
  desk.receive(frame(4, 0, 0, Buffer.from('00047fffffff', 'hex')))
  desk.socket.blocked = true
  assert.equal(desk.receive(request(1)), false)
  assert.equal(written, 2)
  assert.deepEqual(desk.seen[0]?.events, [])
  desk.socket.drain()
  assert.equal(written, 100)
  assert.deepEqual(desk.seen[0]?.events, ['drained'])
  assert.equal(desk.socket.resumed, 1)
})

test('streams that wait for a client that reads go on in turn, and one that was reset does not', () => {
  const desk = Http2Desk.begun()
  desk.receive(frame(WINDOW_UPDATE, 0, 0, words(2 ** 30)))
  desk.receive(frame(4, 0, 0, Buffer.from('00047fffffff', 'hex')), request(1), request(3))
  const [first, second] = desk.seen
  desk.socket.blocked = true
  assert.equal(first?.stream.write(Buffer.alloc(70_000)), false)
  assert.equal(second?.stream.write(Buffer.alloc(5000)), false)
  first?.stream.reset(ERROR_CODE.cancel)
  desk.socket.drain()
  assert.deepEqual(first?.events, [])
  assert.deepEqual(second?.events, ['drained'])
})

test('a client that takes nothing of it for a minute is cut off, one that takes some is not', () => {
  for (const takes of [true, false]) {
    const desk = fullDesk()
    for (let look = 0; look < 6; look += 1) {
      desk.receive(frame(6, 1, 0, words(0, 0)))
      if (takes && look === 2)
        desk.receive(frame(WINDOW_UPDATE, 0, 0, words(HELD_MAX)), frame(WINDOW_UPDATE, 0, 1, words(HELD_MAX)))
      desk.connection.look()
    }
    desk.receive()
    if (takes) assert.equal(desk.socket.ended, false)
    else assertGoaway(desk, ERROR_CODE.enhanceYourCalm)
  }
})

test('an answer that is whole and of which nothing is taken is given up after a minute, one of which some is is not', () => {
  for (const takes of [true, false]) {
    const desk = Http2Desk.begun(echo)
    desk.receive(
      frame(SETTINGS, 0, 0, Buffer.from('000400000000', 'hex')),
      request(1),
      data(1, 'answer', true),
    )
    for (let look = 0; look < 3; look += 1) {
      assert.deepEqual(resets(desk), [])
      if (takes) desk.receive(frame(WINDOW_UPDATE, 0, 1, words(1)))
      desk.connection.look()
    }
    // Leaves with what else is written.
    desk.receive(frame(6, 0, 0, words(0, 0)))
    assert.deepEqual(resets(desk), takes ? [] : [[1, ERROR_CODE.cancel]])
    // A client that keeps nothing of us is one without a request.
    desk.connection.retire()
    desk.clock.advance(1000)
    assert.equal(desk.socket.ended, !takes)
  }
})

test('an answer that goes on may wait for its client for as long as that likes', () => {
  const desk = Http2Desk.begun(({ stream }) => void stream.write(Buffer.from('more is to come')))
  desk.receive(frame(SETTINGS, 0, 0, Buffer.from('000400000000', 'hex')), request(1))
  for (let look = 0; look < 10; look += 1) {
    desk.receive(frame(6, 1, 0, words(0, 0)))
    desk.connection.look()
  }
  assert.deepEqual(resets(desk), [])
})

test('DATA above the window of the connection ends it, on however many streams', () => {
  const desk = Http2Desk.begun(({ stream }) => stream.pause())
  for (let i = 0; i < 17; i += 1) desk.receive(request(2 * i + 1))
  for (let i = 0; i < 16; i += 1)
    for (const length of [16_384, 16_384, 16_384, 16_383]) desk.receive(data(2 * i + 1, Buffer.alloc(length)))
  desk.receive(data(33, Buffer.alloc(16)))
  assert.ok(!desk.frames().some(({ type }) => type === GOAWAY))
  desk.receive(data(33, 'x'))
  assertGoaway(desk, ERROR_CODE.flowControl)
})

test('the window of the connection comes back whatever became of the body', () => {
  const ends: Record<string, (id: number) => Buffer[]> = {
    'used by the application': (id) => [request(id), data(id, Buffer.alloc(16_000), true)],
    'of another length than announced': (id) => [
      request(id, { more: [['content-length', '1']] }),
      data(id, Buffer.alloc(16_000), true),
    ],
    'behind the end': (id) => [request(id, { isLast: true }), data(id, Buffer.alloc(16_000))],
    'of a request that was refused': (id) => [
      request(id, { more: [['connection', 'close']] }),
      data(id, Buffer.alloc(16_000), true),
    ],
  }
  for (const [what, frames] of Object.entries(ends)) {
    const desk = Http2Desk.begun(({ stream }) => void stream)
    for (let i = 0; i < 200; i += 1) desk.receive(...frames(2 * i + 1))
    assert.equal(desk.socket.ended, false, what)
    const given = desk.frames().filter(({ type, stream }) => type === WINDOW_UPDATE && stream === 0)
    assert.equal(given.length, 6, what)
  }
})

test('what comes for a request that was answered early is dropped in silence, trailers too', () => {
  const desk = Http2Desk.begun(({ stream }) => stream.end(TRAILERS))
  desk.receive(request(1), request(3))
  assert.deepEqual(resets(desk), [
    [1, ERROR_CODE.none],
    [3, ERROR_CODE.none],
  ])
  // As often as a client likes that calls what there is not: it is no flood.
  for (let i = 2; i < 5000; i += 1) desk.receive(request(2 * i + 1), data(2 * i + 1, 'much', true))
  assert.equal(desk.socket.ended, false)
  assert.ok(resets(desk).every(([, code]) => code === ERROR_CODE.none))
  desk.receive(request(10_001), data(10_001, 'x'), frame(1, 5, 10_001, encodeFields([['a', 'b']])))
  assert.deepEqual(resets(desk), [[10_001, ERROR_CODE.none]])
  desk.receive(data(10_001, 'behind the end'))
  assert.deepEqual(resets(desk), [[10_001, ERROR_CODE.streamClosed]])
})

test('the body of a request that was refused is dropped in silence, too', () => {
  const desk = Http2Desk.begun()
  desk.receive(request(1, { more: [['connection', 'close']] }), data(1, 'x'), data(1, 'y', true))
  assert.deepEqual(resets(desk), [[1, ERROR_CODE.protocol]])
})

test('fields behind a body that nobody waits for still change the table', () => {
  const desk = Http2Desk.begun(({ stream }) => stream.end(TRAILERS))
  // A literal that is put into the table: a: b. Then the newest entry of the table.
  desk.receive(request(1), frame(1, 5, 1, Buffer.concat([Buffer.from('40016101', 'hex'), Buffer.from('b')])))
  const head = encodeFields([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', '/a/b'],
  ])
  desk.receive(frame(1, 5, 3, Buffer.concat([head, Buffer.from([0x80 | 62])])))
  assert.equal(desk.seen.at(-1)?.stream.head.field('a'), 'b')
})

test('a client that says GOAWAY still has its answers, also to what it asks behind it', () => {
  const desk = Http2Desk.begun(echo)
  desk.receive(request(1), frame(GOAWAY, 0, 0, words(0, 0)), request(3), data(3, 'b', true))
  assert.equal(desk.socket.ended, false)
  desk.receive(data(1, 'a', true))
  assert.equal(desk.socket.ended, true)
  const bodies = desk.frames().filter(({ type }) => type === 0)
  assert.deepEqual(
    bodies.map(({ payload }) => String(payload)),
    ['b', 'a'],
  )
})

test('a connection that retires before it begins says its SETTINGS first, and one that never begins ends', () => {
  const desk = new Http2Desk()
  desk.connection.retire()
  assert.deepEqual(desk.socket.written, [])
  desk.receive(PREFACE_AND_SETTINGS)
  const types = desk.frames().map(({ type }) => type)
  assert.deepEqual(types.filter((type) => type === SETTINGS || type === GOAWAY).slice(0, 2), [
    SETTINGS,
    GOAWAY,
  ])
  assert.equal(types[0], SETTINGS)
  const silent = new Http2Desk()
  silent.connection.retire()
  silent.clock.advance(1000)
  assert.deepEqual([silent.socket.ended, silent.socket.written.length], [true, 0])
})
