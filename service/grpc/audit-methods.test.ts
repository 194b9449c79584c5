import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { AuditServiceService } from '../../test/fixtures/grpc-stubs.ts'
import {
  type AuditFilter,
  type ExportAuditRecordsResponse,
  type ListAuditRecordsResponse,
} from './generated/idgen/v1/audit_service.ts'

const { listAuditRecords, exportAuditRecords } = AuditServiceService
const ANY: AuditFilter = {
  from: undefined,
  to: undefined,
  actor: '',
  action: '',
  subject: '',
  workspace: '',
  result: '',
  traceId: '',
}
const ACTOR = { actor: 'test', traceId: undefined }

interface Asked {
  readonly filter?: Partial<AuditFilter>
  readonly pageSize?: number
  readonly pageToken?: string
  readonly oldestFirst?: boolean
  readonly key?: string
}

/** Tags made one after another in acme/shop, and a workspace beside it. */
async function audited(t: TestContext, tags = 5): Promise<GrpcApi> {
  const api = await GrpcApi.withTags(t)
  const { catalog } = api.memory.useCases
  await catalog.createWorkspace(ACTOR, 'other', '')
  for (let i = 0; i < tags; i += 1) {
    api.memory.clock.advance(1000)
    const ref = { workspace: 'acme', group: 'shop', name: `t${i}` }
    await catalog.createTag(ACTOR, ref, { algorithm: 'uuid-v4' })
  }
  await api.memory.audited()
  return api
}

function requestOf({ filter, pageSize = 0, pageToken = '', oldestFirst = false }: Asked) {
  return { filter: { ...ANY, ...filter }, pageSize, pageToken, oldestFirst }
}

function list(api: GrpcApi, asked: Asked): Promise<ListAuditRecordsResponse> {
  const { key = api.memory.keyText } = asked
  return api.call(listAuditRecords, requestOf(asked), { key })
}

function exported(
  api: GrpcApi,
  filter: Partial<AuditFilter>,
  key = api.memory.keyText,
): ClientReadableStream<ExportAuditRecordsResponse> {
  const { path, requestSerialize, responseDeserialize } = exportAuditRecords
  const request = { filter: { ...ANY, ...filter }, pageToken: '' }
  return api.client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    api.metadata(key),
  )
}

test('pages of the audit log hold each record once, in the order asked for', async (t) => {
  const api = await audited(t)
  for (const oldestFirst of [false, true]) {
    const seen: string[] = []
    let pageToken = ''
    do {
      const page = await list(api, { filter: { action: 'tag.create' }, pageSize: 2, pageToken, oldestFirst })
      seen.push(...page.records.map(({ subject }) => subject.split('/')[2] ?? ''))
      pageToken = page.nextPageToken
    } while (pageToken !== '')
    const made = ['segment', 'snowflake', 'uuid-v7', 'uuid-v4', 't0', 't1', 't2', 't3', 't4']
    assert.deepEqual(seen, oldestFirst ? made : made.toReversed())
  }
})

test('a record says what HTTP says of it', async (t) => {
  const api = await audited(t)
  const { records } = await list(api, { filter: { subject: 'acme/shop/t0' } })
  const [record] = records
  assert.ok(record !== undefined)
  assert.deepEqual([record.actor, record.workspace, record.result], ['test', 'acme', 'ok'])
  const detail = JSON.parse(record.detailJson) as { after: { name: string } }
  assert.equal(detail.after.name, 't0')
  const from = new Date((record.at?.getTime() ?? 0) + 1)
  const later = await list(api, { filter: { action: 'tag.create', from } })
  assert.equal(later.records.length, 4)
})

test('the audit log needs the scope audit, and a limited key sees its part alone', async (t) => {
  const api = await audited(t)
  await api.refuses('IDGEN_UNAUTHENTICATED', listAuditRecords, requestOf({}), { key: '' })
  const manager = await api.key(['manage', 'issue'])
  await api.refuses('IDGEN_FORBIDDEN', listAuditRecords, requestOf({}), { key: manager })
  const limited = await api.key(['audit'], 'other')
  await api.memory.audited()
  const { records } = await list(api, { key: limited })
  assert.ok(records.length > 0)
  assert.deepEqual(new Set(records.map(({ workspace }) => workspace)), new Set(['other']))
  const acme = requestOf({ filter: { workspace: 'acme' } })
  await api.refuses('IDGEN_FORBIDDEN', listAuditRecords, acme, { key: limited })
})

test('what is no filter and no token of this list is refused with what is wrong', async (t) => {
  const api = await audited(t)
  for (const filter of [{ subject: 'x'.repeat(301) }, { actor: 'a\u0000b' }, { from: new Date(-1000) }])
    await api.refuses('IDGEN_REQUEST_INVALID', listAuditRecords, requestOf({ filter }))
  await api.refuses('IDGEN_REQUEST_INVALID', listAuditRecords, requestOf({ pageSize: 1001 }))
  await api.refuses('IDGEN_CURSOR_INVALID', listAuditRecords, requestOf({ pageToken: 'x' }))
  const { nextPageToken } = await list(api, { pageSize: 1 })
  const otherWay = requestOf({ pageToken: nextPageToken, oldestFirst: true })
  await api.refuses('IDGEN_CURSOR_INVALID', listAuditRecords, otherWay)
})

test('an export streams all records in the order of time, in several messages', async (t) => {
  const api = await audited(t, 1100)
  const seen: string[] = []
  let messages = 0
  for await (const { records } of exported(api, {
    action: 'tag.create',
    workspace: 'acme',
  }) as AsyncIterable<ExportAuditRecordsResponse>) {
    messages += 1
    seen.push(...records.map(({ subject }) => subject))
  }
  assert.equal(messages, 3)
  assert.equal(seen.length, 1104)
  assert.equal(new Set(seen).size, 1104)
  assert.equal(seen.at(-1), 'acme/shop/t1099')
})

test('an export of a key without the right ends with the reason', async (t) => {
  const api = await audited(t)
  const stream = exported(api, {}, await api.key(['manage']))
  stream.on('data', () => assert.fail('a record was told'))
  const [error] = (await once(stream, 'error')) as [ServiceError]
  assert.equal(error.code, status.PERMISSION_DENIED)
})
