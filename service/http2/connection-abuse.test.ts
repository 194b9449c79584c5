import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertGoaway, echo, Http2Desk } from '../../test/fixtures/http2-desk.ts'
import { data, frame, PREFACE_AND_SETTINGS, request, words } from '../../test/fixtures/http2-frames.ts'
import { ERROR_CODE } from './error-code.ts'

const [HEADERS, RST, SETTINGS, PING, WINDOW_UPDATE] = [1, 3, 4, 6, 8] as const
/** SETTINGS_INITIAL_WINDOW_SIZE 0. */
const NO_WINDOW = Buffer.from('000400000000', 'hex')
const LARGE_WINDOW = Buffer.from('000400100000', 'hex')

describe('a client that means harm', () => {
  const floods: Record<string, (i: number) => Buffer> = {
    'requests that are reset at once (CVE-2023-44487)': (i) =>
      Buffer.concat([request(2 * i + 1), frame(RST, 0, 2 * i + 1, words(8))]),
    'PING without requests': () => frame(PING, 0, 0, words(1, 2)),
    'SETTINGS without end': () => frame(SETTINGS, 0, 0),
    'DATA of nothing': (i) => (i === 0 ? request(1) : data(1, '')),
    'frames of a type that nobody knows': () => frame(200, 0, 0),
    'PRIORITY without end': () => frame(2, 0, 3, Buffer.alloc(5)),
    'requests that are made to fail at once (CVE-2025-8671)': (i) =>
      Buffer.concat([request(2 * i + 1), frame(WINDOW_UPDATE, 0, 2 * i + 1, words(0))]),
    'windows that grow byte by byte (CVE-2019-9511)': (i) =>
      i === 0
        ? Buffer.concat([frame(SETTINGS, 0, 0, NO_WINDOW), request(1), data(1, 'x'.repeat(16_000), true)])
        : frame(WINDOW_UPDATE, 0, 1, words(1)),
    'a window of the connection that grows byte by byte': (i) => {
      const body = Buffer.alloc(14_000)
      if (i > 0) return frame(WINDOW_UPDATE, 0, 0, words(1))
      return Buffer.concat([
        frame(SETTINGS, 0, 0, LARGE_WINDOW),
        request(1),
        ...[false, false, false, false, true].map((isLast) => data(1, body, isLast)),
      ])
    },
    'requests beyond those that may be under way': (i) => request(2 * i + 1),
    'heads that are no request': (i) => frame(HEADERS, 4, 2 * i + 1, Buffer.from([0x83])),
    'DATA of requests that were reset': (i) =>
      i === 0 ? Buffer.concat([request(1), frame(RST, 0, 1, words(8))]) : data(1, 'x'),
  }
  for (const [what, next] of Object.entries(floods))
    test(`${what} end the connection`, () => {
      const desk = Http2Desk.begun(echo)
      for (let i = 0; i < 5000 && !desk.socket.ended; i += 1) desk.receive(next(i))
      assertGoaway(desk, ERROR_CODE.enhanceYourCalm)
    })

  test('a header block without end ends the connection after some frames', () => {
    const desk = Http2Desk.begun()
    desk.receive(frame(HEADERS, 0, 1, Buffer.from([0x83])))
    for (let i = 0; i < 20 && !desk.socket.ended; i += 1) desk.receive(frame(9, 0, 1, Buffer.from([0x86])))
    assertGoaway(desk, ERROR_CODE.enhanceYourCalm)
  })

  const head = request(1, { isLast: true })
  for (const [what, begin, more] of [
    ['a head whose rest does not come', frame(HEADERS, 0, 1, Buffer.from([0x83])), frame(9, 0, 1)],
    ['a frame that comes byte by byte', head.subarray(0, 9), head.subarray(9, 10)],
    ['the beginning of a frame', head.subarray(0, 1), head.subarray(1, 2)],
  ] as const)
    test(`${what} ends the connection at the second look, whatever comes meanwhile`, () => {
      const desk = Http2Desk.begun(echo)
      desk.receive(begin)
      desk.connection.look()
      assert.equal(desk.socket.ended, false)
      desk.receive(more)
      desk.connection.look()
      assertGoaway(desk, ERROR_CODE.enhanceYourCalm)
    })

  test('a client whose every read ends within a frame, another each time, is answered on', () => {
    const desk = Http2Desk.begun(echo)
    for (let id = 1; id < 20; id += 2) {
      const asked = Buffer.concat([request(id), data(id, 'x', true)])
      desk.receive(asked.subarray(0, 12))
      desk.connection.look()
      desk.receive(asked.subarray(12))
    }
    assert.equal(desk.socket.ended, false)
    assert.equal(desk.seen.length, 10)
  })

  test('what was left unread of a client that takes no answers is not its fault', () => {
    const desk = Http2Desk.begun(echo)
    desk.socket.blocked = true
    desk.receive(request(1), data(1, 'one', true), request(3), data(3, 'three', true))
    for (let look = 0; look < 3; look += 1) desk.connection.look()
    assert.equal(desk.socket.ended, false)
  })

  test('what floods is allowed as often as time passes', () => {
    const desk = Http2Desk.begun()
    for (let second = 0; second < 60; second += 1) {
      for (let i = 0; i < 400; i += 1) desk.receive(frame(PING, 0, 0, words(1, 2)))
      desk.clock.advance(1000)
    }
    assert.equal(desk.socket.ended, false)
  })

  test('a client that reads nothing is not read on, holds little, and is cut off', () => {
    const desk = Http2Desk.begun(echo)
    desk.socket.blocked = true
    assert.equal(desk.receive(frame(PING, 0, 0, words(1, 2))), false)
    const written = desk.socket.writableLength
    desk.receive(frame(PING, 0, 0, words(1, 2)).subarray(0, 5))
    assert.equal(desk.socket.writableLength, written)
    desk.clock.advance(30_000)
    assert.equal(desk.socket.destroyed, true)
  })

  test('a client that reads again is answered on', () => {
    const desk = Http2Desk.begun(echo)
    desk.socket.blocked = true
    desk.receive(request(1), data(1, 'one', true), request(3), data(3, 'three', true))
    desk.socket.drain()
    assert.equal(desk.socket.resumed, 1)
    assert.deepEqual(
      desk.seen.map(({ body }) => body),
      ['one', 'three'],
    )
    desk.clock.advance(60_000)
    assert.equal(desk.socket.destroyed, false)
  })

  test('a connection that never begins is cut off', () => {
    const desk = new Http2Desk()
    desk.receive(PREFACE_AND_SETTINGS.subarray(0, 24))
    desk.clock.advance(10_000)
    assert.equal(desk.socket.destroyed, true)
  })
})

test('once a client has closed its side, what it never asked in full holds nothing', () => {
  const desk = Http2Desk.begun(echo)
  desk.receive(frame(SETTINGS, 0, 0, NO_WINDOW), request(1), data(1, 'x', true), request(3), data(3, 'half'))
  assert.equal(desk.seen.length, 2)
  desk.connection.inputEnded()
  assert.equal(desk.socket.ended, true)
  assert.deepEqual(
    desk.seen.map(({ events }) => events.at(-1)),
    ['gone', 'gone'],
  )
})

for (const [what, happens] of [
  ['its client has closed its side', (desk: Http2Desk) => desk.connection.inputEnded()],
  [
    'it is told to go',
    (desk: Http2Desk) => {
      desk.connection.retire()
      desk.clock.advance(1000)
    },
  ],
] as const)
  test(`a request that goes on is told once that its connection takes no further one: ${what}`, () => {
    let told = 0
    const desk = Http2Desk.begun((seen) => void Object.assign(seen, { retired: () => (told += 1) }))
    desk.receive(request(1, { isLast: true }))
    happens(desk)
    assert.equal(told, 1)
    assert.equal(desk.socket.ended, false)
    desk.seen[0]?.stream.reset(ERROR_CODE.cancel)
    assert.equal(desk.socket.ended, true)
  })

test('a client that closes its side behind its request is still answered', () => {
  let later: () => void = () => assert.fail()
  const desk = Http2Desk.begun((seen) => {
    echo(seen)
    const answer = seen.onEnd
    seen.onEnd = () => (later = answer)
  })
  desk.receive(request(1), data(1, 'x', true))
  desk.connection.inputEnded()
  assert.equal(desk.socket.ended, false)
  later()
  assert.equal(desk.socket.ended, true)
  assert.ok(desk.frames().some(({ type, payload }) => type === 0 && payload.toString() === 'x'))
})
