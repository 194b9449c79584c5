import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { type Answer, assertProblem, HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'

const IDS = `${TAGS_URL}/segment/ids`
const OFF = { IDGEN_LIMITS_PER_ADDRESS: '0' }

interface Asked {
  readonly url?: string
  readonly method?: string
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** The whole HTTP API on a port; the clock stands still, so exactly as many requests pass as the limit says. */
class Listening {
  readonly api: HttpApi
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })

  private constructor(api: HttpApi) {
    this.api = api
  }

  /** `limits` are set once tags and the key are in memory. */
  static async start(t: TestContext, limits: Readonly<Record<string, number | boolean>>): Promise<Listening> {
    const api = await HttpApi.withTags(t, { environment: OFF })
    await api.app.listen({ host: '127.0.0.1', port: 0 })
    const listening = new Listening(api)
    t.after(() => listening.#agent.destroy())
    await listening.statuses(1)
    listening.limit(limits)
    return listening
  }

  limit(limits: Readonly<Record<string, number | boolean>>): void {
    const off = { perAddress: 0, perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 }
    this.api.memory.useCases.rates.configure({ ...off, ...limits })
  }

  async ask({ url = IDS, method = 'POST', key, headers = {}, body }: Asked = {}): Promise<Answer> {
    const { port } = this.api.app.server.address() as AddressInfo
    const authorization = `Bearer ${key ?? this.api.memory.keyText}`
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const call = request({
      host: '127.0.0.1',
      port,
      path: url,
      method,
      agent: this.#agent,
      headers: { authorization, ...type, ...headers },
    })
    call.end(body)
    const [response] = (await once(call, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of response) text += String(chunk)
    const parsed = response.headers['content-type']?.includes('json') === true ? text : '{}'
    return {
      status: response.statusCode ?? 0,
      headers: response.headers as Answer['headers'],
      text,
      body: JSON.parse(parsed) as Answer['body'],
    }
  }

  async statuses(times: number, asked: Asked = {}): Promise<number[]> {
    const statuses: number[] = []
    for (let i = 0; i < times; i += 1) statuses.push((await this.ask(asked)).status)
    return statuses
  }

  get refused(): Readonly<Record<string, number>> {
    return { ...this.api.memory.useCases.rates.refused }
  }
}

/** What the short way answers, and what only the router does: an encoding that changes nothing. */
const WAYS: Readonly<Record<string, Asked>> = {
  'the short way': {},
  'the short way with a body': { body: '{"count":1}' },
  'the router': { headers: { 'content-encoding': 'identity' } },
  'a batch': { body: '{"count":500,"as":"runs"}' },
  'the stream': { url: `${IDS}/stream`, body: '{"count":5}' },
  'a management call': { url: '/v1/workspaces', method: 'GET' },
}

describe('above the limit of its address', () => {
  for (const [name, asked] of Object.entries(WAYS))
    test(`${name} is refused, and each request counts once`, async (t) => {
      const listening = await Listening.start(t, { perAddress: 3 })
      assert.deepEqual(await listening.statuses(5, asked), [200, 200, 200, 429, 429])
      assert.deepEqual(listening.refused, { address: 2, key: 0, tag: 0, 'wrong-key': 0 })
    })

  for (const [method, url] of [
    ['GET', '/nothing'],
    ['PUT', '/v1/workspaces'],
    ['POST', '/livez'],
    ['POST', '/ui/nothing'],
  ] as const)
    test(`what there is not counts like what there is: ${method} ${url}`, async (t) => {
      const listening = await Listening.start(t, { perAddress: 3 })
      const [first, ...more] = await listening.statuses(5, { url, method })
      assert.match(String(first), /^40[45]$/)
      assert.deepEqual(more, [first, first, 429, 429])
      assert.deepEqual(await listening.statuses(1, { url: '/readyz', method: 'GET' }), [200])
    })

  test('the answer says what is allowed and when to come again', async (t) => {
    const listening = await Listening.start(t, { perAddress: 2 })
    await listening.statuses(2)
    for (const asked of Object.values(WAYS)) {
      const answer = await listening.ask(asked)
      assertProblem(answer, 'IDGEN_RATE_LIMITED')
      assert.equal(answer.headers['retry-after'], '1')
      assert.equal(answer.headers['ratelimit-policy'], '"address";q=2;w=1')
      assert.equal(answer.headers['ratelimit'], '"address";r=0;t=1')
      assert.match(String(answer.body['detail']), /127\.0\.0\.1 .*limits\.perAddress/)
    }
  })

  test('no key is looked up', async (t) => {
    const listening = await Listening.start(t, { perAddress: 2 })
    const stranger = { key: 'idg_aaaaaaaaaaaa_0000000000000000000000000000000000000000000' }
    const { authenticator } = listening.api.memory.useCases
    assert.deepEqual(await listening.statuses(2, stranger), [401, 401])
    const before = authenticator.misses
    const other = { key: stranger.key.replace('0', '1') }
    assert.deepEqual(await listening.statuses(3, other), [429, 429, 429])
    assert.equal(authenticator.misses, before)
  })

  test('probes are answered', async (t) => {
    const listening = await Listening.start(t, { perAddress: 1 })
    await listening.statuses(2)
    for (const url of ['/livez', '/readyz'])
      assert.equal((await listening.ask({ url, method: 'GET' })).status, 200, url)
  })

  test('a refusal is in the audit log as a count', async (t) => {
    const listening = await Listening.start(t, { perAddress: 1 })
    await listening.statuses(4)
    const counts = await listening.api.memory.issueCounts()
    const refused = counts.filter(({ result }) => result === 'IDGEN_RATE_LIMITED')
    assert.deepEqual(
      refused.map(({ subject, detail }) => [subject, detail]),
      [['acme/shop/segment', { requests: 3, ids: 0 }]],
    )
  })
})

describe('with limits.headers', () => {
  const quotasOf = ({ headers }: Answer): unknown[] => [headers['ratelimit-policy'], headers['ratelimit']]

  for (const [name, asked] of Object.entries(WAYS))
    test(`${name} says what is left`, async (t) => {
      const listening = await Listening.start(t, { perAddress: 3, headers: true })
      assert.deepEqual(quotasOf(await listening.ask(asked)), ['"address";q=3;w=1', '"address";r=2;t=1'])
      assert.deepEqual(quotasOf(await listening.ask(asked)), ['"address";q=3;w=1', '"address";r=1;t=1'])
      listening.api.memory.clock.advance(1000)
      assert.deepEqual(quotasOf(await listening.ask(asked)), ['"address";q=3;w=1', '"address";r=2;t=1'])
    })

  test('every limit that the request counted for is named, and no other', async (t) => {
    const listening = await Listening.start(t, {
      perAddress: 9,
      perKey: 6,
      perTag: 4,
      burst: 2000,
      headers: true,
    })
    const all = '"address";q=18;w=2, "key";q=12;w=2, "tag";q=8;w=2'
    for (const [i, asked] of Object.values(WAYS).slice(0, 5).entries())
      assert.deepEqual(quotasOf(await listening.ask(asked)), [
        all,
        `"address";r=${17 - i};t=1, "key";r=${11 - i};t=1, "tag";r=${7 - i};t=${i < 4 ? 1 : 2}`,
      ])
    assert.deepEqual(quotasOf(await listening.ask(WAYS['a management call'])), [
      '"address";q=18;w=2, "key";q=12;w=2',
      '"address";r=12;t=1, "key";r=6;t=1',
    ])
    const stranger = await listening.ask({ key: 'nobody' })
    assert.deepEqual(quotasOf(stranger), ['"address";q=18;w=2', '"address";r=11;t=1'])
    assert.equal(stranger.status, 401)
  })

  test('a refusal names the limit that was used up, alone', async (t) => {
    const listening = await Listening.start(t, { perAddress: 9, perTag: 1, headers: true })
    await listening.statuses(1)
    assert.deepEqual(quotasOf(await listening.ask()), ['"tag";q=1;w=1', '"tag";r=0;t=1'])
  })

  test('nothing is said where nothing is limited, nor once it is switched off', async (t) => {
    const listening = await Listening.start(t, { headers: true })
    for (const asked of Object.values(WAYS))
      assert.deepEqual(quotasOf(await listening.ask(asked)), [undefined, undefined])
    listening.limit({ perAddress: 9, headers: false })
    for (const asked of Object.values(WAYS))
      assert.deepEqual(quotasOf(await listening.ask(asked)), [undefined, undefined])
  })
})

describe('a request that the short way leaves to the router', () => {
  test('counts once when its IDs are not in memory', async (t) => {
    const listening = await Listening.start(t, {})
    // The first of each two questions comes from the short way: it finds nothing in memory.
    const { generate } = listening.api.memory.useCases
    const tryTake = generate.tryTake.bind(generate)
    let questions = 0
    generate.tryTake = (...args) => (questions++ % 2 === 0 ? false : tryTake(...args))
    for (const limit of ['perAddress', 'perKey', 'perTag']) {
      listening.limit({ [limit]: 2 })
      assert.deepEqual(await listening.statuses(3), [200, 200, 429], limit)
    }
  })
})

describe('above the limit of a key', () => {
  test('the key is refused and another one is not', async (t) => {
    const listening = await Listening.start(t, { perKey: 2 })
    const other = await listening.api.memory.useCases.keys.create(
      { actor: 'test', traceId: undefined },
      { name: 'other', scopes: ['issue'], within: '', expiresAt: undefined },
    )
    for (const asked of Object.values(WAYS).slice(0, 3)) {
      listening.api.memory.clock.advance(1000)
      assert.deepEqual(await listening.statuses(3, asked), [200, 200, 429])
    }
    assert.deepEqual(await listening.statuses(1, { key: other.text }), [200])
    const answer = await listening.ask()
    assert.equal(answer.headers['ratelimit-policy'], '"key";q=2;w=1')
    assert.deepEqual(listening.refused, { address: 0, key: 4, tag: 0, 'wrong-key': 0 })
  })
})

describe('above the limit of a tag', () => {
  test('requests for its IDs are refused, others are not', async (t) => {
    const listening = await Listening.start(t, { perTag: 2 })
    for (const asked of Object.values(WAYS).slice(0, 5)) {
      listening.api.memory.clock.advance(1000)
      assert.deepEqual(await listening.statuses(3, asked), [200, 200, 429])
    }
    assert.deepEqual(await listening.statuses(1, { url: `${TAGS_URL}/uuid-v7/ids` }), [200])
    assert.deepEqual(await listening.statuses(1, { url: `${TAGS_URL}/segment`, method: 'GET' }), [200])
    assert.deepEqual(listening.refused, { address: 0, key: 0, tag: 5, 'wrong-key': 0 })
  })

  test('who may not use the tag uses nothing of its limit up', async (t) => {
    const listening = await Listening.start(t, { perTag: 2 })
    const stranger = await listening.api.memory.useCases.keys.create(
      { actor: 'test', traceId: undefined },
      { name: 'stranger', scopes: ['issue'], within: 'acme/other', expiresAt: undefined },
    )
    assert.deepEqual(await listening.statuses(4, { key: stranger.text }), [403, 403, 403, 403])
    assert.deepEqual(await listening.statuses(3), [200, 200, 429])
  })
})

describe('behind a proxy', () => {
  const from = (client: string): Asked => ({ headers: { 'x-forwarded-for': client } })

  test('that is trusted each client has its own limit, and cannot choose another', async (t) => {
    const listening = await Listening.start(t, { perAddress: 2 })
    const { addresses } = listening.api.memory.useCases
    addresses.configure({ trustedProxies: '127.0.0.0/8', forwardedHeader: 'x-forwarded-for' })
    assert.deepEqual(await listening.statuses(3, from('203.0.113.7')), [200, 200, 429])
    assert.deepEqual(await listening.statuses(1, from('198.51.100.9, 203.0.113.7')), [429])
    assert.deepEqual(await listening.statuses(1, from('203.0.113.8')), [200])
  })

  test('that is not trusted all clients are one, whatever they say', async (t) => {
    const listening = await Listening.start(t, { perAddress: 2 })
    const statuses = [1, 2, 3].map((client) => listening.statuses(1, from(`203.0.113.${client}`)))
    assert.deepEqual((await Promise.all(statuses)).flat().sort(), [200, 200, 429])
  })

  test('it is trusted live, on connections that are open too', async (t) => {
    const listening = await Listening.start(t, { perAddress: 1 })
    assert.deepEqual(await listening.statuses(2, from('203.0.113.7')), [200, 429])
    const { addresses } = listening.api.memory.useCases
    addresses.configure({ trustedProxies: '127.0.0.1', forwardedHeader: 'x-forwarded-for' })
    assert.deepEqual(await listening.statuses(2, from('203.0.113.7')), [200, 429])
  })
})

test('a limit that is raised counts from the next request on', async (t) => {
  const listening = await Listening.start(t, { perAddress: 2 })
  assert.deepEqual(await listening.statuses(3), [200, 200, 429])
  listening.limit({ perAddress: 4 })
  // Who had used up a second waits at the new rate.
  listening.api.memory.clock.advance(500)
  assert.deepEqual(await listening.statuses(3), [200, 200, 429])
  listening.limit({ perAddress: 0 })
  assert.deepEqual(await listening.statuses(9), Array(9).fill(200))
})
