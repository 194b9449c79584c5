import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metadata, type ServiceError } from '@grpc/grpc-js'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { IdServiceService as Ids, KeyServiceService as Keys } from '../../test/fixtures/grpc-stubs.ts'
import { STATUS_DETAILS } from './answer-heads.ts'
import { ErrorInfo } from './generated/google/rpc/error_details.ts'
import { Status } from './generated/google/rpc/status.ts'
import { Scope } from './generated/idgen/v1/key_service.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/
const DRAFT = { name: 'n', scopes: [Scope.ISSUE], within: '', expiresAt: undefined }

interface Unary<Q> {
  readonly path: string
  readonly requestSerialize: (value: Q) => Buffer
}

/** What the caller is told of a call's trace when it fails; undefined: it was answered. */
function toldTrace<Q>(
  api: GrpcApi,
  { path, requestSerialize }: Unary<Q>,
  request: Q,
  head: Record<string, string>,
): Promise<string | undefined> {
  const metadata = new Metadata()
  for (const [name, value] of Object.entries({ authorization: `Bearer ${api.memory.keyText}`, ...head }))
    metadata.set(name, value)
  return new Promise((resolve) => {
    const answered = (error: ServiceError | null): void =>
      resolve(error === null ? undefined : traceOf(error))
    api.client.makeUnaryRequest(path, requestSerialize, (bytes) => bytes, request, metadata, answered)
  })
}

function traceOf({ metadata }: ServiceError): string | undefined {
  const [trailer] = metadata.get(STATUS_DETAILS)
  assert.ok(Buffer.isBuffer(trailer))
  const [info] = Status.decode(trailer).details
  return ErrorInfo.decode(info?.value ?? Buffer.alloc(0)).metadata['traceId']
}

test('a change without traceparent begins a trace, which the audit log and the log have; with one it is that', async (t) => {
  const api = await GrpcApi.start(t)
  const audited = async (): Promise<string | undefined> => {
    const records = await api.memory.audited()
    return records.findLast(({ action }) => action === 'key.create')?.traceId
  }
  await toldTrace(api, Keys.createKey, DRAFT, {})
  const made = await audited()
  assert.match(made ?? '', TRACE_ID)
  const line = api.memory.log.lines.findLast(({ text }) => text === 'changed')
  assert.deepEqual([line?.fields['traceId'], line?.fields['action']], [made, 'key.create'])
  await toldTrace(api, Keys.createKey, DRAFT, { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` })
  assert.equal(await audited(), TRACE)
})

test('a call that fails tells its trace: its own, or a new one each time', async (t) => {
  const api = await GrpcApi.withTags(t)
  const calls = [
    (head: Record<string, string>) => toldTrace(api, Keys.getKey, { id: 'aaaaaaaaaaaa' }, head),
    (head: Record<string, string>) =>
      toldTrace(api, Ids.generate, { tag: 'acme/shop/none', format: undefined }, head),
  ]
  for (const call of calls) {
    const traces = [await call({}), await call({}), await call({ authorization: 'Bearer wrong' })]
    for (const trace of traces) assert.match(trace ?? '', TRACE_ID)
    assert.equal(new Set(traces).size, 3)
    assert.equal(await call({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }), TRACE)
  }
})
