import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi } from '../../test/fixtures/http-api.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { type NodeRecord, printNode } from '../app/node-record.ts'

function nodeOf(dc: number, node: string): NodeRecord {
  const startedAt = '2026-01-01T00:00:00.000Z'
  return { dc, node, http: 'http://node.example:8080', grpc: 'node.example:50051', version: '1', startedAt }
}

const order = (body: Readonly<Record<string, unknown>>): readonly number[] =>
  (body['nodes'] as readonly NodeRecord[]).map(({ dc }) => dc)

test('any valid key learns the nodes, those of its own data centre first', async (t) => {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const shared = { coordinator: new MemoryCoordinator(etcd), database: 'test' }
  const api = await HttpApi.start(t, {
    clock,
    outside: { shared },
    environment: { IDGEN_DATACENTER_ID: '1' },
  })
  const { useCases } = api.memory
  t.after(() => useCases.nodes.stop())
  const self = { ...nodeOf(1, 'a/1'), resp: 'redis://node.example:6399' }
  useCases.nodes.start(self)
  for (const dc of [0, 2]) {
    const change = [{ put: `/nodes/${dc}/b`, value: printNode(nodeOf(dc, 'b')) }]
    etcd.transact({ compare: [], change })
  }
  await settle()
  const draft = { name: 'x', scopes: ['issue' as const], within: 'acme/shop', expiresAt: undefined }
  const { text: key } = await useCases.keys.create({ actor: 'test', traceId: undefined }, draft)
  const list = async (url: string, headers: Record<string, string> = {}) =>
    (await api.expect(200, 'GET', url, { key, headers })).body
  const own = await list('/v1/nodes')
  assert.deepEqual([own['dc'], own['current'], order(own)], [1, true, [1, 0, 2]])
  assert.deepEqual((own['nodes'] as NodeRecord[]).slice(0, 2), [self, nodeOf(0, 'b')])
  assert.deepEqual(order(await list('/v1/nodes', { 'idgen-client-dc': '2' })), [2, 0, 1])
  assert.deepEqual(order(await list('/v1/nodes?dc=0', { 'idgen-client-dc': '2' })), [0, 1, 2])
  assert.deepEqual(order(await list('/v1/nodes', { 'Idgen-Client-Dc': 'west' })), [1, 0, 2])
  etcd.away = 'cut off'
  await settle()
  const last = await list('/v1/nodes')
  assert.deepEqual([last['current'], order(last)], [false, [1, 0, 2]])
})

test('a data centre that cannot be is refused, and so is a call without a key', async (t) => {
  const api = await HttpApi.start(t)
  await api.refuses('IDGEN_REQUEST_INVALID', 'GET', '/v1/nodes?dc=8')
  await api.refuses('IDGEN_REQUEST_INVALID', 'GET', '/v1/nodes?count=5')
  await api.refuses('IDGEN_UNAUTHENTICATED', 'GET', '/v1/nodes', { key: '' })
})

test('requests for IDs are counted by the data centre of the client, failed ones and streams too', async (t) => {
  const api = await HttpApi.withTags(t)
  const { traffic } = api.memory.useCases
  const from = (dc: string): { headers: Record<string, string> } => ({ headers: { 'Idgen-Client-Dc': dc } })
  await api.ids('uuid-v4', from('3'))
  await api.ids('uuid-v4', { ...from('3'), body: { count: 5 } })
  await api.ids('missing', from('4'))
  await api.ids('uuid-v4')
  await api.ids('uuid-v4', from('9'))
  await api.call('POST', '/v1/workspaces/acme/groups/shop/tags/uuid-v4/ids/stream', from('5'))
  await api.call('GET', '/v1/nodes', from('6'))
  const counts: Record<string, number> = {}
  traffic.each((dc, requests) => {
    counts[dc] = requests
  })
  assert.deepEqual(counts, { '3': 2, '4': 1, '5': 1, unknown: 2 })
})
