import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('a call without a body gives one ID as text', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const call of [{}, { body: {} }, { raw: '', headers: { 'content-type': 'application/json' } }]) {
    const answer = await api.ids('segment', call)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(Object.keys(answer.body), ['ids', 'algorithm', 'degraded'])
    const ids = answer.body['ids'] as string[]
    assert.equal(ids.length, 1)
    assert.match(ids[0] ?? '', /^\d+$/)
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  }
})

test('every algorithm gives exactly as many IDs as asked for, none twice, and is named', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const algorithm of ['segment', 'snowflake', 'uuid-v7', 'uuid-v4']) {
    const seen = new Set<string>()
    for (const count of [1, 2, 999]) {
      const { body } = await api.ids(algorithm, { body: { count } })
      const ids = body['ids'] as string[]
      assert.equal(ids.length, count)
      for (const id of ids) {
        assert.match(id, algorithm.startsWith('uuid') ? UUID : /^[1-9]\d*$/)
        seen.add(id)
      }
      assert.equal(body['algorithm'], algorithm)
      assert.equal(body['degraded'], false)
    }
    assert.equal(seen.size, 1002, algorithm)
  }
})

test('the IDs of a tag rise from call to call', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const tag of ['segment', 'snowflake']) {
    let last = -1n
    for (let call = 0; call < 20; call += 1) {
      const { body } = await api.ids(tag, { body: { count: 7 } })
      for (const id of body['ids'] as string[]) {
        assert.ok(BigInt(id) > last, `${tag}: ${id} after ${last}`)
        last = BigInt(id)
      }
    }
  }
})

test('count is 1 to the limit of its form, and everything else is refused with nothing spent', async (t) => {
  const api = await HttpApi.withTags(t, { limits: { maxText: 50, maxRuns: 200 } })
  const [first = ''] = (await api.ids('segment')).body['ids'] as string[]
  for (const [body, size] of [
    [{ count: 50 }, 50],
    [{ count: 50, as: 'number' }, 50],
  ] as const)
    assert.equal(((await api.ids('segment', { body })).body['ids'] as unknown[]).length, size)
  for (const body of [
    { count: 0 },
    { count: -1 },
    { count: 51 },
    { count: 51, as: 'number' },
    { count: 201, as: 'runs' },
    { count: 1e15, as: 'runs' },
  ])
    await api.refuses('IDGEN_COUNT_OUT_OF_RANGE', 'POST', `${TAGS_URL}/segment/ids`, { body })
  const [next = ''] = (await api.ids('segment')).body['ids'] as string[]
  assert.equal(BigInt(next) - BigInt(first), 101n)
})

test('what is no count is refused, with its place and its value', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const count of ['"5"', '1.5', '1e400', '-1e400', 'null', 'true', '[]', '{}', '"1;drop table ids"']) {
    const answer = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', `${TAGS_URL}/segment/ids`, {
      raw: `{"count":${count}}`,
    })
    const [fault] = answer.body['faults'] as { path: string; message: string }[]
    assert.equal(fault?.path, '/count')
    assert.match(fault?.message ?? '', /must be integer, not ./)
  }
})

test('unknown fields, an unknown form and bodies that are no object are refused', async (t) => {
  const api = await HttpApi.withTags(t)
  const url = `${TAGS_URL}/segment/ids`
  const unknown = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', url, { body: { cuont: 5, 'a/~b': 1 } })
  assert.deepEqual(unknown.body['faults'], [
    { path: '/cuont', message: 'is not known here' },
    { path: '/a~1~0b', message: 'is not known here' },
  ])
  const form = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', url, { body: { as: 'bigint' } })
  assert.match(String(form.body['detail']), /\/as must be one of text, number, runs, not "bigint"/)
  for (const raw of ['[]', '5', '"x"', 'null', 'true', '{', '', ' ', 'count=5']) {
    if (raw === '') continue
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', url, { raw })
  }
  await api.refuses('IDGEN_REQUEST_INVALID', 'POST', `${url}?count=5`)
})

test('an answer to thousands of faults stays small', async (t) => {
  const api = await HttpApi.withTags(t)
  const body = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`field${i}`, 1]))
  const answer = await api.refuses('IDGEN_REQUEST_INVALID', 'POST', `${TAGS_URL}/segment/ids`, { body })
  assert.equal((answer.body['faults'] as unknown[]).length, 20)
  assert.ok(answer.text.length < 4000)
})

test('prototype keys in JSON are refused', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const raw of ['{"__proto__":{"count":5}}', '{"constructor":{"prototype":{"count":5}}}'])
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', `${TAGS_URL}/segment/ids`, { raw })
  assert.equal(({} as Record<string, unknown>)['count'], undefined)
})

test('runs name the first ID and how many follow on', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const tag of ['segment', 'snowflake']) {
    const { body } = await api.ids(tag, { body: { count: 5000, as: 'runs' } })
    const runs = body['runs'] as [string, number][]
    assert.equal(body['ids'], undefined)
    assert.equal(
      runs.reduce((sum, [, count]) => sum + count, 0),
      5000,
    )
    let last = -1n
    for (const [first, count] of runs) {
      assert.ok(BigInt(first) > last)
      last = BigInt(first) + BigInt(count - 1)
    }
  }
})

test('UUIDs cannot be had as runs, and no tag but a segment one as numbers', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const tag of ['uuid-v7', 'uuid-v4'])
    await api.refuses('IDGEN_REQUEST_INVALID', 'POST', `${TAGS_URL}/${tag}/ids`, { body: { as: 'runs' } })
  for (const tag of ['snowflake', 'uuid-v7', 'uuid-v4'])
    await api.refuses('IDGEN_NUMBER_UNSAFE', 'POST', `${TAGS_URL}/${tag}/ids`, { body: { as: 'number' } })
  const { body } = await api.ids('segment', { body: { as: 'number', count: 3 } })
  const [a, b, c] = body['ids'] as number[]
  assert.deepEqual([b, c], [(a ?? 0) + 1, (a ?? 0) + 2])
})

test('an unknown tag, group or workspace and a name that is not allowed are refused', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const path of [
    'acme/groups/shop/tags/none',
    'acme/groups/none/tags/segment',
    'none/groups/shop/tags/segment',
  ])
    await api.refuses('IDGEN_TAG_NOT_FOUND', 'POST', `/v1/workspaces/${path}/ids`)
  for (const name of [
    'SEGMENT',
    'a%20b',
    '-a',
    'a%0d%0aset-cookie:%20x',
    'a%2Fb',
    '..%2F..',
    '%E2%82%AC',
    'x'.repeat(64),
  ])
    await api.refuses('IDGEN_NAME_INVALID', 'POST', `${TAGS_URL}/${name}/ids`)
})

test('a deleted tag issues no more, from one call to the next', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.expect(200, 'POST', `${TAGS_URL}/segment/ids`)
  await api.expect(204, 'DELETE', `${TAGS_URL}/segment`)
  await api.refuses('IDGEN_TAG_NOT_FOUND', 'POST', `${TAGS_URL}/segment/ids`)
})

test('a tag that is deleted while it issues gives IDs or an error, never an ID twice', async (t) => {
  const api = await HttpApi.withTags(t)
  const asking = Array.from({ length: 50 }, () => api.ids('segment', { body: { count: 100 } }))
  const deleting = api.call('DELETE', `${TAGS_URL}/segment`)
  const late = Array.from({ length: 50 }, () => api.ids('segment', { body: { count: 100 } }))
  const answers = await Promise.all([...asking, ...late])
  assert.equal((await deleting).status, 204)
  const seen = new Set<string>()
  let given = 0
  for (const { status, body } of answers) {
    if (status !== 200) {
      assert.equal(body['code'], 'IDGEN_TAG_NOT_FOUND')
      continue
    }
    given += 100
    for (const id of body['ids'] as string[]) seen.add(id)
  }
  assert.equal(seen.size, given)
  await api.refuses('IDGEN_TAG_NOT_FOUND', 'POST', `${TAGS_URL}/segment/ids`)
})

test('a hundred callers on a tag nobody used before are all served', async (t) => {
  const api = await HttpApi.withTags(t)
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => api.ids('segment', { body: { count: 30 } })),
  )
  const ids = answers.flatMap(({ body }) => body['ids'] as string[])
  assert.equal(new Set(ids).size, 3000)
})

test('every call is counted for its key and tag, failures under their code', async (t) => {
  const api = await HttpApi.withTags(t)
  await api.ids('segment', { body: { count: 3 } })
  await api.ids('segment', { body: { count: 4 } })
  await api.ids('segment', { body: { count: 0 } })
  await api.ids('no-such-tag')
  await api.ids('segment', { key: '' })
  const counts = await api.memory.issueCounts()
  assert.deepEqual(
    counts.map(({ subject, result, detail }) => ({ subject, result, ...detail })).sort(byResult),
    [
      { subject: 'acme/shop/segment', result: 'ok', requests: 2, ids: 7 },
      { subject: 'acme/shop/segment', result: 'IDGEN_COUNT_OUT_OF_RANGE', requests: 1, ids: 0 },
      { subject: 'acme/shop/segment', result: 'IDGEN_UNAUTHENTICATED', requests: 1, ids: 0 },
      { subject: '*', result: 'IDGEN_TAG_NOT_FOUND', requests: 1, ids: 0 },
    ].sort(byResult),
  )
})

function byResult(a: { result: string }, b: { result: string }): number {
  return a.result < b.result ? -1 : 1
}
