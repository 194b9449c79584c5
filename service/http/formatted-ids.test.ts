import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'

const FORMAT = { prefix: 'ORD-', radix: 36, width: 6, check: 'iso7064', suffix: '/EU' }

async function serving(t: TestContext, format: object = FORMAT, settings: object = {}): Promise<HttpApi> {
  const api = await HttpApi.withTags(t)
  await api.expect(201, 'POST', TAGS_URL, { body: { name: 'order', space: { format }, ...settings } })
  return api
}

const IDS = `${TAGS_URL}/order/ids`

test('IDs of a tag with a format are texts in it, and lead back to their numbers', async (t) => {
  const api = await serving(t)
  const one = await api.expect(200, 'POST', IDS)
  const many = await api.expect(200, 'POST', IDS, { body: { count: 40 } })
  const texts = [one, many].flatMap(({ body }) => body['ids'] as string[])
  assert.equal(new Set(texts).size, 41)
  for (const [at, text] of texts.entries()) {
    assert.match(text, /^ORD-[0-9A-Z]{7}\/EU$/)
    const url = `/v1/ids/${encodeURIComponent(text)}?tag=acme/shop/order`
    const { body } = await api.expect(200, 'GET', url)
    assert.deepEqual(body, { kind: 'segment', id: String(at + 1) })
  }
})

test('what was never written so is refused, and nothing is said of the key of the shuffle', async (t) => {
  const shuffleKey = 'ab'.repeat(16)
  const api = await serving(t, { width: 6, shuffleKey })
  const { text } = await api.refuses('IDGEN_ID_MALFORMED', 'GET', '/v1/ids/12345?tag=acme/shop/order')
  assert.doesNotMatch(text, /abab/)
  await api.refuses('IDGEN_TAG_NOT_FOUND', 'GET', '/v1/ids/12345?tag=acme/shop/none')
  await api.refuses('IDGEN_ID_MALFORMED', 'GET', '/v1/ids/ORD-1')
})

test('a date stands in the text, and decode tells it', async (t) => {
  const api = await serving(t, { reset: 'month', width: 5, separator: '/' })
  const { body } = await api.expect(200, 'POST', IDS)
  assert.deepEqual(body['ids'], ['202601/00001'])
  const made = await api.expect(200, 'GET', `${TAGS_URL}/order`)
  assert.deepEqual(
    made.body['step'],
    { base: 100, min: 100, max: 125 },
    'a hundredth of a data centre’s share',
  )
  const url = `/v1/ids/${encodeURIComponent('202601/00001')}?tag=acme/shop/order`
  assert.equal((await api.expect(200, 'GET', url)).body['date'], '202601')
})

test('there are no numbers and no runs of such a tag, and none is spent by asking', async (t) => {
  const api = await serving(t, { prefix: 'A' })
  for (const as of ['number', 'runs']) {
    const { text } = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', IDS, { body: { as } })
    assert.match(text, /in a format.*ask as/)
  }
  assert.deepEqual((await api.expect(200, 'POST', IDS)).body['ids'], ['A1'])
  const lines = await api.call('POST', `${IDS}/stream`, { body: { count: 2 } })
  assert.match(lines.text, /"A2","A3"/)
})

test('a snowflake tag writes its numbers in a format as well', async (t) => {
  const api = await serving(t, { radix: 62, prefix: 'e' }, { algorithm: 'snowflake' })
  const { body } = await api.expect(200, 'POST', IDS)
  const [text = ''] = body['ids'] as string[]
  assert.match(text, /^e[0-9A-Za-z]{9,11}$/)
  const decoded = await api.expect(200, 'GET', `/v1/ids/${text}?tag=acme/shop/order`)
  assert.equal(decoded.body['kind'], 'snowflake')
})

test('the format is shown, never changes, and a fault in it is told with its value', async (t) => {
  const api = await serving(t)
  const { body } = await api.expect(200, 'GET', `${TAGS_URL}/order`)
  assert.deepEqual(body['space'], { startAt: 1, cellSize: 2 ** 32, dcCount: 8, format: FORMAT })
  assert.deepEqual(body['chain'], ['segment', 'snowflake'])
  await api.expect(200, 'PATCH', `${TAGS_URL}/order`, {
    body: { displayName: 'x', space: { format: FORMAT } },
  })
  const other = { body: { space: { format: { prefix: 'X' } } } }
  await api.refuses('IDGEN_IMMUTABLE', 'PATCH', `${TAGS_URL}/order`, other)
  for (const format of [{ radix: 16 }, { prefix: '"' }, { check: 'luhn', reset: 'day' }, { color: 1 }])
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body: { name: 'bad', space: { format } } })
  const uuid = { name: 'bad', algorithm: 'uuid-v7', space: { format: { prefix: 'A' } } }
  const { text } = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', TAGS_URL, { body: uuid })
  assert.match(text, /segment|chain/)
})

test('a name that had a tag takes no format, and one that had a format no tag', async (t) => {
  const api = await serving(t, { width: 4 })
  await api.expect(200, 'POST', IDS)
  await api.expect(204, 'DELETE', `${TAGS_URL}/order`)
  const again = { body: { name: 'order' } }
  await api.refuses('IDGEN_RANGE_EXHAUSTED', 'POST', TAGS_URL, again)
  await api.expect(204, 'DELETE', `${TAGS_URL}/segment`)
  const formatted = { body: { name: 'segment', space: { format: { width: 4 } } } }
  const { text } = await api.refuses('IDGEN_IMMUTABLE', 'POST', TAGS_URL, formatted)
  assert.match(text, /two numbers could have one text/)
})
