// Runs beside others: what passes is held against an upper bound with room for every second that it took.

import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { GenerateResponse } from '../../service/grpc/generated/idgen/v1/id_service.ts'
import {
  callGrpc,
  type GrpcAnswer,
  grpcSessionFrom,
  HttpFrom,
  ONE_ADDRESS,
} from '../fixtures/calls-from-address.ts'
import { IdServiceService } from '../fixtures/grpc-stubs.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { command } from '../fixtures/resp-desk.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import { scrapedMetrics } from '../fixtures/scraped-metrics.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { readReplies } from '../fuzz/resp-replies.ts'
import { PATIENT } from './odd-inputs.ts'

/**
 * The limits of address, tag and key on a real service, over HTTP, gRPC and RESP: who asks for more is told so as the
 * protocol tells it, and nothing is issued for it.
 */

const BURST_S = 30
/** Requests a second. A limit that is higher than another is met by who keeps below that one. */
const LIMITS = { address: 2, tag: 3, key: 4 } as const
type Kind = keyof typeof LIMITS

/** What passes in `elapsedMs` at most: what passes at once after a rest, and what comes back meanwhile. */
function most(kind: Kind, elapsedMs: number): number {
  return LIMITS[kind] * (BURST_S + elapsedMs / 1000) + 1
}

interface Caller {
  readonly address: string
  readonly key: string
}

interface Told {
  /** [tag, ID] */
  readonly ids: readonly (readonly [string, string])[]
  /** What each refusal says. */
  readonly refusals: readonly string[]
  /** Requests that passed and gave no ID. */
  readonly passedBeside: number
}

/** An ID of each of the tags, all asked for before the first answer is read. */
type Ask = (service: ServiceProcess, caller: Caller, tags: readonly string[]) => Promise<Told>

const PROTOCOLS: Readonly<Record<string, Ask>> = { http: overHttp, grpc: overGrpc, resp: overResp }

async function overHttp(
  { httpOrigin }: ServiceProcess,
  caller: Caller,
  tags: readonly string[],
): Promise<Told> {
  using client = new HttpFrom(httpOrigin, caller.address)
  const answers = await Promise.all(
    tags.map(async (tag) => {
      const [workspace, group, name] = tag.split('/')
      const path = `/v1/workspaces/${workspace}/groups/${group}/tags/${name}/ids`
      const { status, headers, text } = await client.call({ method: 'POST', path, key: caller.key })
      const { ids: [id = ''] = [], code, detail = '' } = JSON.parse(text) as HttpBody
      if (status === 200) return { tag, id }
      if (status === 503 || status === 504) return LATE
      assert.equal(status, 429, text)
      assert.equal(code, 'IDGEN_RATE_LIMITED')
      assert.match(headers['retry-after'] ?? '', /^\d+$/)
      assert.match(String(headers['ratelimit']), /^"(?:address|tag|key)";r=0;t=\d+$/)
      return { refusal: detail }
    }),
  )
  return toldBy(answers)
}

interface HttpBody {
  readonly ids?: readonly string[]
  readonly code?: string
  readonly detail?: string
}

async function overGrpc(
  { grpcAddress }: ServiceProcess,
  caller: Caller,
  tags: readonly string[],
): Promise<Told> {
  const session = grpcSessionFrom(grpcAddress, caller.address)
  const { path, requestSerialize } = IdServiceService.generate
  const answers = await Promise.all(
    tags.map(async (tag) => {
      const answer = await callGrpc(session, { path, message: requestSerialize({ tag }), key: caller.key })
      if (answer.status === '0') return { tag, id: GenerateResponse.decode(answer.message).id }
      if (answer.status === DEADLINE_EXCEEDED || answer.status === UNAVAILABLE) return LATE
      return { refusal: refusalOf(answer) }
    }),
  )
  session.close()
  return toldBy(answers)
}

function refusalOf({ status, said, headers }: GrpcAnswer): string {
  assert.equal(status, '8', said)
  const details = Buffer.from(String(headers['grpc-status-details-bin']), 'base64').toString('latin1')
  assert.match(details, /google\.rpc\.RetryInfo/)
  assert.match(details, /IDGEN_RATE_LIMITED/)
  return said
}

async function overResp(service: ServiceProcess, caller: Caller, tags: readonly string[]): Promise<Told> {
  const socket = connect({ host: '127.0.0.1', port: portOf(service), localAddress: caller.address })
  // It answers what came, and closes then.
  socket.end(command('AUTH', caller.key) + tags.map((tag) => command('IDGEN.NEXT', tag)).join(''))
  const { values, rest } = readReplies(await buffer(socket))
  assert.equal(rest, '')
  const [welcome = '', ...answers] = values
  assert.equal(answers.length, tags.length)
  const told = [welcome, ...(welcome === '+OK' ? answers : [])].map((answer, at): One => {
    if (answer === '+OK') return LATE
    if (!answer.startsWith('-')) return { tag: tags[at - 1] ?? '', id: answer }
    if (/^-TRYAGAIN IDGEN_(?!RATE_LIMITED)/.test(answer)) return LATE
    assert.match(answer, /^-TRYAGAIN IDGEN_RATE_LIMITED /)
    return { refusal: answer }
  })
  return toldBy(told)
}

type One = { readonly tag: string; readonly id: string } | { readonly refusal: string } | typeof LATE
/** It passed, and gave no ID: AUTH, and what a machine answers that has no time for its database. */
const LATE = 'it passed and gave no ID'
const DEADLINE_EXCEEDED = '4'
const UNAVAILABLE = '14'

function toldBy(answers: readonly One[]): Told {
  return {
    ids: answers.flatMap((one) => (one !== LATE && 'id' in one ? [[one.tag, one.id] as const] : [])),
    refusals: answers.flatMap((one) => (one !== LATE && 'refusal' in one ? [one.refusal] : [])),
    passedBeside: answers.filter((one) => one === LATE).length,
  }
}

/** A service, everything that it gave, and every refusal. */
class Limited {
  readonly service: ServiceProcess
  readonly issued = new IssuedIds()
  readonly refused = { address: 0, tag: 0, key: 0 }
  readonly #world: RespService
  #addresses = 1

  private constructor(world: RespService, service: ServiceProcess) {
    this.#world = world
    this.service = service
  }

  static async start(t: TestContext, threads: number): Promise<Limited> {
    const { world, service } = await RespService.start(t, {
      ...PATIENT,
      IDGEN_SERVER_THREADS: String(threads),
      IDGEN_LIMITS_BURST: `${BURST_S}s`,
      IDGEN_LIMITS_PER_ADDRESS: String(LIMITS.address),
      IDGEN_LIMITS_PER_TAG: String(LIMITS.tag),
      IDGEN_LIMITS_PER_KEY: String(LIMITS.key),
    })
    return new Limited(world, service)
  }

  /** One that nobody asked from before. */
  address(): string {
    this.#addresses += 1
    return `127.0.1.${this.#addresses}`
  }

  async key(): Promise<string> {
    const draft = { name: 'limited', scopes: ['issue'] }
    return ((await this.#world.http(this.service, 'POST', '/v1/keys', draft)) as { key: string }).key
  }

  /** Of segments alone, so that each ID that was taken shows in the next one. */
  async tag(name: string): Promise<string> {
    const draft = { name, chain: ['segment'] }
    await this.#world.http(this.service, 'POST', '/v1/workspaces/demo/groups/load/tags', draft)
    return `demo/load/${name}`
  }

  /** Asks, and answers how many requests passed; all others were refused for the limit of `kind`. */
  async ask(protocol: string, caller: Caller, tags: readonly string[], kind: Kind): Promise<number> {
    const told = await (PROTOCOLS[protocol] ?? assert.fail(protocol))(this.service, caller, tags)
    for (const [tag, id] of told.ids) this.issued.text(tag, id, protocol)
    const why = new RegExp(`${WHOSE[kind]}.*\\(limits\\.per${kind[0]?.toUpperCase()}${kind.slice(1)}\\)`)
    for (const refusal of told.refusals) assert.match(refusal, why, protocol)
    this.refused[kind] += told.refusals.length
    return told.ids.length + told.passedBeside
  }

  /** From one address after the other, each far below its own limit, until the limit of `kind` refuses. How many passed. */
  async askUntilRefused(protocol: string, key: string, tags: readonly string[], kind: Kind): Promise<number> {
    let passed = 0
    const before = this.refused[kind]
    for (let round = 0; this.refused[kind] === before; round += 1) {
      assert.ok(round < ROUNDS_MAX, `${protocol}: ${kind} is not limited`)
      passed += await this.ask(protocol, { address: this.address(), key }, tags, kind)
    }
    return passed
  }

  /** Every ID that was taken is one that somebody was given, and each refusal was counted. */
  async verify(): Promise<void> {
    this.issued.verify()
    let metrics = await scrapedMetrics(this.service)
    const issued = (): number =>
      [...metrics].reduce(
        (sum, [series, value]) => sum + (series.startsWith('idgen_ids_issued_total{') ? value : 0),
        0,
      )
    const refused = (): object =>
      Object.fromEntries(
        Object.keys(LIMITS).map((kind) => [kind, metrics.get(`idgen_rate_limited_total{kind="${kind}"}`)]),
      )
    const all = Object.values(this.refused).reduce((sum, count) => sum + count, 0)
    // Threads tell what they gave and refused once a second.
    await until('all is counted', async () => {
      metrics = await scrapedMetrics(this.service)
      const counted = Object.values(refused() as Record<string, number>)
      return issued() >= this.issued.total && counted.reduce((sum, count) => sum + count, 0) >= all
    })
    assert.equal(issued(), this.issued.total)
    assert.deepEqual(refused(), this.refused)
  }
}

const WHOSE: Readonly<Record<Kind, string>> = {
  address: 'The client 127\\.0\\.1\\.\\d+ ',
  tag: 'The callers of the tag demo/load/',
  key: 'The API key [a-z0-9]{12} ',
}
/** Requests of one address that is to be far below its limit. */
const FEW = 20
/** Of so many. A machine on which each takes longer than seven seconds would never see a limit. */
const ROUNDS_MAX = 50

for (const threads of [1, 2])
  test(`address, tag and key are limited over HTTP, gRPC and RESP, with ${threads} thread(s)`, {
    skip: ONE_ADDRESS,
  }, async (t) => {
    const limited = await Limited.start(t, threads)
    for (const protocol of Object.keys(PROTOCOLS)) {
      const [busy, one, other] = [
        await limited.tag(`${protocol}-busy`),
        await limited.tag(`${protocol}-one`),
        await limited.tag(`${protocol}-other`),
      ]
      const key = await limited.key()
      const startMs = performance.now()
      const caller = { address: limited.address(), key }
      const byAddress = await limited.ask(
        protocol,
        caller,
        Array.from({ length: 200 }, () => busy),
        'address',
      )
      assert.ok(byAddress >= LIMITS.address * BURST_S, `${protocol}: ${byAddress} passed`)
      assert.ok(byAddress <= most('address', performance.now() - startMs), `${protocol}: ${byAddress} passed`)

      const ofTag = Array.from({ length: FEW }, () => busy)
      const byTag = byAddress + (await limited.askUntilRefused(protocol, key, ofTag, 'tag'))
      // Over RESP each connection has an AUTH, which is no request for the tag.
      assert.ok(byTag >= LIMITS.tag * BURST_S, `${protocol}: ${byTag} of the tag passed`)
      const ofBusy = limited.issued.perTag.get(busy) ?? 0
      assert.ok(ofBusy <= most('tag', performance.now() - startMs), `${protocol}: ${ofBusy} of the tag`)

      const fromMs = performance.now()
      const ofKey = Array.from({ length: FEW }, (_, at) => (at % 2 === 0 ? one : other))
      const byKey = await limited.askUntilRefused(protocol, await limited.key(), ofKey, 'key')
      const given = (limited.issued.perTag.get(one) ?? 0) + (limited.issued.perTag.get(other) ?? 0)
      assert.ok(byKey >= LIMITS.key * BURST_S, `${protocol}: ${byKey} of the key passed`)
      assert.ok(given <= most('key', performance.now() - fromMs), `${protocol}: ${given} of the key`)
    }
    await limited.verify()
  })

test('what an address asks over one protocol counts over the others, and a refusal takes no number', {
  skip: ONE_ADDRESS,
}, async (t) => {
  const limited = await Limited.start(t, 1)
  const [tag, key] = ['demo/load/orders', await limited.key()]
  const caller = { address: limited.address(), key }
  const startMs = performance.now()
  let passed = 0
  for (const protocol of ['resp', 'http', 'grpc'])
    passed += await limited.ask(
      protocol,
      caller,
      Array.from({ length: 40 }, () => tag),
      'address',
    )
  assert.ok(passed >= LIMITS.address * BURST_S, `${passed} passed`)
  assert.ok(passed <= most('address', performance.now() - startMs), `${passed} passed`)
  const highest = limited.issued.highest(tag)
  await limited.ask('resp', { address: limited.address(), key }, [tag], 'address')
  assert.equal(limited.issued.highest(tag), highest + 1)
  await limited.verify()
})
