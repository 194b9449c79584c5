// Runs alone: beside floods, memory is held to a bound and polite calls to five seconds.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, credentials, Metadata } from '@grpc/grpc-js'
import { GenerateBatchRequest } from '../../service/grpc/generated/idgen/v1/id_service.ts'
import { ERROR_CODE } from '../../service/http2/error-code.ts'
import { encodeFields, type HeaderFields } from '../../service/http2/hpack-encoder.ts'
import { HealthService, IdServiceService } from '../fixtures/grpc-stubs.ts'
import { Http2Attacker } from '../fixtures/http2-attacker.ts'
import { data, frame, PREFACE_AND_SETTINGS, words } from '../fixtures/http2-frames.ts'
import { RespService } from '../fixtures/resp-service.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'

/**
 * A real process under clients that mean harm, with a polite one beside them that is answered all the time, and what the
 * process holds in memory.
 */

const { generate, generateBatch } = IdServiceService
const TAG = 'demo/load/orders'
const [HEADERS, RST, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION] = [1, 3, 4, 6, 8, 9] as const

/** Above what the process held before the first flood: six clients may have 16 MB each kept for them, the rest is Node's. */
const MEMORY_MB = 150
/** A flood is noticed after 2,000 frames; the rest is on its way then. */
const FLOOD_FRAMES = 100_000
const END_LIMIT_MS = 5000

const LIMIT = { timeout: 180_000 }

interface Scene {
  readonly service: ServiceProcess
  readonly key: string
  readonly polite: PoliteClient
  readonly beforeMb: number
}

/** Asks for one ID after the other, over a connection of its own. */
class PoliteClient {
  answered = 0
  readonly failures: string[] = []
  readonly #client: Client
  readonly #metadata = new Metadata()
  #stopped = false
  readonly #asking: Promise<void>

  constructor(address: string, key: string) {
    this.#client = new Client(address, credentials.createInsecure())
    this.#metadata.set('authorization', `Bearer ${key}`)
    this.#asking = this.#ask()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#asking
    this.#client.close()
  }

  async #ask(): Promise<void> {
    while (!this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#client.makeUnaryRequest(
          generate.path,
          generate.requestSerialize,
          generate.responseDeserialize,
          { tag: TAG },
          this.#metadata,
          { deadline: Date.now() + CALL_LIMIT_MS },
          (error) => {
            if (error === null) this.answered += 1
            else this.failures.push(error.message)
            resolve()
          },
        )
      })
      await pause(10)
    }
  }
}

/** Of one call among floods, on a machine that does other things too. */
const CALL_LIMIT_MS = 5000

/** Floods that each end the connection, with the code that says why. */
const FLOODS: Record<string, [next: (i: number) => Buffer, code: number]> = {
  'requests that are reset at once (CVE-2023-44487)': [
    (i) => Buffer.concat([headOf(2 * i + 1, generate.path), frame(RST, 0, 2 * i + 1, words(8))]),
    ERROR_CODE.enhanceYourCalm,
  ],
  'a header block without end (CVE-2024-27316)': [
    (i) => (i === 0 ? frame(HEADERS, 0, 1, Buffer.from([0x83])) : frame(CONTINUATION, 0, 1, PADDING_FIELDS)),
    ERROR_CODE.enhanceYourCalm,
  ],
  'CONTINUATION of nothing': [
    (i) => frame(i === 0 ? HEADERS : CONTINUATION, 0, 1),
    ERROR_CODE.enhanceYourCalm,
  ],
  'SETTINGS that all want an answer': [
    () => frame(SETTINGS, 0, 0, Buffer.from('000400100000', 'hex')),
    ERROR_CODE.enhanceYourCalm,
  ],
  'PING that all want an answer': [(i) => frame(PING, 0, 0, words(i, 0)), ERROR_CODE.enhanceYourCalm],
  'DATA of nothing': [(i) => (i === 0 ? headOf(1, generate.path) : data(1, '')), ERROR_CODE.enhanceYourCalm],
  'messages on a watch of health, which takes one and needs no key,': [
    (i) => (i === 0 ? headOf(1, HealthService.watch.path) : data(1, EMPTY_MESSAGES)),
    ERROR_CODE.enhanceYourCalm,
  ],
  'PRIORITY without end': [() => frame(2, 0, 3, Buffer.alloc(5)), ERROR_CODE.enhanceYourCalm],
  'frames that nobody knows': [() => frame(200, 0, 0, Buffer.alloc(1000)), ERROR_CODE.enhanceYourCalm],
  'one large header that each byte stands for': [
    (i) => frame(HEADERS, 5, 2 * i + 1, i === 0 ? LARGE_ENTRY : ENTRY_AGAIN),
    ERROR_CODE.compression,
  ],
}

const EMPTY_MESSAGES = Buffer.alloc(5 * 300)
const PADDING_FIELDS = encodeFields([['x', 'y'.repeat(1000)]])
/** Literal with indexing: `a`, and 3,999 bytes. */
const LARGE_ENTRY = Buffer.concat([Buffer.from('4001617fa01e', 'hex'), Buffer.alloc(3999, 'x')])
const ENTRY_AGAIN = Buffer.alloc(16_000, 0xbe)

test('a process under floods ends those who flood, serves the others, and holds little', LIMIT, async (t) => {
  const scene = await peace(t)
  for (const [what, [next, code]] of Object.entries(FLOODS))
    await t.test(`${what} end the connection`, () =>
      peaceful(scene, async () => {
        const attackers = await Promise.all(
          Array.from({ length: 4 }, () => Http2Attacker.begun(scene.service.grpcAddress)),
        )
        await Promise.all(attackers.map((attacker) => attacker.flood(FLOOD_FRAMES, next)))
        for (const attacker of attackers) {
          assert.ok(await attacker.ended(END_LIMIT_MS), 'the connection goes on')
          assert.equal(attacker.goawayCode, code)
          attacker.close()
        }
      }),
    )
  await t.test('windows that grow by a byte end the connection', () => peaceful(scene, () => trickle(scene)))
  await t.test('a request that comes byte by byte is answered', () => peaceful(scene, () => dribble(scene)))
  await t.test('who never reads is not read on', () => peaceful(scene, () => neverRead(scene)))
  await t.test('answers that nobody takes do not fill the memory', () =>
    peaceful(scene, () => untaken(scene)),
  )
  await t.test('connections that never begin are cut off', () => peaceful(scene, () => halfOpen(scene)))
})

async function peace(t: TestContext): Promise<Scene> {
  const { world, service } = await RespService.start(t, ONE_THREAD)
  const polite = new PoliteClient(service.grpcAddress, world.key)
  t.after(() => polite.stop())
  await until(() => polite.answered >= 50 || polite.failures.length > 0, 'the polite client is answered')
  return { service, key: world.key, polite, beforeMb: await rssMb(service) }
}

/** Then all connections are on the thread whose memory is looked at. */
const ONE_THREAD = { IDGEN_SERVER_THREADS: '1' }

/** Meanwhile the polite client is answered, and memory stays within bounds. */
async function peaceful({ polite, service, beforeMb }: Scene, harm: () => Promise<void>): Promise<void> {
  const { answered } = polite
  let mostMb = 0
  const watch = setInterval(() => {
    void rssMb(service).then((mb) => (mostMb = Math.max(mostMb, mb)))
  }, 50)
  try {
    await harm()
    await until(
      () => polite.answered >= answered + 3 || polite.failures.length > 0,
      'the polite client is answered',
    )
    mostMb = Math.max(mostMb, await rssMb(service))
  } finally {
    clearInterval(watch)
  }
  assert.deepEqual(polite.failures, [])
  assert.ok(mostMb - beforeMb < MEMORY_MB, `${beforeMb} MB before, ${mostMb} MB at most`)
}

/** Every byte of an answer has to be asked for, and would go in a frame of its own (CVE-2019-9511). */
async function trickle({ service, key }: Scene): Promise<void> {
  const attacker = await Http2Attacker.connect(service.grpcAddress)
  await attacker.send(Buffer.concat([PREFACE_AND_SETTINGS, NO_WINDOW]))
  await attacker.send(batchRequest(1, key))
  await until(() => attacker.counts.get(HEADERS) === 1, 'the answer begins')
  await attacker.flood(FLOOD_FRAMES, () => frame(WINDOW_UPDATE, 0, 1, words(1)))
  assert.ok(await attacker.ended(END_LIMIT_MS), 'the connection goes on')
  assert.equal(attacker.goawayCode, ERROR_CODE.enhanceYourCalm)
  attacker.close()
}

async function dribble({ service, key }: Scene): Promise<void> {
  const attacker = await Http2Attacker.connect(service.grpcAddress)
  for (const byte of Buffer.concat([PREFACE_AND_SETTINGS, batchRequest(1, key, 1)]))
    await attacker.send(Buffer.from([byte]))
  // The head of the answer, and its trailers.
  await until(() => attacker.counts.get(HEADERS) === 2, 'the request is answered')
  attacker.close()
}

async function neverRead({ service, key }: Scene): Promise<void> {
  const attacker = await Http2Attacker.connect(service.grpcAddress)
  await attacker.send(Buffer.concat([PREFACE_AND_SETTINGS, WIDE_WINDOWS]))
  attacker.socket.pause()
  const before = await batchesOf(service)
  for (let i = 0; i < 1000; i += 1) await attacker.send(batchRequest(2 * i + 1, key))
  await pause(2000)
  // What the system takes for a socket: ten megabytes or so.
  const answered = (await batchesOf(service)) - before
  assert.ok(answered > 0 && answered < 500, `${answered} of 1000 requests were worked on`)
  attacker.close()
}

async function batchesOf({ metricsOrigin }: ServiceProcess): Promise<number> {
  const metrics = await (await fetch(`${metricsOrigin}/metrics`)).text()
  return Number(/^idgen_generate_requests_total\{tag="demo\/load\/uuids".*\} (.*)$/m.exec(metrics)?.[1] ?? 0)
}

/** The client reads, and takes no DATA: what it asked for waits for its windows. */
async function untaken({ service, key }: Scene): Promise<void> {
  const attackers = await Promise.all(
    Array.from({ length: 6 }, () => Http2Attacker.connect(service.grpcAddress)),
  )
  for (const attacker of attackers) {
    await attacker.send(Buffer.concat([PREFACE_AND_SETTINGS, NO_WINDOW]))
    for (let i = 0; i < 256; i += 1) await attacker.send(batchRequest(2 * i + 1, key))
  }
  await pause(3000)
  for (const attacker of attackers) {
    assert.equal(attacker.goawayCode, undefined)
    attacker.close()
  }
}

async function halfOpen({ service }: Scene): Promise<void> {
  const attackers = await Promise.all(
    Array.from({ length: 500 }, () => Http2Attacker.connect(service.grpcAddress)),
  )
  for (const [i, attacker] of attackers.entries())
    await attacker.send(PREFACE_AND_SETTINGS.subarray(0, i % 24))
  const ended = await Promise.all(attackers.map((attacker) => attacker.ended(HANDSHAKE_LIMIT_MS)))
  assert.ok(ended.every(Boolean))
}

/** Ten seconds, and what a busy machine takes longer. */
const HANDSHAKE_LIMIT_MS = 20_000

const NO_WINDOW = frame(SETTINGS, 0, 0, Buffer.from('000400000000', 'hex'))
const WIDE_WINDOWS = Buffer.concat([
  frame(SETTINGS, 0, 0, Buffer.from('00047fffffff', 'hex')),
  frame(WINDOW_UPDATE, 0, 0, words(2 ** 31 - 1 - 65_535)),
])

/** UUIDs of 16 bytes. */
const ANSWER_IDS = 10_000

/** A call for as much as one answer may have. */
function batchRequest(stream: number, key: string, count = ANSWER_IDS): Buffer {
  const message = GenerateBatchRequest.encode({
    tag: 'demo/load/uuids',
    count,
    format: 0,
  }).finish()
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([
    headOf(stream, generateBatch.path, [['authorization', `Bearer ${key}`]]),
    data(stream, Buffer.concat([prefix, message]), true),
  ])
}

/** A call whose message is still to come, so that it is under way. */
function headOf(stream: number, path: string, more: HeaderFields = []): Buffer {
  const fields: HeaderFields = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    ['content-type', 'application/grpc'],
    ...more,
  ]
  return frame(HEADERS, 4, stream, encodeFields(fields))
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let waitedMs = 0; !holds(); waitedMs += 20) {
    assert.ok(waitedMs < UNTIL_LIMIT_MS, `not true in ${UNTIL_LIMIT_MS} ms: ${what}`)
    await pause(20)
  }
}

const UNTIL_LIMIT_MS = 30_000

/** 0 where the system does not say. */
async function rssMb({ pid }: ServiceProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}
