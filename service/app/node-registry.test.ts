import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RecordedLog } from '../../test/fixtures/recorded-log.ts'
import { settle } from '../../test/fixtures/settle.ts'
import { MemoryClock } from '../adapters/memory/memory-clock.ts'
import { MemoryCoordination } from '../adapters/memory/memory-coordination.ts'
import { MemoryCoordinator } from '../adapters/memory/memory-coordinator.ts'
import { keyOf, type NodeRecord, parseNode, printNode } from './node-record.ts'
import { NODES_LISTED_MAX, NodeRegistry } from './node-registry.ts'

function world(t: TestContext) {
  const clock = new MemoryClock()
  const etcd = new MemoryCoordination(clock)
  const coordinator = new MemoryCoordinator(etcd)
  const log = new RecordedLog()
  const start = async (self: NodeRecord, workers?: () => readonly number[]): Promise<NodeRegistry> => {
    const registry = new NodeRegistry({ coordinator, clock, log, ...(workers && { workers }) })
    t.after(() => registry.stop())
    registry.start(self)
    await settle()
    return registry
  }
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1000) {
      clock.advance(Math.min(left, 1000))
      await settle(2)
    }
  }
  const put = (key: string, value: string) =>
    coordinator.transact({ compare: [], change: [{ put: key, value }] })
  return { clock, etcd, coordinator, log, start, pass, put }
}

function nodeOf(dc: number, node: string): NodeRecord {
  const startedAt = '2026-01-01T00:00:00.000Z'
  return { dc, node, http: `http://${dc}.example:8080`, grpc: 'x:50051', version: '1.2.3', startedAt }
}

const names = (registry: NodeRegistry, dc: number): readonly string[] =>
  registry.list(dc).map((node) => `${node.dc}:${node.node}`)

test('every process finds all others, those of the wanted data centre first', async (t) => {
  const { start } = world(t)
  const one = await start(nodeOf(0, 'b/1'))
  await start(nodeOf(2, 'c/1'))
  await start(nodeOf(0, 'a/1'))
  assert.deepEqual(names(one, 0), ['0:a/1', '0:b/1', '2:c/1'])
  assert.deepEqual(names(one, 2), ['2:c/1', '0:a/1', '0:b/1'])
  assert.deepEqual(names(one, 7), ['0:a/1', '0:b/1', '2:c/1'])
  assert.deepEqual(one.list(0)[0], nodeOf(0, 'a/1'))
})

test('a node without an address for Redis clients, or with one that is none, is listed without it', () => {
  const node = nodeOf(0, 'a/1')
  const read = (resp: unknown): NodeRecord | undefined =>
    parseNode({ key: keyOf(node), value: JSON.stringify({ ...node, resp }) })
  assert.deepEqual(read(undefined), node)
  for (const resp of ['redis://a:6399', 'rediss://[::1]:6399'])
    assert.deepEqual(read(resp), { ...node, resp })
  for (const resp of ['', 7, 'http://a:6399', 'redis://', 'redis://a:x', 'redis://:pw@a:1', 'redis://u@a:1'])
    assert.deepEqual(read(resp), node, String(resp))
})

test('a node may be called anything', async (t) => {
  const { start, coordinator } = world(t)
  const one = await start(nodeOf(0, 'a/../1 ä%2F'))
  await start(nodeOf(0, 'z/1'))
  assert.deepEqual(names(one, 0), ['0:a/../1 ä%2F', '0:z/1'])
  const { entries } = await coordinator.list('/nodes/0/')
  assert.ok(entries.every(({ key }) => key.split('/').length === 4))
})

test('others hear which worker ids a process holds, and when they change', async (t) => {
  const { start, pass } = world(t)
  let held = [17]
  await start(nodeOf(0, 'a/1'), () => held)
  const other = await start(nodeOf(0, 'b/1'))
  assert.deepEqual(
    other.list(0).map(({ workers }) => workers),
    [[17], undefined],
  )
  held = [17, 18]
  await pass(6000)
  assert.deepEqual(other.list(0)[0]?.workers, [17, 18])
})

test('worker ids that cannot be are left out, and the node stays listed', () => {
  for (const workers of [[256], [-1], [0.5], ['1'], 'x', Array.from({ length: 257 }, () => 1)]) {
    const value = JSON.stringify({ ...nodeOf(0, 'a/1'), workers })
    assert.deepEqual(parseNode({ key: keyOf(nodeOf(0, 'a/1')), value }), nodeOf(0, 'a/1'))
  }
})

test('a process that stops is off every list at once, one that dies after its lease', async (t) => {
  const { start, etcd, pass } = world(t)
  const one = await start(nodeOf(0, 'a/1'))
  const two = await start(nodeOf(0, 'b/1'))
  await two.stop()
  await settle()
  assert.deepEqual(names(one, 0), ['0:a/1'])
  // A process that died: its record hangs on a lease that nobody renews.
  const leaseId = etcd.grantLease(15_000)
  const value = printNode(nodeOf(0, 'dead/1'))
  etcd.transact({ compare: [], change: [{ put: '/nodes/0/dead%2F1', value, leaseId }] })
  await settle()
  assert.deepEqual(names(one, 0), ['0:a/1', '0:dead/1'])
  await pass(16_000)
  assert.deepEqual(names(one, 0), ['0:a/1'])
})

test('a record stays listed for as long as its process lives, and is written once', async (t) => {
  const { start, coordinator, pass } = world(t)
  await start(nodeOf(0, 'a/1'))
  const before = await coordinator.get('/nodes/0/a%2F1')
  await pass(60_000)
  assert.deepEqual(await coordinator.get('/nodes/0/a%2F1'), before)
  assert.notEqual(before, undefined)
})

test('a record that was lost with its lease, deleted or overwritten comes back', async (t) => {
  const { start, etcd, coordinator, pass, put } = world(t)
  const empty = etcd.snapshot()
  await start(nodeOf(0, 'a/1'))
  const listed = async (): Promise<boolean> =>
    (await coordinator.get('/nodes/0/a%2F1'))?.value === printNode(nodeOf(0, 'a/1'))
  etcd.restore(empty)
  assert.equal(await listed(), false)
  await pass(5000)
  assert.equal(await listed(), true)
  await coordinator.transact({ compare: [], change: [{ delete: '/nodes/0/a%2F1' }] })
  await pass(5000)
  assert.equal(await listed(), true)
  await put('/nodes/0/a%2F1', printNode({ ...nodeOf(0, 'a/1'), startedAt: '2020-01-01T00:00:00.000Z' }))
  await pass(5000)
  assert.equal(await listed(), true)
})

test('while etcd is away the last known nodes stay, then the list is made anew', async (t) => {
  const { start, etcd, pass, log } = world(t)
  const one = await start(nodeOf(0, 'a/1'))
  await start(nodeOf(1, 'b/1'))
  const leaseId = etcd.grantLease(15_000)
  const value = printNode(nodeOf(2, 'dead'))
  etcd.transact({ compare: [], change: [{ put: '/nodes/2/dead', value, leaseId }] })
  await settle()
  assert.equal(one.current, true)
  etcd.away = 'cut off'
  await pass(60_000)
  assert.deepEqual(names(one, 0), ['0:a/1', '1:b/1', '2:dead'])
  assert.equal(one.current, false)
  assert.match(one.fault ?? '', /cut off/)
  assert.equal(log.lines.filter(({ text }) => text === 'node could not be listed').length, 2, 'once each')
  etcd.away = undefined
  await pass(5000)
  assert.deepEqual(names(one, 0), ['0:a/1', '1:b/1'])
  assert.deepEqual([one.current, one.fault], [true, undefined])
})

test('a process that starts while etcd is away lists itself, and the others later', async (t) => {
  const { start, etcd, pass } = world(t)
  await start(nodeOf(1, 'b/1'))
  etcd.away = 'cut off'
  const late = await start(nodeOf(0, 'a/1'))
  assert.deepEqual(names(late, 1), ['0:a/1'])
  etcd.away = undefined
  await pass(5000)
  assert.deepEqual(names(late, 1), ['1:b/1', '0:a/1'])
})

test('an etcd that hangs does not hold up a stop', async (t) => {
  const { clock, log } = world(t)
  let hanging = false
  class Hanging extends MemoryCoordinator {
    override revokeLease(leaseId: string): Promise<void> {
      return hanging ? new Promise(() => {}) : super.revokeLease(leaseId)
    }
  }
  const shared = new MemoryCoordination(clock)
  const registry = new NodeRegistry({ coordinator: new Hanging(shared), clock, log })
  registry.start(nodeOf(0, 'a/1'))
  await settle()
  hanging = true
  let stopped = false
  const stopping = registry.stop().then(() => {
    stopped = true
  })
  await settle()
  assert.equal(stopped, false)
  clock.advance(2000)
  await stopping
})

test('without etcd a process knows only itself', async (t) => {
  const { clock, log } = world(t)
  const alone = new NodeRegistry({ coordinator: undefined, clock, log })
  assert.deepEqual(alone.list(0), [])
  alone.start(nodeOf(0, 'a/1'))
  assert.deepEqual([names(alone, 0), alone.current, clock.pending], [['0:a/1'], true, 0])
  await alone.stop()
})

test('what does not describe a node is not listed', async (t) => {
  const { start, put, log } = world(t)
  const one = await start(nodeOf(0, 'a/1'))
  const good = nodeOf(1, 'b')
  const bad = [
    'text',
    'null',
    '{}',
    printNode({ ...good, dc: 2 }),
    printNode({ ...good, node: 'c' }),
    printNode({ ...good, http: 'javascript:alert(1)' }),
    printNode({ ...good, http: 'https://' }),
    printNode({ ...good, grpc: '' }),
    printNode({ ...good, version: 'x'.repeat(5000) }),
    printNode({ ...good, startedAt: 'yesterday' }),
  ]
  for (const value of bad) {
    await put('/nodes/1/b', printNode(good))
    await put('/nodes/1/b', value)
    assert.equal(parseNode({ key: '/nodes/1/b', value }), undefined, value)
  }
  await settle()
  assert.deepEqual(names(one, 0), ['0:a/1'])
  assert.equal(log.lines.filter(({ level }) => level === 'warn').length, bad.length)
  await put('/nodes/1/b', JSON.stringify({ ...good, later: 'field' }))
  await settle()
  assert.deepEqual(names(one, 0), ['0:a/1', '1:b'])
})

test('a list is bounded and still has every node of the caller’s data centre', async (t) => {
  const { start, coordinator } = world(t)
  for (let from = 0; from < 1200; from += 100) {
    const change = Array.from({ length: 100 }, (_, i) => {
      const node = nodeOf(from + i < 1150 ? 0 : 1, `n${from + i}`)
      return { put: `/nodes/${node.dc}/${node.node}`, value: printNode(node) }
    })
    await coordinator.transact({ compare: [], change })
  }
  const one = await start(nodeOf(0, 'a/1'))
  const listed = one.list(1)
  assert.equal(listed.length, NODES_LISTED_MAX)
  assert.equal(listed.filter(({ dc }) => dc === 1).length, 50)
})
