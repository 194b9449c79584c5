import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { HttpApi, TAGS_URL } from '../../test/fixtures/http-api.ts'

interface Line {
  readonly ids?: string[]
  readonly runs?: [string, number][]
  readonly algorithm?: string
  readonly error?: { readonly code: string; readonly traceId: string }
}

function linesOf(text: string): Line[] {
  assert.ok(text.endsWith('\n'))
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}

test('a stream gives exactly the IDs asked for, in lines of at most a thousand', async (t) => {
  const api = await HttpApi.withTags(t)
  for (const tag of ['segment', 'uuid-v7']) {
    const answer = await api.expect(200, 'POST', `${TAGS_URL}/${tag}/ids/stream`, { body: { count: 12_345 } })
    assert.match(answer.headers['content-type'] ?? '', /^application\/x-ndjson/)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const lines = linesOf(answer.text)
    assert.equal(lines.length, 13)
    const ids = lines.flatMap((line) => line.ids ?? [])
    assert.equal(ids.length, 12_345)
    assert.equal(new Set(ids).size, 12_345)
    for (const line of lines) assert.equal(line.algorithm, tag)
  }
})

test('a stream may be of runs, and without a body it is one ID', async (t) => {
  const api = await HttpApi.withTags(t)
  const runs = await api.expect(200, 'POST', `${TAGS_URL}/segment/ids/stream`, {
    body: { count: 2500, as: 'runs' },
  })
  const counts = linesOf(runs.text).flatMap((line) => line.runs ?? [])
  assert.equal(
    counts.reduce((sum, [, count]) => sum + count, 0),
    2500,
  )
  const one = await api.expect(200, 'POST', `${TAGS_URL}/segment/ids/stream`)
  assert.equal(linesOf(one.text)[0]?.ids?.length, 1)
})

test('a stream that cannot begin is a problem, not a stream', async (t) => {
  const api = await HttpApi.withTags(t, { limits: { maxText: 10, maxRuns: 100 } })
  const url = `${TAGS_URL}/segment/ids/stream`
  await api.refuses('IDGEN_COUNT_OUT_OF_RANGE', 'POST', url, { body: { count: 101 } })
  await api.refuses('IDGEN_COUNT_OUT_OF_RANGE', 'POST', url, { body: { count: 0 } })
  await api.refuses('IDGEN_TAG_NOT_FOUND', 'POST', `${TAGS_URL}/none/ids/stream`)
  await api.refuses('IDGEN_REQUEST_INVALID', 'POST', `${TAGS_URL}/uuid-v4/ids/stream`, {
    body: { as: 'runs' },
  })
  await api.refuses('IDGEN_UNAUTHENTICATED', 'POST', url, { key: '' })
  await api.expect(200, 'POST', url, { body: { count: 100 } })
})

test('a failure after the first line is told in the last one', async (t) => {
  const api = await HttpApi.withTags(t)
  // A data centre's share of this space ends after 2000 numbers, and the chain has nothing after it.
  await api.expect(201, 'POST', TAGS_URL, {
    body: {
      name: 'small',
      chain: ['segment'],
      step: { base: 100, max: 1000 },
      space: { startAt: 2 ** 53 - 16_000, cellSize: 2000 },
    },
  })
  const answer = await api.expect(200, 'POST', `${TAGS_URL}/small/ids/stream`, { body: { count: 5000 } })
  const lines = linesOf(answer.text)
  const given = lines.flatMap((line) => line.ids ?? [])
  assert.ok(given.length >= 1000 && given.length <= 2000)
  assert.equal(lines.at(-1)?.error?.code, 'IDGEN_RANGE_EXHAUSTED')
  assert.equal(answer.headers['x-request-id'], lines.at(-1)?.error?.traceId ?? '-')
})

test('a stream stops issuing when its client goes away', async (t) => {
  const api = await HttpApi.withTags(t)
  const asked = 1_000_000
  const { sent, response, port } = await openedStream(api, asked, api.memory.keyText)
  const gone = new Promise((resolve) => response.on('error', () => {}).on('close', resolve))
  sent.destroy()
  await gone
  const { generate, directory } = api.memory.useCases
  const tag = directory.peek('acme/shop/segment')
  // What was made for the socket's buffers stays far below what was asked, and grows no more.
  let before = -1
  while (before !== tag?.served.segment.ids) {
    before = tag?.served.segment.ids ?? 0
    await new Promise((resolve) => setImmediate(resolve))
    await fetch(`http://127.0.0.1:${port}/livez`)
  }
  assert.ok(before < asked / 2, `${before} issued`)
  assert.equal(generate.waiting, 0)
})

const ENDS: readonly (readonly [string, (api: HttpApi, id: string) => unknown])[] = [
  ['is revoked', ({ memory }, id) => memory.useCases.keys.revoke({ actor: 'test', traceId: undefined }, id)],
  ['expires', ({ memory }) => memory.clock.advance(EXPIRES_MS)],
]
/** Less than the half minute after which who reads nothing is cut off. */
const EXPIRES_MS = 20_000

for (const [what, end] of ENDS)
  test(`a stream whose reader pauses gives nothing more once its key ${what}`, async (t) => {
    // 100 MB, of which the buffers of a connection hold a tenth at most.
    const asked = 10_000_000
    const api = await HttpApi.withTags(t, { limits: { maxRuns: asked } })
    const expiresAt = new Date(api.memory.clock.nowMs() + EXPIRES_MS)
    const { key, text } = await api.memory.useCases.keys.create(
      { actor: 'test', traceId: undefined },
      { name: 'to end', scopes: ['issue'], within: '', expiresAt },
    )
    const { response, begun } = await openedStream(api, asked, text)
    await end(api, key.id)
    const lines = linesOf(begun + (await response.setEncoding('utf8').toArray()).join(''))
    assert.equal(lines.at(-1)?.error?.code, 'IDGEN_UNAUTHENTICATED')
    assert.ok(lines.length < asked / 2000, `${lines.length} lines`)
  })

/** A stream on a connection of its own, whose reader has paused after what came first. */
async function openedStream(api: HttpApi, count: number, keyText: string) {
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = api.app.server.address() as AddressInfo
  const sent = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    path: `${TAGS_URL}/segment/ids/stream`,
    headers: { authorization: `Bearer ${keyText}`, 'content-type': 'application/json' },
  })
  sent.end(JSON.stringify({ count }))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  // In the same turn, or what comes next is lost.
  const begun = await new Promise<Buffer>((resolve) => {
    response.once('data', (chunk: Buffer) => {
      response.pause()
      resolve(chunk)
    })
  })
  return { sent, response, port, begun: begun.toString() }
}
