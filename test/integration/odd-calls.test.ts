// Runs beside others: what is too slow is so by its processor time, whoever else has the processor.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { GenerateResponse } from '../../service/grpc/generated/idgen/v1/id_service.ts'
import { Scope } from '../../service/grpc/generated/idgen/v1/key_service.ts'
import { encodeFields, type HeaderFields } from '../../service/http2/hpack-encoder.ts'
import { callGrpc, type GrpcAnswer, grpcSessionFrom } from '../fixtures/calls-from-address.ts'
import {
  AuditServiceService,
  CatalogServiceService,
  IdServiceService,
  KeyServiceService,
} from '../fixtures/grpc-stubs.ts'
import { data, frame, framesIn, PREFACE_AND_SETTINGS } from '../fixtures/http2-frames.ts'
import { assertCheap } from '../fixtures/processor-time.ts'
import { RespService } from '../fixtures/resp-service.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { NO_TAGS, PATIENT } from './odd-inputs.ts'

/** What abuse.test.ts asks over HTTP, over gRPC: counts, names, heads and texts that nobody asks for in earnest. */

const TAG = 'demo/load/orders'
const { generate, generateBatch, generateStream, decode } = IdServiceService

interface Stage {
  readonly service: ServiceProcess
  readonly session: ClientHttp2Session
  readonly key: string
}

test('a real service stands odd calls of gRPC', {
  timeout: 300_000,
}, async (t) => {
  const { world, service } = await RespService.start(t, PATIENT)
  const session = grpcSessionFrom(service.grpcAddress)
  t.after(() => session.destroy())
  const on = { service, session, key: world.key }
  const sound = (run: (stage: Stage) => Promise<void>) => async (inner: TestContext) => {
    const before = await nextNumber(on)
    await run(on)
    await serves(inner, on, before)
  }
  await t.test('counts that are none are refused over gRPC, and spend nothing', sound(refusesGrpcCounts))
  await t.test('names that lead elsewhere are names of nothing over gRPC', sound(refusesGrpcNames))
  await t.test('a head with a line break or a second meaning is no request over gRPC', sound(refusesHeads))
  await t.test('long texts made to slow a pattern down are answered at once over gRPC', sound(readsLongTexts))
  await t.test('groups in groups without end are no message', sound(refusesNesting))
})

/** A machine that has no time for its database refuses for now; it is asked again. */
async function asked(session: ClientHttp2Session, call: Parameters<typeof callGrpc>[1]): Promise<GrpcAnswer> {
  let answer = await callGrpc(session, call)
  for (let tries = 1; answer.status === UNAVAILABLE && tries < TRIES_MAX; tries += 1)
    answer = await callGrpc(session, call)
  return answer
}

const UNAVAILABLE = '14'
/** Of a look-up that has 1.5 s: half a minute. */
const TRIES_MAX = 20

async function nextNumber({ session, key }: Stage): Promise<number> {
  const message = generate.requestSerialize({ tag: TAG })
  const answer = await asked(session, { path: generate.path, message, key })
  assert.equal(answer.status, '0', answer.said)
  return Number(GenerateResponse.decode(answer.message).id)
}

/** Nothing was spent since `before`, and no fault of ours was logged. */
async function serves(t: TestContext, on: Stage, before: number): Promise<void> {
  assert.equal(await nextNumber(on), before + 1, t.name)
  const faults = on.service.log.filter(({ level, text }) => level === 'error' || level === 'fatal' || text)
  assert.deepEqual(faults, [], t.name)
}

function field(number: number, text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    bytes.push(left < 128 ? left : (left % 128) + 128)
    if (left < 128) return Buffer.from(bytes)
  }
}

/** What stands for the count, in hex with its number and type; what is of another type is no count. */
const COUNTS: Readonly<Record<string, string>> = {
  'no count': '',
  'a million and one': '10c1843d',
  '2^31': '108080808008',
  '2^32 - 1': '10ffffffff0f',
  '-1': '10ffffffffffffffffff01',
  'the least of 64 bits': '1080808080808080808001',
  '"1;drop"': `1206${Buffer.from('1;drop').toString('hex')}`,
  '1e400, which is infinity': '11000000000000f07f',
  '-1 in four bytes': '15ffffffff',
  'a count in a format that is none': '10011863',
}
/** No protobuf at all. */
const UNREADABLE: Readonly<Record<string, string>> = {
  'a number without end': '10ffffffffffffffffffff01',
  'a number that is cut off': '1080',
}

async function refusesGrpcCounts({ session, key }: Stage): Promise<void> {
  for (const { path } of [generateBatch, generateStream])
    for (const [cases, status] of [
      [COUNTS, '3'],
      [UNREADABLE, '13'],
    ] as const)
      for (const [what, hex] of Object.entries(cases)) {
        const message = Buffer.concat([field(1, TAG), Buffer.from(hex, 'hex')])
        const answer = await asked(session, { path, message, key })
        assert.equal(answer.status, status, `${path} ${what}: ${answer.said}`)
        assert.equal(answer.message.length, 0)
      }
}

async function refusesGrpcNames({ session, key }: Stage): Promise<void> {
  for (const tag of NO_TAGS)
    for (const { path } of [generate, generateBatch, generateStream]) {
      const message = Buffer.concat([field(1, tag), Buffer.from('1001', 'hex')])
      const { status = '', said } = await asked(session, { path, message, key })
      assert.ok(NO_SUCH.includes(status), `${JSON.stringify(tag)}: ${status} ${said}`)
    }
  for (const path of [
    '/',
    '//',
    '/idgen.v1.IdService/',
    '/idgen.v1.IdService/../IdService/Generate',
    '/__proto__/x',
  ])
    assert.equal((await asked(session, { path, message: field(1, TAG), key })).status, '12', path)
}

/** INVALID_ARGUMENT, NOT_FOUND */
const NO_SUCH = ['3', '5']

const [DATA, HEADERS, RST_STREAM] = [0, 1, 3] as const
/** What every call has; a row replaces or adds. */
const HEAD: HeaderFields = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', generate.path],
  ['content-type', 'application/grpc'],
]

async function refusesHeads({ service, key }: Stage): Promise<void> {
  const authorization: [string, string] = ['authorization', `Bearer ${key}`]
  const heads: readonly HeaderFields[] = [
    [...HEAD, ['authorization', `Bearer ${key}\r\nx-api-key: other`]],
    [...HEAD, authorization, ['x-a', 'b\nc: d']],
    [...HEAD, authorization, ['x-a', 'b\u0000']],
    [...HEAD, authorization, ['x-a\r\nb', 'c']],
    [...HEAD, authorization, ['x-A', 'b']],
    [...HEAD, authorization, ['', 'b']],
    [...HEAD, authorization, [':path', '/v1/keys']],
    [[':path', '/v1/keys'], ...HEAD, authorization],
    [...HEAD, authorization, ['connection', 'keep-alive']],
    [...HEAD, authorization, ['transfer-encoding', 'chunked']],
    [...HEAD, authorization, ['content-length', '1e3']],
    [...HEAD, authorization, ['content-length', '5'], ['content-length', '6']],
    [[':method', 'POST'], [':scheme', 'http'], [':path', `${generate.path}\r\nx: y`], authorization],
    [[':method', 'POST'], [':path', generate.path], authorization],
  ]
  const message = generate.requestSerialize({ tag: TAG })
  const body = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message])
  for (const fields of heads) {
    const [host = '', port = ''] = service.grpcAddress.split(':')
    const socket = connect(Number(port), host)
    socket.write(
      Buffer.concat([PREFACE_AND_SETTINGS, frame(HEADERS, 4, 1, encodeFields(fields)), data(1, body, true)]),
    )
    const types = await typesUntilReset(socket)
    socket.destroy()
    assert.ok(!types.includes(HEADERS) && !types.includes(DATA), `${JSON.stringify(fields)}: it was answered`)
  }
}

/** The types of the frames that came until the stream was reset, or the connection ended. */
async function typesUntilReset(socket: ReturnType<typeof connect>): Promise<readonly number[]> {
  let bytes = Buffer.alloc(0)
  let types: readonly number[] = []
  socket.on('error', () => undefined)
  socket.on('data', (part: Buffer) => {
    bytes = Buffer.concat([bytes, part])
    types = wholeFrames(bytes)
    // An answer is what must not come: it is not waited for either.
    if (types.some((type) => type === RST_STREAM || type === HEADERS)) socket.destroy()
  })
  const limit = AbortSignal.timeout(HANG_MS)
  await once(socket, 'close', { signal: limit }).catch(() => assert.fail('the connection hangs'))
  return types
}

function wholeFrames(bytes: Buffer): readonly number[] {
  let end = 0
  while (bytes.length - end >= 9 && bytes.length - end >= 9 + bytes.readUIntBE(end, 3))
    end += 9 + bytes.readUIntBE(end, 3)
  return framesIn(bytes.subarray(0, end)).map(({ type }) => type)
}

/** A call waits 2 s at most; the rest is a busy machine's. */
const HANG_MS = 30_000

async function readsLongTexts({ service, session, key }: Stage): Promise<void> {
  const { createKey } = KeyServiceService
  const { listWorkspaces, createWorkspace } = CatalogServiceService
  const { listAuditRecords } = AuditServiceService
  for (const part of ['a', 'a-', 'a.', '0', '9', ' ', '/', '1,', 'for=', ';', '-1', '%']) {
    const long = `${part.repeat(Math.floor(100_000 / part.length))}!`
    const key200 = { name: long, scopes: [Scope.ISSUE], within: long, expiresAt: undefined }
    const filter = { actor: long, action: long, subject: long, workspace: long, result: long, traceId: long }
    const calls: readonly (readonly [path: string, message: Uint8Array])[] = [
      [generate.path, field(1, long)],
      [generateBatch.path, field(1, long)],
      [decode.path, decode.requestSerialize({ id: long })],
      [createKey.path, createKey.requestSerialize(key200)],
      [createWorkspace.path, createWorkspace.requestSerialize({ workspace: long, displayName: long })],
      [listWorkspaces.path, listWorkspaces.requestSerialize({ pageSize: 1, pageToken: long })],
      [
        listAuditRecords.path,
        listAuditRecords.requestSerialize({
          filter: { ...filter, from: undefined, to: undefined },
          pageSize: 1,
          pageToken: '',
          oldestFirst: false,
        }),
      ],
    ]
    for (const [path, message] of calls) {
      const { status = '', said } = await assertCheap(service, `${path} of ${part}`, () =>
        asked(session, { path, message, key }),
      )
      assert.ok(NO_SUCH.includes(status), `${path} of ${part}: ${status} ${said.slice(0, 200)}`)
    }
    const headers = Object.fromEntries(
      ['traceparent', 'tracestate', 'x-forwarded-for', 'forwarded', 'grpc-timeout', 'idgen-client-dc'].map(
        (name) => [name, `${part.repeat(Math.floor(2000 / part.length))}!`.trim()],
      ),
    )
    const { path, requestSerialize } = decode
    const message = requestSerialize({ id: '1' })
    const answer: GrpcAnswer = await assertCheap(service, `headers of ${part}`, () =>
      asked(session, { path, message, key, headers }),
    )
    assert.equal(answer.status, '0', `headers of ${part}: ${answer.said}`)
  }
}

async function refusesNesting({ session, key }: Stage): Promise<void> {
  // Field 15 is none of ours, and a group begins in each group; 0x7c would end one.
  const endless = Buffer.alloc(60_000, 0x7b)
  for (const { path } of [generate, generateBatch, generateStream, decode, CatalogServiceService.createTag]) {
    const { status, said } = await asked(session, { path, message: endless, key })
    assert.equal(status, '13', path)
    assert.match(said, /^The request message cannot be read/, path)
  }
}
