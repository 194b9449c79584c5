import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi } from '../../test/fixtures/http-api.ts'
import { keyIdOf } from '../app/authenticator.ts'
import type { FoundRecord } from '../ports/audit-query.ts'

interface Shown {
  readonly action: string
  readonly subject: string
  readonly workspace: string | null
}

/** What happened to two workspaces, written down; the clock goes on a second before each. */
async function audited(t: Parameters<typeof HttpApi.start>[0], tags = 3): Promise<HttpApi> {
  const api = await HttpApi.withTags(t)
  await api.expect(201, 'POST', '/v1/workspaces', { body: { name: 'other' } })
  for (let i = 0; i < tags; i += 1) {
    api.memory.clock.advance(1000)
    const body = { name: `t${i}`, algorithm: 'uuid-v4' }
    await api.expect(201, 'POST', '/v1/workspaces/acme/groups/shop/tags', { body })
  }
  await api.memory.audited()
  return api
}

async function keyWith(api: HttpApi, scopes: readonly string[], within: string): Promise<string> {
  const made = await api.expect(201, 'POST', '/v1/keys', { body: { name: 'x', scopes, within } })
  return String(made.body['key'])
}

/** As many records as are asked for, whatever they may be. */
function fullPage(limit: number): readonly FoundRecord[] {
  const record = { actor: 'a', action: 'b', subject: 'c', result: 'ok', detail: {} }
  return Array.from({ length: limit }, (_, id) => ({
    ...record,
    at: new Date(0),
    id,
    workspace: undefined,
    traceId: undefined,
  }))
}

function itemsOf(body: Readonly<Record<string, unknown>>): readonly Shown[] {
  return body['items'] as readonly Shown[]
}

test('the newest records come first, a page at a time, each once', async (t) => {
  const api = await audited(t)
  const seen: string[] = []
  let cursor = ''
  do {
    const { body } = await api.expect(200, 'GET', `/v1/audit?limit=4&action=tag.create${cursor}`)
    seen.push(...itemsOf(body).map(({ subject }) => subject))
    cursor = body['nextCursor'] === undefined ? '' : `&cursor=${String(body['nextCursor'])}`
  } while (cursor !== '')
  const names = ['t2', 't1', 't0', 'uuid-v4', 'uuid-v7', 'snowflake', 'segment']
  assert.deepEqual(
    seen,
    names.map((name) => `acme/shop/${name}`),
  )
})

test('a record says who, what before and after, when, and its place in the chain', async (t) => {
  const api = await audited(t)
  const url = '/v1/workspaces/acme/groups/shop'
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await api.expect(200, 'PATCH', url, { body: { displayName: 'Shop' }, headers: { traceparent } })
  await api.memory.audited()
  const { body } = await api.expect(200, 'GET', '/v1/audit?traceId=0af7651916cd43dd8448eb211c80319c')
  const [found, ...more] = itemsOf(body) as unknown as Record<
    string,
    Record<string, Record<string, unknown>>
  >[]
  assert.equal(more.length, 0)
  assert.equal(found?.['action'], 'group.update')
  assert.equal(found?.['detail']?.['before']?.['displayName'], '')
  assert.equal(found?.['detail']?.['after']?.['displayName'], 'Shop')
  assert.match(String(found?.['link']?.['hash']), /^[0-9a-f]{64}$/)
})

test('the audit log needs its scope, and a limited key sees its own part alone', async (t) => {
  const api = await audited(t)
  const manager = await keyWith(api, ['manage', 'issue'], '')
  for (const path of ['/v1/audit', '/v1/audit/export']) {
    await api.expect(403, 'GET', path, { key: manager })
    await api.expect(401, 'GET', path, { key: '' })
  }
  const limited = await keyWith(api, ['audit'], 'acme')
  await api.memory.audited()
  const { body } = await api.expect(200, 'GET', '/v1/audit?limit=1000', { key: limited })
  const workspaces = new Set(itemsOf(body).map(({ workspace }) => workspace))
  assert.deepEqual([...workspaces], ['acme'])
  assert.ok(itemsOf(body).some(({ action }) => action === 'key.create'))
  await api.expect(403, 'GET', '/v1/audit?workspace=other', { key: limited })
  const ofTag = await keyWith(api, ['audit'], 'acme/shop/t1')
  const { text } = await api.expect(200, 'GET', '/v1/audit/export', { key: ofTag })
  assert.deepEqual(
    text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as Shown).subject),
    ['acme/shop/t1'],
  )
})

test('an export goes on where its limit ended it', async (t) => {
  const api = await audited(t, 5)
  const lines: string[] = []
  let query = 'limit=4'
  for (let round = 0; round < 10; round += 1) {
    const { text, headers } = await api.expect(200, 'GET', `/v1/audit/export?action=tag.create&${query}`)
    assert.equal(headers['content-type'], 'application/x-ndjson; charset=utf-8')
    const found = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { subject: string; nextCursor?: string })
    const next = found.at(-1)?.nextCursor
    lines.push(...found.filter(({ nextCursor }) => nextCursor === undefined).map(({ subject }) => subject))
    if (next === undefined) break
    query = `limit=4&cursor=${next}`
  }
  assert.equal(lines.length, 9)
  assert.equal(new Set(lines).size, 9)
  assert.equal(lines.at(-1), 'acme/shop/t4')
  const { text } = await api.expect(200, 'GET', '/v1/audit/export?action=nothing')
  assert.equal(text, '')
})

test('who read the log, by page or as an export, stands in it', async (t) => {
  const api = await audited(t, 1)
  const key = await keyWith(api, ['audit'], 'acme')
  await api.expect(200, 'GET', '/v1/audit/export?action=tag.create', { key })
  await api.expect(200, 'GET', '/v1/audit?limit=1', { key })
  api.memory.useCases.auditReads.write()
  const reads = (await api.memory.audited()).filter(({ action }) => action === 'audit.read')
  assert.deepEqual(
    reads.map(({ actor, subject, detail }) => [actor, subject, detail['pages'], detail['filter']]),
    [
      [keyIdOf(key), 'acme', 2, { action: 'tag.create', within: 'acme' }],
      [keyIdOf(key), 'acme', 1, { within: 'acme' }],
    ],
  )
  assert.equal(reads[0]?.detail['records'], 5)
})

test('a store that fails on the way ends an export with the error as its last line', async (t) => {
  let reads = 0
  const auditQuery = {
    async find(_filter: object, _after: unknown, _order: string, limit: number) {
      reads += 1
      if (reads > 1) throw new Error('away')
      return fullPage(limit)
    },
  }
  const api = await HttpApi.start(t, { outside: { auditQuery } })
  const { text } = await api.expect(200, 'GET', '/v1/audit/export')
  const lines = text.trim().split('\n')
  assert.equal(lines.length, 1001)
  assert.match(lines.at(-1) ?? '', /^\{"error":\{.*IDGEN_INTERNAL/)
})

test('an export whose key is revoked on the way reads no further page, and says why', async (t) => {
  let reads = 0
  const auditQuery = {
    async find(_filter: object, _after: unknown, _order: string, limit: number) {
      reads += 1
      if (reads === 2) await api.expect(204, 'DELETE', `/v1/keys/${keyIdOf(key)}`)
      return fullPage(limit)
    },
  }
  const api = await HttpApi.start(t, { outside: { auditQuery } })
  const key = await keyWith(api, ['audit'], '')
  const { text } = await api.expect(200, 'GET', '/v1/audit/export', { key })
  const lines = text.trim().split('\n')
  assert.equal(lines.length, 2001)
  assert.match(lines.at(-1) ?? '', /^\{"error":\{.*IDGEN_UNAUTHENTICATED/)
  assert.equal(reads, 2)
})

test('a question that makes no sense is refused with what is wrong', async (t) => {
  const api = await audited(t, 1)
  const cursor = Buffer.from('audit:x').toString('base64url')
  for (const query of [
    'limit=0',
    'limit=1001',
    'from=yesterday',
    'to=2099-12-31T23:59:60Z',
    'from=0000-01-01T00:00:00Z',
    'to=1969-12-31T23:59:59Z',
    'who=me',
    'actor=',
  ])
    await api.expect(400, 'GET', `/v1/audit?${query}`)
  for (const query of [`cursor=${cursor}`, 'cursor=x']) await api.expect(400, 'GET', `/v1/audit?${query}`)
  await api.expect(400, 'GET', '/v1/audit/export?limit=1000001')
})
