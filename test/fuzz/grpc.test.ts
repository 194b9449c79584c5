// Runs beside others: a busy machine takes longer for its cases, and memory is its own.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { test } from 'node:test'
import { GenerateRequest } from '../../service/grpc/generated/idgen/v1/id_service.ts'
import { encodeFields } from '../../service/http2/hpack-encoder.ts'
import { IdServiceService } from '../fixtures/grpc-stubs.ts'
import { Http2Attacker } from '../fixtures/http2-attacker.ts'
import { data, frame, PREFACE_AND_SETTINGS, words } from '../fixtures/http2-frames.ts'
import type { Prng } from '../simulation/world/prng.ts'
import { FUZZ_MS, SEED } from './fuzz-form.ts'
import { FuzzedService } from './fuzzed-service.ts'
import { anyBody, anyHeaders, anyPath } from './grpc-inputs.ts'
import { garbage, mutated, pieces } from './mutated-bytes.ts'

const LIMIT = { timeout: FUZZ_MS + 180_000 }

test('a call with a faulty path, header or message ends, and is no fault of ours', LIMIT, async (t) => {
  const fuzzed = await FuzzedService.start(t)
  const session = connect(`http://${fuzzed.service.grpcAddress}`)
  session.on('error', () => undefined)
  t.after(() => session.destroy())
  const statuses = new Map<string, number>()
  const cases = await fuzzed.tryCases(async (chance) => {
    const { status, message } = await call(session, fuzzed.key, chance)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status === INTERNAL) assert.match(message, UNREADABLE)
    assert.ok(EXPECTED.includes(status), `status ${status}: ${message}`)
  })
  t.diagnostic(`${cases} cases from seed ${SEED}: ${JSON.stringify([...statuses].sort())}`)
})

const INTERNAL = '13'
/** As grpc-java and grpc-js have it, bytes that are no message or no gRPC are INTERNAL; nothing else may be. */
const UNREADABLE =
  /^(?:The request message cannot be read|The last message is not complete|A message is compressed|content-type is)/
/** Not UNKNOWN (2): that would be an error nobody thought of. Of HTTP: what is no gRPC at all. */
const EXPECTED = [
  '0',
  '3',
  '4',
  '5',
  '6',
  '7',
  '8',
  '9',
  '10',
  '11',
  '12',
  INTERNAL,
  '14',
  '16',
  'http 415',
  'reset',
]

interface Outcome {
  readonly status: string
  readonly message: string
}

async function call(session: ClientHttp2Session, key: string, chance: Prng): Promise<Outcome> {
  const path = anyPath(chance)
  const stream = session.request({ ':method': 'POST', ':path': path, ...anyHeaders(chance, key, path) })
  let head: IncomingHttpHeaders = {}
  let trailers: IncomingHttpHeaders = {}
  stream.on('response', (headers) => (head = headers))
  stream.on('trailers', (headers: IncomingHttpHeaders) => (trailers = headers))
  stream.on('error', () => undefined)
  stream.resume()
  stream.end(anyBody(chance))
  await ended(stream)
  const status = trailers['grpc-status'] ?? head['grpc-status']
  const text = String(trailers['grpc-message'] ?? head['grpc-message'] ?? '')
  if (status !== undefined) return { status: String(status), message: decodeURIComponent(text) }
  if (head[':status'] !== undefined) return { status: `http ${String(head[':status'])}`, message: text }
  assert.notEqual(stream.rstCode, constants.NGHTTP2_INTERNAL_ERROR)
  return { status: 'reset', message: '' }
}

async function ended(stream: ClientHttp2Stream): Promise<void> {
  if (stream.closed) return
  const limit = AbortSignal.timeout(HANG_MS)
  await once(stream, 'close', { signal: limit }).catch(() => assert.ok(!limit.aborted, 'the call hangs'))
}

test('a connection of faulty HTTP/2 frames ends or is answered, and harms nobody', LIMIT, async (t) => {
  const fuzzed = await FuzzedService.start(t)
  const cases = await fuzzed.tryCases((chance) => framesOf(fuzzed, chance))
  t.diagnostic(`${cases} cases from seed ${SEED}`)
})

async function framesOf(fuzzed: FuzzedService, chance: Prng): Promise<void> {
  const attacker = await Http2Attacker.connect(fuzzed.service.grpcAddress)
  try {
    const frames = Array.from({ length: chance.int(1, 12) }, (_, i) => anyFrame(i, fuzzed.key, chance))
    const begun = chance.chance(0.9) ? PREFACE_AND_SETTINGS : mutated(PREFACE_AND_SETTINGS, chance)
    for (const piece of pieces(Buffer.concat([begun, ...frames]), chance)) await attacker.send(piece)
    attacker.socket.end()
    assert.ok(await attacker.ended(HANG_MS), 'the connection hangs')
    assert.notEqual(attacker.goawayCode, constants.NGHTTP2_INTERNAL_ERROR)
  } finally {
    attacker.close()
  }
}

const [HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9,
] as const

function anyFrame(at: number, key: string, chance: Prng): Buffer {
  const stream = chance.chance(0.8) ? 2 * (at >> 1) + 1 : chance.int(0, 20)
  const valid = [
    () => frame(HEADERS, chance.pick([0, 1, 4, 5]) ?? 4, stream, headersOf(key, chance)),
    () => data(stream, GENERATE, chance.chance(0.7)),
    () =>
      frame(
        SETTINGS,
        chance.int(0, 1),
        0,
        Buffer.concat([words(chance.int(0, 9) << 16), garbage(chance, 8)]),
      ),
    () => frame(WINDOW_UPDATE, 0, stream, words(chance.pick([0, 1, 2 ** 31 - 1]) ?? 1)),
    () => frame(RST, 0, stream, words(8)),
    () => frame(PING, chance.int(0, 1), 0, words(1, 2)),
    () => frame(PRIORITY, 0, stream, Buffer.alloc(5)),
    () => frame(GOAWAY, 0, 0, words(0, 0)),
    () => frame(CONTINUATION, 4, stream, headersOf(key, chance)),
    () => frame(PUSH, 4, stream, words(2)),
    () => frame(chance.int(0, 255), chance.int(0, 255), stream, garbage(chance, 100)),
  ]
  const bytes = (chance.pick([...valid.slice(0, 2), ...valid]) ?? valid[0])?.() ?? Buffer.alloc(0)
  return chance.chance(0.4) ? mutated(bytes, chance) : bytes
}

function headersOf(key: string, chance: Prng): Buffer {
  const block = encodeFields([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', IdServiceService.generate.path],
    ['content-type', 'application/grpc'],
    ['authorization', `Bearer ${key}`],
  ])
  return chance.chance(0.3) ? mutated(block, chance) : block
}

const MESSAGE = Buffer.from(GenerateRequest.encode({ tag: 'demo/load/orders' }).finish())
const GENERATE = Buffer.concat([Buffer.from([0, 0, 0, 0, MESSAGE.length]), MESSAGE])

/** A call waits 2 s at most; the rest is a busy machine's. */
const HANG_MS = 30_000
