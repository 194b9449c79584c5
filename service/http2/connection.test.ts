import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { assertGoaway, echo, Http2Desk } from '../../test/fixtures/http2-desk.ts'
import {
  data,
  frame,
  PREFACE_AND_SETTINGS,
  type ReadFrame,
  request,
  words,
} from '../../test/fixtures/http2-frames.ts'
import { ERROR_CODE } from './error-code.ts'
import { encodeFields } from './hpack-encoder.ts'

const HEAD = encodeFields([[':status', '200']])
const TRAILERS = encodeFields([['grpc-status', '0']])
const [DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8] as const

function told(frames: readonly ReadFrame[]): string[] {
  return frames.map(({ type, flags, stream }) => `${type}/${flags}/${stream}`)
}

/** The stream was reset with this code, and the connection goes on. */
function assertReset(desk: Http2Desk, stream: number, code: number): void {
  const frames = desk.frames()
  const reset = frames.find((read) => read.type === RST && read.stream === stream)
  assert.ok(reset !== undefined, `no RST_STREAM: ${told(frames).join(' ')}`)
  assert.equal(reset.payload.readUInt32BE(0), code)
  assert.equal(desk.socket.ended, false)
}

describe('requests and answers', () => {
  test('a connection begins with SETTINGS and a window, and acknowledges those of the client', () => {
    const desk = new Http2Desk()
    desk.receive(PREFACE_AND_SETTINGS)
    assert.deepEqual(told(desk.frames()), [`${SETTINGS}/0/0`, `${WINDOW_UPDATE}/0/0`, `${SETTINGS}/1/0`])
  })

  test('an answer leaves in one write with all that a read brought about', () => {
    const desk = Http2Desk.begun(echo)
    desk.receive(request(1), data(1, 'one', true), request(3), data(3, 'three', true))
    assert.equal(desk.socket.written.length, 1)
    const frames = desk.frames()
    assert.deepEqual(
      told(frames),
      [1, 3].flatMap((id) => [`${HEADERS}/4/${id}`, `${DATA}/0/${id}`, `${HEADERS}/5/${id}`]),
    )
    assert.deepEqual(
      frames.filter(({ type }) => type === DATA).map(({ payload }) => String(payload)),
      ['one', 'three'],
    )
  })

  test('answers that come later, of several streams, leave together too', async () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1, { isLast: true }), request(3, { isLast: true }))
    for (const { stream } of desk.seen) {
      stream.respond(HEAD)
      stream.end(TRAILERS)
    }
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(desk.socket.written.length, 1)
    assert.equal(desk.frames().length, 4)
  })

  test('however the bytes are cut, requests are the same', () => {
    const bytes = Buffer.concat([
      PREFACE_AND_SETTINGS,
      request(1),
      data(1, 'x'.repeat(100)),
      frame(PING, 0, 0, words(1, 2)),
      data(1, 'y', true),
      request(3, { isLast: true, more: [['a', 'b'.repeat(300)]] }),
      // HEADERS in two parts, and DATA with padding.
      frame(HEADERS, 0, 5, encodeFields([[':method', 'POST']])),
      frame(
        9,
        4,
        5,
        encodeFields([
          [':scheme', 'http'],
          [':path', '/a/b'],
        ]),
      ),
      frame(DATA, 9, 5, Buffer.from([2, 122, 0, 0])),
    ])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 }), (lengths) => {
        const desk = new Http2Desk(echo)
        let [at, turn] = [0, 0]
        while (at < bytes.length) {
          const length = lengths[turn++ % lengths.length] ?? 1
          desk.receive(bytes.subarray(at, at + length))
          at += length
        }
        assert.deepEqual(
          desk.seen.map(({ body, stream }) => [body, stream.head.path]),
          [
            [`${'x'.repeat(100)}y`, '/service/Method'],
            ['', '/service/Method'],
            ['z', '/a/b'],
          ],
        )
        assert.equal(desk.frames().filter(({ type, flags }) => type === HEADERS && flags === 5).length, 3)
      }),
    )
  })

  test('a head of more than a kilobyte is read each time, so that it is not kept with its connection', () => {
    const desk = Http2Desk.begun()
    const large = { more: [['a', 'b'.repeat(1100)]] } as const
    desk.receive(request(1, large), request(3, large))
    assert.notEqual(desk.seen[0]?.stream.head, desk.seen[1]?.stream.head)
    assert.equal(desk.seen[1]?.stream.head.field('a')?.length, 1100)
  })

  test('heads that say the same are one object, until the table of the client changes', () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1), request(3))
    assert.equal(desk.seen[0]?.stream.head, desk.seen[1]?.stream.head)
    const indexed = Buffer.concat([
      encodeFields([
        [':method', 'POST'],
        [':scheme', 'http'],
        [':path', '/a/b'],
      ]),
      Buffer.from('40016101', 'hex'),
      Buffer.from('b'),
    ])
    desk.receive(frame(HEADERS, 4, 5, indexed), frame(HEADERS, 4, 7, indexed), request(9))
    assert.notEqual(desk.seen[2]?.stream.head, desk.seen[3]?.stream.head)
    assert.equal(desk.seen[3]?.stream.head.field('a'), 'b')
    assert.notEqual(desk.seen[4]?.stream.head, desk.seen[0]?.stream.head)
  })
})

describe('flow control', () => {
  test('an answer waits for the windows of stream and connection, and its trailers with it', () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1, { isLast: true }))
    const [seen] = desk.seen
    const { stream } = seen ?? assert.fail()
    stream.respond(HEAD)
    assert.equal(stream.write(Buffer.alloc(100_000)), false)
    stream.end(TRAILERS)
    desk.receive()
    const sent = (): number =>
      desk.frames().reduce((sum, { type, payload }) => sum + (type === DATA ? payload.length : 0), 0)
    assert.equal(sent(), 65_535)
    desk.receive(frame(WINDOW_UPDATE, 0, 1, words(50_000)))
    assert.equal(sent(), 0, 'the window of the connection is empty')
    desk.receive(frame(WINDOW_UPDATE, 0, 0, words(10_000)))
    assert.equal(sent(), 10_000)
    desk.receive(frame(WINDOW_UPDATE, 0, 0, words(50_000)))
    const rest = desk.frames()
    assert.equal(rest.at(-1)?.flags, 5, 'the trailers')
    assert.equal(
      rest.filter(({ type }) => type === DATA).reduce((sum, { payload }) => sum + payload.length, 0),
      24_465,
    )
    assert.ok(!seen?.events.includes('gone'))
  })

  test('what a client sends is read on as it is used, and not while the stream is paused', () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1))
    const [seen] = desk.seen
    const { stream } = seen ?? assert.fail()
    stream.pause()
    for (let i = 0; i < 4; i += 1) desk.receive(data(1, Buffer.alloc(16_000)))
    assert.equal(seen?.body.length, 0)
    assert.equal(desk.frames().length, 0, 'no window is given')
    desk.receive(data(1, Buffer.alloc(1535)))
    desk.receive(data(1, 'x'))
    assertReset(desk, 1, ERROR_CODE.flowControl)
    assert.deepEqual(seen?.events, ['gone'])
  })

  test('a paused stream goes on where it was, and the client gets its window back', () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1))
    const [seen] = desk.seen
    seen?.stream.pause()
    desk.receive(data(1, Buffer.alloc(16_000, 'a')), data(1, Buffer.alloc(16_000, 'b')), data(1, 'c', true))
    seen?.stream.resume()
    assert.equal(seen?.body, `${'a'.repeat(16_000)}${'b'.repeat(16_000)}c`)
    assert.deepEqual(seen.events, ['last'])
  })

  test('a new initial window counts for open streams, and can take some away', () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1, { isLast: true }), frame(SETTINGS, 0, 0, Buffer.from('000400000000', 'hex')))
    const [seen] = desk.seen
    seen?.stream.respond(HEAD)
    assert.equal(seen?.stream.write(Buffer.from('abc')), false)
    desk.receive(frame(SETTINGS, 0, 0, Buffer.from('000400000002', 'hex')))
    assert.equal(String(desk.frames().find(({ type }) => type === DATA)?.payload), 'ab')
    desk.receive(frame(SETTINGS, 0, 0, Buffer.from('000400000003', 'hex')))
    assert.equal(String(desk.frames().find(({ type }) => type === DATA)?.payload), 'c')
    assert.deepEqual(seen?.events, ['ended', 'drained'])
  })
})

describe('a client that breaks the protocol', () => {
  const ofConnection: Record<string, [Buffer[], number]> = {
    'a first frame that is not SETTINGS': [[frame(PING, 0, 0, words(0, 0))], ERROR_CODE.protocol],
    'a frame above the limit': [[frame(DATA, 0, 1, Buffer.alloc(16_385))], ERROR_CODE.frameSize],
    'HEADERS of an even stream': [[request(2)], ERROR_CODE.protocol],
    'a stream opened twice': [[request(1, { isLast: true }), request(1)], ERROR_CODE.streamClosed],
    'a stream number that goes back': [[request(5), request(3)], ERROR_CODE.streamClosed],
    'DATA of a stream that nobody opened': [[data(7, 'x')], ERROR_CODE.protocol],
    'DATA of no stream': [[data(0, 'x')], ERROR_CODE.protocol],
    'a WINDOW_UPDATE of nothing': [[frame(WINDOW_UPDATE, 0, 0, words(0))], ERROR_CODE.protocol],
    'a window above 2^31': [[frame(WINDOW_UPDATE, 0, 0, words(2 ** 31 - 1))], ERROR_CODE.flowControl],
    'something within a header block': [
      [frame(HEADERS, 0, 1, Buffer.from([0x82])), data(1, 'x')],
      ERROR_CODE.protocol,
    ],
    'CONTINUATION of nothing': [[frame(9, 4, 1)], ERROR_CODE.protocol],
    'more padding than frame': [[request(1), frame(DATA, 8, 1, Buffer.from([9, 1]))], ERROR_CODE.protocol],
    'a header block that is none': [
      [frame(HEADERS, 4, 1, Buffer.from([0xff, 0xff, 0xff]))],
      ERROR_CODE.compression,
    ],
    'a PUSH_PROMISE': [[frame(5, 4, 1, words(2))], ERROR_CODE.protocol],
    'SETTINGS of half an entry': [[frame(SETTINGS, 0, 0, Buffer.alloc(5))], ERROR_CODE.frameSize],
    'an initial window above 2^31': [
      [frame(SETTINGS, 0, 0, Buffer.from('0004ffffffff', 'hex'))],
      ERROR_CODE.flowControl,
    ],
    'a MAX_FRAME_SIZE of 1': [
      [frame(SETTINGS, 0, 0, Buffer.from('000500000001', 'hex'))],
      ERROR_CODE.protocol,
    ],
    'a PING that is too short': [[frame(PING, 0, 0, words(1))], ERROR_CODE.frameSize],
    'a PRIORITY that is too short': [[request(1), frame(2, 0, 1, Buffer.alloc(4))], ERROR_CODE.frameSize],
    'PING of a stream': [[frame(PING, 0, 1, words(1, 2))], ERROR_CODE.protocol],
  }
  for (const [what, [frames, code]] of Object.entries(ofConnection))
    test(`${what} ends the connection`, () => {
      const desk = what.startsWith('a first') ? new Http2Desk(echo) : Http2Desk.begun(echo)
      const preface = what.startsWith('a first') ? [PREFACE_AND_SETTINGS.subarray(0, 24)] : []
      desk.receive(...preface, ...frames)
      assertGoaway(desk, code)
    })

  const ofStream: Record<string, [Buffer[], number]> = {
    'an upper-case name': [[request(1, { more: [['A', 'b']] })], ERROR_CODE.protocol],
    'a header of a connection': [[request(1, { more: [['connection', 'close']] })], ERROR_CODE.protocol],
    'a space around a value': [[request(1, { more: [['a', 'b ']] })], ERROR_CODE.protocol],
    'a pseudo-header behind a header': [[request(1, { more: [[':path', '/']] })], ERROR_CODE.protocol],
    'a line break in a value': [[request(1, { more: [['a', 'b\r\nc']] })], ERROR_CODE.protocol],
    'a body that is not as long as announced': [
      [request(1, { more: [['content-length', '3']] }), data(1, 'four', true)],
      ERROR_CODE.protocol,
    ],
    'headers above the limit': [
      [
        frame(
          HEADERS,
          0,
          1,
          encodeFields([
            [':method', 'POST'],
            [':scheme', 'http'],
            [':path', '/'],
          ]),
        ),
        frame(9, 0, 1, encodeFields([['a', 'x'.repeat(16_000)]])),
        frame(9, 4, 1, encodeFields([['b', 'x'.repeat(1000)]])),
      ],
      ERROR_CODE.enhanceYourCalm,
    ],
    'DATA behind the end': [[request(1, { isLast: true }), data(1, 'x')], ERROR_CODE.streamClosed],
    'trailers that do not end': [
      [request(1), frame(HEADERS, 4, 1, encodeFields([['a', 'b']]))],
      ERROR_CODE.protocol,
    ],
    'a WINDOW_UPDATE of 0': [[request(1), frame(WINDOW_UPDATE, 0, 1, words(0))], ERROR_CODE.protocol],
  }
  for (const [what, [frames, code]] of Object.entries(ofStream))
    test(`${what} ends the request alone`, () => {
      const desk = Http2Desk.begun()
      desk.receive(...frames)
      assertReset(desk, 1, code)
      desk.receive(request(3, { isLast: true }))
      assert.equal(desk.seen.at(-1)?.stream.id, 3)
    })

  test('more requests at once than allowed are refused, and may be sent again', () => {
    const desk = Http2Desk.begun()
    for (let i = 0; i < 256; i += 1) desk.receive(request(2 * i + 1))
    desk.receive(request(513))
    assertReset(desk, 513, ERROR_CODE.refusedStream)
    assert.equal(desk.seen.length, 256)
  })

  test('a client of HTTP/1.1 is told what this port is, and nothing before it', async () => {
    const desk = new Http2Desk()
    await new Promise((resolve) => setImmediate(resolve))
    desk.receive(Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n'))
    assert.match(Buffer.concat(desk.socket.written).toString(), /^HTTP\/1\.1 400 [\s\S]*gRPC/)
    assert.equal(desk.socket.ended, true)
  })

  test('random bytes behind the preface end the connection or ask for nothing, and are no fault of ours', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }), (chunks) => {
        const desk = Http2Desk.begun(echo)
        for (const chunk of chunks) desk.receive(Buffer.from(chunk))
        assert.deepEqual(desk.faults, [])
      }),
    )
  })

  test('random frames are answered or refused, and are no fault of ours', () => {
    const anyFrame = fc
      .tuple(fc.nat({ max: 10 }), fc.nat({ max: 255 }), fc.nat({ max: 9 }), fc.uint8Array({ maxLength: 40 }))
      .map(([type, flags, stream, payload]) => frame(type, flags, stream, payload))
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            anyFrame,
            fc.nat({ max: 9 }).map((i) => request(2 * i + 1)),
          ),
        ),
        (frames) => {
          const desk = Http2Desk.begun(echo)
          for (const one of frames) desk.receive(one)
          assert.deepEqual(desk.faults, [])
          if (desk.socket.ended) assert.equal(desk.seen.filter(({ stream }) => !stream.isOver).length, 0)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('the end of a connection', () => {
  test('it is announced, requests on their way are answered, and then it ends', () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1, { isLast: true }))
    desk.connection.retire()
    desk.receive(request(3, { isLast: true }))
    const first = desk.frames()
    assert.deepEqual(told(first), [`${GOAWAY}/0/0`, `${PING}/0/0`])
    assert.equal(first[0]?.payload.readUInt32BE(0), 2 ** 31 - 1)
    desk.receive(frame(PING, 1, 0, first[1]?.payload))
    assert.equal(desk.frames()[0]?.payload.readUInt32BE(0), 3, 'the last one that is answered')
    desk.receive(request(5, { isLast: true }))
    assert.equal(desk.seen.length, 2)
    for (const { stream } of desk.seen) stream.end(TRAILERS)
    assert.equal(desk.socket.ended, true)
    assert.deepEqual(told(desk.frames()), [`${HEADERS}/5/1`, `${HEADERS}/5/3`])
  })

  test('a client that does not answer the PING has a second', () => {
    const desk = Http2Desk.begun()
    desk.connection.retire()
    desk.clock.advance(999)
    assert.equal(desk.socket.ended, false)
    desk.clock.advance(1)
    assert.equal(desk.socket.ended, true)
  })

  test('a client that vanished is asked after a minute and cut off after 20 s more', () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1))
    for (let look = 0; look < 3; look += 1) desk.connection.look()
    assert.equal(desk.socket.destroyed, false)
    desk.connection.look()
    assert.equal(desk.socket.destroyed, true)
    assert.deepEqual(desk.seen[0]?.events, ['gone'])
  })

  test('a connection without a request for five minutes ends in peace', async () => {
    const desk = Http2Desk.begun()
    for (let look = 0; look < 16; look += 1) {
      desk.receive(frame(PING, 1, 0, words(0, 0)))
      desk.connection.look()
    }
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(desk.frames().some(({ type }) => type === GOAWAY))
  })

  test('when the client is gone, whoever answers is told once', () => {
    const desk = Http2Desk.begun()
    desk.receive(request(1), request(3), frame(RST, 0, 1, words(8)))
    desk.socket.destroy()
    assert.deepEqual(
      desk.seen.map(({ events }) => events),
      [['gone'], ['gone']],
    )
    const [, later] = desk.seen
    later?.stream.respond(HEAD)
    later?.stream.end(TRAILERS)
  })
})
