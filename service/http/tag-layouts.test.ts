import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'

const SAFE = {
  epochMs: 1_704_067_200_000,
  unitMs: 10,
  timeBits: 38,
  dcBits: 3,
  workerBits: 8,
  sequenceBits: 4,
}

async function serving(t: TestContext, snowflake: unknown, more: object = {}): Promise<HttpApi> {
  const api = await HttpApi.withTags(t)
  const space = { format: { snowflake, ...more } }
  await api.expect(201, 'POST', TAGS_URL, { body: { name: 'order', space } })
  return api
}

const IDS = `${TAGS_URL}/order/ids`

test('a tag with the 53-bit layout gives numbers that JavaScript holds, and decode tells them with the tag', async (t) => {
  const api = await serving(t, '53-bit')
  const made = await api.expect(200, 'GET', `${TAGS_URL}/order`)
  assert.deepEqual(made.body['space'], {
    startAt: 1,
    cellSize: 2 ** 32,
    dcCount: 8,
    format: { snowflake: SAFE },
  })
  assert.deepEqual(made.body['chain'], ['snowflake', 'uuid-v7', 'uuid-v4'])
  const { body } = await api.expect(200, 'POST', IDS, { body: { count: 100, as: 'number' } })
  const ids = body['ids'] as number[]
  assert.equal(body['algorithm'], 'snowflake')
  assert.equal(new Set(ids).size, 100)
  for (const [i, id] of ids.entries()) assert.ok(Number.isSafeInteger(id) && id > (ids[i - 1] ?? 0))
  const decoded = await api.expect(200, 'GET', `/v1/ids/${ids[0]}?tag=acme/shop/order`)
  assert.equal(decoded.body['kind'], 'snowflake')
  assert.equal(decoded.body['version'], 0)
  assert.deepEqual([decoded.body['dc'], decoded.body['worker']], [0, 0])
  const tooLarge = `/v1/ids/${2 ** 53}?tag=acme/shop/order`
  assert.match((await api.refuses('IDGEN_ID_MALFORMED', 'GET', tooLarge)).text, /layout can hold/)
})

test('they come as runs too, and with a prefix as texts', async (t) => {
  const api = await serving(t, '53-bit')
  const { body } = await api.expect(200, 'POST', IDS, { body: { count: 40, as: 'runs' } })
  const runs = body['runs'] as [string, number][]
  assert.equal(
    runs.reduce((sum, [, count]) => sum + count, 0),
    40,
  )
  const written = { name: 'text', space: { format: { snowflake: SAFE, prefix: 'T', radix: 36 } } }
  const made = await api.expect(201, 'POST', TAGS_URL, { body: written })
  assert.deepEqual(made.body['chain'], ['snowflake'])
  const [text = ''] = (await api.expect(200, 'POST', `${TAGS_URL}/text/ids`)).body['ids'] as string[]
  assert.match(text, /^T[0-9A-Z]{7,11}$/)
  const decoded = await api.expect(200, 'GET', `/v1/ids/${text}?tag=acme/shop/text`)
  assert.equal(decoded.body['kind'], 'snowflake')
})

test('a wider layout gives no JSON numbers', async (t) => {
  const api = await serving(t, { epochMs: 1_288_834_974_657, timeBits: 41, sequenceBits: 11 })
  await api.refuses('IDGEN_NUMBER_UNSAFE', 'POST', IDS, { body: { as: 'number' } })
  const [id = ''] = (await api.expect(200, 'POST', IDS)).body['ids'] as string[]
  const { body } = await api.expect(200, 'GET', `/v1/ids/${id}?tag=acme/shop/order`)
  assert.equal(String(body['time']).slice(0, 4), '2026')
})

test('no segment is in the chain of such a tag, then or later', async (t) => {
  const api = await serving(t, '53-bit')
  const chain = { body: { chain: ['segment', 'snowflake'] } }
  const { text } = await api.refuses('IDGEN_REQUEST_INVALID', 'PATCH', `${TAGS_URL}/order`, chain)
  assert.match(text, /must begin with snowflake with a layout of its own/)
  const body = { name: 'bad', algorithm: 'segment', space: { format: { snowflake: '53-bit' } } }
  await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body })
})

test('a layout never changes, also not by a tag of the same name, and its faults are told', async (t) => {
  const api = await serving(t, '53-bit')
  const same = { body: { displayName: 'x', space: { format: { snowflake: '53-bit' } } } }
  await api.expect(200, 'PATCH', `${TAGS_URL}/order`, same)
  const other = { body: { space: { format: { snowflake: { ...SAFE, unitMs: 11 } } } } }
  await api.refuses('IDGEN_IMMUTABLE', 'PATCH', `${TAGS_URL}/order`, other)
  await api.expect(204, 'DELETE', `${TAGS_URL}/order`)
  await api.refuses('IDGEN_RANGE_EXHAUSTED', 'POST', TAGS_URL, { body: { name: 'order' } })
  for (const snowflake of ['54-bit', { timeBits: 30, sequenceBits: 4 }, { ...SAFE, workerBits: 4 }, {}]) {
    const body = { name: 'bad', space: { format: { snowflake } } }
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body })
  }
  for (const [snowflake, said] of [
    ['54-bit', 'must be 53-bit or an object of bit widths, not "54-bit"'],
    [null, 'must be 53-bit or an object of bit widths'],
    [[], 'must be 53-bit or an object of bit widths'],
    [{ ...SAFE, workerBits: 4 }, 'needs workerBits as an integer from 8 to 16, not 4'],
    [{ ...SAFE, timeBits: [[1]] }, 'needs timeBits as an integer from 20 to 47, not an array'],
    [{ ...SAFE, workerbits: 8, unitMs: 'x' }, 'has the field workerbits, which no layout has'],
  ] as const) {
    const body = { name: 'bad', space: { format: { snowflake, width: 0 } } }
    const told = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body })
    assert.deepEqual(told.body['faults'], [
      { path: '/space/format/width', message: 'must be >= 1, not 0' },
      { path: '/space/format/snowflake', message: said },
    ])
  }
  const dated = { name: 'bad', space: { format: { snowflake: '53-bit', reset: 'day', width: 6 } } }
  const { text } = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body: dated })
  assert.match(text, /no reset and no shuffleKey/)
})

test('a layout whose time has not begun is refused for a new tag, and taken once it has', async (t) => {
  const api = await HttpApi.withTags(t)
  const epochMs = api.memory.clock.nowMs() + 1
  const body = { name: 'later', space: { format: { snowflake: { ...SAFE, epochMs } } } }
  const refused = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body })
  assert.match(refused.text, /\/space\/format\/snowflake needs an epochMs that is past, not \d+ \(\d{4}-/)
  api.memory.clock.advance(1)
  await api.expect(201, 'POST', TAGS_URL, { body })
})
