import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Metadata } from '@grpc/grpc-js'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { IdServiceService, NodeServiceService as Nodes } from '../../test/fixtures/grpc-stubs.ts'

test('any valid key learns the nodes and whose come first', async (t) => {
  const api = await GrpcApi.start(t, { environment: { IDGEN_DATACENTER_ID: '1' } })
  const startedAt = '2026-01-01T00:00:00.000Z'
  const node = { dc: 1, node: 'a/1', http: 'http://x:1', grpc: 'x:2', version: '1.2.3', resp: 'redis://x:3' }
  api.memory.useCases.nodes.start({ ...node, startedAt })
  const key = await api.key(['audit'], 'acme')
  const listed = await api.call(Nodes.listNodes, { dc: undefined }, { key })
  assert.deepEqual(listed, { dc: 1, current: true, nodes: [{ ...node, startedAt: new Date(startedAt) }] })
  assert.equal((await api.call(Nodes.listNodes, { dc: 0 }, { key })).dc, 0)
})

test('a data centre that cannot be is refused, and so is a call without a key', async (t) => {
  const api = await GrpcApi.start(t)
  for (const dc of [-1, 8]) {
    const told = await api.refuses('IDGEN_REQUEST_INVALID', Nodes.listNodes, { dc })
    assert.deepEqual(told.fields, ['dc'])
  }
  await api.refuses('IDGEN_UNAUTHENTICATED', Nodes.listNodes, { dc: undefined }, { key: '' })
})

test('the metadata idgen-client-dc says whose nodes come first, and counts requests for IDs', async (t) => {
  const api = await GrpcApi.withTags(t)
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${api.memory.keyText}`)
  metadata.set('idgen-client-dc', '6')
  const call = <Q, A>(
    method: { path: string; requestSerialize: (q: Q) => Buffer; responseDeserialize: (b: Buffer) => A },
    request: Q,
  ): Promise<A> =>
    new Promise((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = method
      api.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata,
        (error, answer) => (error === null && answer !== undefined ? resolve(answer) : reject(error)),
      )
    })
  assert.equal((await call(Nodes.listNodes, { dc: undefined })).dc, 6)
  assert.equal((await call(Nodes.listNodes, { dc: 2 })).dc, 2)
  await call(IdServiceService.generate, { tag: 'acme/shop/uuid-v4' })
  await api.call(IdServiceService.generate, { tag: 'acme/shop/uuid-v4' })
  const counts: Record<string, number> = {}
  api.memory.useCases.traffic.each((dc, requests) => {
    counts[dc] = requests
  })
  assert.deepEqual(counts, { '6': 1, unknown: 1 })
})

test('a key that only writes alerts reads nothing, and that is written down', async (t) => {
  const api = await GrpcApi.withTags(t)
  const key = await api.key(['alert'])
  await api.refuses('IDGEN_FORBIDDEN', Nodes.listNodes, { dc: undefined }, { key })
  await api.refuses('IDGEN_FORBIDDEN', IdServiceService.decode, { id: '1' }, { key })
  api.memory.useCases.refusedKeys.write()
  const last = (await api.memory.audited()).at(-1)
  assert.deepEqual(
    [last?.action, last?.result, last?.detail?.['times'], last?.detail?.['first']],
    ['key.refuse', 'IDGEN_FORBIDDEN', 2, { operation: '/idgen.v1.NodeService/ListNodes' }],
  )
  for (const scope of ['issue', 'manage', 'audit'] as const) {
    const other = await api.key([scope])
    await api.call(Nodes.listNodes, { dc: undefined }, { key: other })
    await api.call(IdServiceService.decode, { id: '1' }, { key: other })
  }
})
