import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { describe, type TestContext, test } from 'node:test'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { HealthService, IdServiceService, KeyServiceService } from '../../test/fixtures/grpc-stubs.ts'
import { until } from '../../test/fixtures/until.ts'
import { STATUS } from './status-code.ts'

const { generate, generateStream } = IdServiceService
const STRANGER = `idg_aaaaaaaaaaaa_${'0'.repeat(43)}`
const MESSAGE = framed(generate.requestSerialize({ tag: 'acme/shop/segment' }))

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

async function session(t: TestContext, api: GrpcApi): Promise<ClientHttp2Session> {
  const client = connect(`http://${api.address}`)
  client.on('error', () => undefined)
  t.after(() => client.destroy())
  await once(client, 'connect')
  return client
}

/** Resolves once the server has read all that was sent before, and what it answered to that is here. */
async function exchanged(client: ClientHttp2Session): Promise<void> {
  // The first one may be sent before what it is to follow, but not after the second.
  for (let i = 0; i < 2; i += 1)
    await new Promise<void>((resolve, reject) => {
      client.ping((error) => (error === null ? resolve() : reject(error)))
    })
}

/** A call whose head was sent, and so much of its message; resolves once the server has read that. */
async function begun(
  client: ClientHttp2Session,
  path: string,
  key: string,
  part: Uint8Array = Buffer.alloc(0),
): Promise<Begun> {
  const stream = client.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(key && { authorization: `Bearer ${key}` }),
  })
  const call = new Begun(stream)
  if (part.length > 0) stream.write(part)
  await exchanged(client)
  return call
}

class Begun {
  readonly stream: ClientHttp2Stream
  /** grpc-status; undefined: it has not ended. */
  status: string | undefined

  constructor(stream: ClientHttp2Stream) {
    this.stream = stream
    stream.on('error', () => undefined)
    for (const event of ['response', 'trailers'] as const)
      stream.on(event, (fields: Record<string, unknown>) => {
        const status = fields['grpc-status']
        if (typeof status === 'string') this.status = status
      })
    stream.resume()
  }

  async endsWith(status: number): Promise<void> {
    await until('it has ended', () => this.status !== undefined)
    assert.equal(this.status, String(status))
  }
}

describe('a call whose message is on its way', () => {
  for (const [what, path] of [
    ['for an ID', generate.path],
    ['for a stream of them', generateStream.path],
    ['that manages', KeyServiceService.listKeys.path],
  ] as const)
    for (const [how, part] of [
      ['nothing', Buffer.alloc(0)],
      ['a part', MESSAGE.subarray(0, 6)],
    ] as const)
      test(`${what} is refused at once without a right key, while ${how} of it has come`, async (t) => {
        const api = await GrpcApi.withTags(t)
        const client = await session(t, api)
        for (const key of ['', STRANGER])
          await (await begun(client, path, key, part)).endsWith(STATUS.UNAUTHENTICATED)
      })

  test('is answered once it is whole, by a key that nobody knew before, and counts once', async (t) => {
    const api = await GrpcApi.withTags(t, { environment: { IDGEN_LIMITS_PER_ADDRESS: '2' } })
    const client = await session(t, api)
    const key = await api.key(['issue'])
    for (const part of [0, 6]) {
      const call = await begun(client, generate.path, key, MESSAGE.subarray(0, part))
      assert.equal(call.status, undefined)
      call.stream.end(MESSAGE.subarray(part))
      await call.endsWith(STATUS.OK)
    }
    await (await begun(client, generate.path, STRANGER)).endsWith(STATUS.RESOURCE_EXHAUSTED)
  })

  test('has its message kept while its key is looked up', async (t) => {
    const api = await GrpcApi.withTags(t)
    const client = await session(t, api)
    const key = await api.key(['issue'])
    const { signIn } = api.memory.useCases
    const authenticate = signIn.authenticate.bind(signIn)
    const asked = Promise.withResolvers<void>()
    signIn.authenticate = async (...args) => {
      await asked.promise
      return authenticate(...args)
    }
    const calls = [
      await begun(client, generate.path, key, MESSAGE.subarray(0, 6)),
      await begun(client, generateStream.path, key, MESSAGE.subarray(0, 6)),
    ]
    for (const { stream } of calls) stream.end(MESSAGE.subarray(6))
    await exchanged(client)
    assert.deepEqual([calls[0]?.status, calls[1]?.status], [undefined, undefined])
    asked.resolve()
    await calls[0]?.endsWith(STATUS.OK)
    // A stream asks for a count, and this message has none.
    await calls[1]?.endsWith(STATUS.INVALID_ARGUMENT)
  })

  test('needs no key where its method needs none', async (t) => {
    const api = await GrpcApi.start(t)
    const { path, requestSerialize } = HealthService.check
    const message = framed(requestSerialize({ service: 'idgen.v1.IdService' }))
    const call = await begun(await session(t, api), path, '', message.subarray(0, 6))
    assert.equal(call.status, undefined)
    call.stream.end(message.subarray(6))
    await call.endsWith(STATUS.OK)
  })
})

describe('half a message at a stop', () => {
  test('is waited for for 5 s, and its caller is told to go elsewhere', async (t) => {
    const api = await GrpcApi.withTags(t)
    const client = await session(t, api)
    const call = await begun(client, generate.path, api.memory.keyText, MESSAGE.subarray(0, 6))
    const drained = api.server.drain(30_000)
    api.memory.clock.advance(5000)
    await call.endsWith(STATUS.UNAVAILABLE)
    await drained
  })

  test('that is whole by then is answered', async (t) => {
    const api = await GrpcApi.withTags(t)
    const client = await session(t, api)
    const call = await begun(client, generate.path, api.memory.keyText, MESSAGE.subarray(0, 6))
    const drained = api.server.drain(30_000)
    api.memory.clock.advance(4000)
    call.stream.end(MESSAGE.subarray(6))
    await call.endsWith(STATUS.OK)
    await drained
  })

  test('holds up a stop no longer than that may take', async (t) => {
    const api = await GrpcApi.withTags(t)
    const client = await session(t, api)
    await begun(client, generate.path, api.memory.keyText, MESSAGE.subarray(0, 6))
    const closed = once(client, 'close')
    const drained = api.server.drain(2000)
    api.memory.clock.advance(2000)
    await drained
    await closed
  })
})
