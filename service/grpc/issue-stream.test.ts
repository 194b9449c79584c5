import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { type TestContext, test } from 'node:test'
import { type ServiceError, status } from '@grpc/grpc-js'
import { assertTold, GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { IdServiceService } from '../../test/fixtures/grpc-stubs.ts'
import {
  type GenerateStreamRequest,
  type GenerateStreamResponse,
  IdFormat,
} from './generated/idgen/v1/id_service.ts'

const SEGMENT: GenerateStreamRequest = { tag: 'acme/shop/segment', count: 100, format: IdFormat.TEXT }

test('a stream gives 100,000 IDs, each once and in order, to a client that sends all its requests at once', async (t) => {
  const api = await GrpcApi.withTags(t)
  const stream = api.stream()
  for (let i = 0; i < 1000; i += 1) stream.write(SEGMENT)
  stream.end()
  let next = 1
  for await (const { texts } of stream as AsyncIterable<GenerateStreamResponse>)
    for (const text of texts) assert.equal(Number(text), next++)
  assert.equal(next, 100_001)
})

test('answers come in the order of the requests, also when some had to wait', async (t) => {
  const api = await GrpcApi.withTags(t)
  const stream = api.stream()
  // Every second tag is not loaded yet at its first request, so its answer takes longer than the next one's.
  const names = ['segment', 'uuid-v4', 'segment', 'snowflake', 'uuid-v7', 'segment']
  for (const name of names) stream.write({ tag: `acme/shop/${name}`, count: 2, format: IdFormat.TEXT })
  stream.end()
  const kinds: string[] = []
  for await (const { texts } of stream as AsyncIterable<GenerateStreamResponse>)
    kinds.push(texts.map((text) => (/-/.test(text) ? 'uuid' : text.length > 10 ? 'snowflake' : text)).join())
  assert.deepEqual(kinds, ['1,2', 'uuid,uuid', '3,4', 'snowflake,snowflake', 'uuid,uuid', '5,6'])
})

test('a client that does not read gets no more made than fits the windows, and then everything', async (t) => {
  const api = await GrpcApi.withTags(t)
  const requests = 200
  const slow = new UnreadStream(t, api)
  // 10,000 texts are about 90 KB; 200 answers of them are 18 MB, if anybody made them.
  for (let i = 0; i < requests; i += 1) slow.send({ ...SEGMENT, count: 10_000 })
  const made = (): number => api.memory.useCases.directory.peek(SEGMENT.tag)?.served.segment.requests ?? 0
  await settled(made)
  assert.ok(made() > 0 && made() <= 20, `${made()} answers were made for a client that read none`)
  const texts = (await slow.readAll()).flatMap((answer) => answer.texts)
  assert.equal(texts.length, requests * 10_000)
  assert.equal(texts.at(-1), String(requests * 10_000))
})

test('the limits of a message hold on a stream', async (t) => {
  const api = await GrpcApi.withTags(t)
  const { maxText } = api.memory.useCases.limits
  for (const count of [0, maxText + 1]) {
    const stream = api.stream()
    stream.write({ ...SEGMENT, count })
    assertTold(await failed(stream), 'IDGEN_COUNT_OUT_OF_RANGE')
  }
})

test('an error ends the stream after the answers before it, and nothing is issued for what follows', async (t) => {
  const api = await GrpcApi.withTags(t)
  const stream = api.stream()
  const answers: GenerateStreamResponse[] = []
  stream.on('data', (answer: GenerateStreamResponse) => answers.push(answer))
  stream.write({ ...SEGMENT, count: 3 })
  stream.write({ ...SEGMENT, tag: 'acme/shop/nothing' })
  for (let i = 0; i < 20; i += 1) stream.write(SEGMENT)
  assertTold(await failed(stream), 'IDGEN_TAG_NOT_FOUND')
  assert.deepEqual(
    answers.map(({ texts }) => texts),
    [['1', '2', '3']],
  )
  assert.equal(api.memory.useCases.directory.peek(SEGMENT.tag)?.served.segment.ids, 3)
})

test('a stream without a key, or with one that may not issue, ends with the first request', async (t) => {
  const api = await GrpcApi.withTags(t)
  for (const [key, code] of [
    ['', 'IDGEN_UNAUTHENTICATED'],
    [await api.key(['manage']), 'IDGEN_FORBIDDEN'],
  ] as const) {
    const stream = api.stream({ key })
    stream.write(SEGMENT)
    assertTold(await failed(stream), code)
  }
})

test('a key revoked while its stream is open ends the stream', async (t) => {
  const api = await GrpcApi.withTags(t)
  const key = await api.key(['issue'])
  const stream = api.stream({ key })
  stream.write(SEGMENT)
  await once(stream, 'data')
  await api.memory.useCases.keys.revoke({ actor: 'test', traceId: undefined }, key.split('_')[1] ?? '')
  stream.write(SEGMENT)
  assertTold(await failed(stream), 'IDGEN_UNAUTHENTICATED')
})

test('a cancelled stream stops issuing', async (t) => {
  const api = await GrpcApi.withTags(t)
  const slow = new UnreadStream(t, api)
  for (let i = 0; i < 500; i += 1) slow.send({ ...SEGMENT, count: 10_000 })
  const made = (): number => api.memory.useCases.directory.peek(SEGMENT.tag)?.served.segment.requests ?? 0
  await settled(made)
  const before = made()
  slow.cancel()
  await settled(made)
  assert.ok(before > 0 && before < 500)
  assert.equal(made(), before)
})

test('a deadline ends a stream that nobody ends', async (t) => {
  const api = await GrpcApi.withTags(t)
  const stream = api.stream({ deadline: Date.now() + 100 })
  stream.write(SEGMENT)
  assert.equal((await failed(stream)).code, status.DEADLINE_EXCEEDED)
})

/** A stream whose answers stay in the network until `readAll`: grpc-js' own client reads ahead without being asked. */
class UnreadStream {
  readonly #session: ClientHttp2Session
  readonly #stream: ClientHttp2Stream

  constructor(t: TestContext, api: GrpcApi) {
    this.#session = connect(`http://${api.address}`)
    this.#stream = this.#session.request({
      ':method': 'POST',
      ':path': IdServiceService.generateStream.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer ${api.memory.keyText}`,
    })
    // The end of the test cuts the connection off.
    for (const end of [this.#session, this.#stream]) end.on('error', () => undefined)
    this.#stream.pause()
    t.after(() => this.#session.destroy())
  }

  send(request: GenerateStreamRequest): void {
    const message = IdServiceService.generateStream.requestSerialize(request)
    const prefix = Buffer.alloc(PREFIX_BYTES)
    prefix.writeUInt32BE(message.length, 1)
    this.#stream.write(Buffer.concat([prefix, message]))
  }

  cancel(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  async readAll(): Promise<GenerateStreamResponse[]> {
    this.#stream.end()
    const chunks: Buffer[] = []
    for await (const chunk of this.#stream) chunks.push(chunk as Buffer)
    const bytes = Buffer.concat(chunks)
    const answers: GenerateStreamResponse[] = []
    for (let at = 0; at < bytes.length; ) {
      const end = at + PREFIX_BYTES + bytes.readUInt32BE(at + 1)
      answers.push(
        IdServiceService.generateStream.responseDeserialize(bytes.subarray(at + PREFIX_BYTES, end)),
      )
      at = end
    }
    return answers
  }
}

/** One byte of flags and four of length stand before every message of gRPC. */
const PREFIX_BYTES = 5

/** Resolves with the error that ends the stream. */
async function failed(stream: ReturnType<GrpcApi['stream']>): Promise<ServiceError> {
  stream.resume()
  const [error] = (await once(stream, 'error').catch((thrown: unknown) => [thrown])) as [ServiceError]
  return error
}

/** Resolves when the value has not changed over many turns of the event loop, in which sockets were looked at. */
async function settled(value: () => number): Promise<void> {
  let seen = value()
  for (let quiet = 0; quiet < 200; quiet += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    if (value() === seen) continue
    seen = value()
    quiet = 0
  }
}
