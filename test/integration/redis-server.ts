import type { SelfSigned } from '../fixtures/self-signed.ts'
import { RedisProcess } from './redis-process.ts'

export interface TestRedis {
  readonly endpoints: readonly string[]
  readonly server: RedisProcess
}

export interface TestRedisCluster {
  readonly endpoints: readonly string[]
  /** 3 masters, then 3 replicas: node i + 3 copies node i until a failover. */
  readonly nodes: readonly RedisProcess[]
  /** The node that has the slot of `key` now. */
  ownerOf(key: string): Promise<RedisProcess>
  /** The replica of `master` takes over, with its agreement or, `force`d, without asking anybody. Resolves when it has. */
  failOver(master: RedisProcess, force: boolean): Promise<RedisProcess>
  /** Resolves when every node of the cluster thinks that all is well and every replica follows its master. */
  settled(): Promise<void>
}

/** One server for the test file that asks; it ends with its tests. */
export async function testRedis(): Promise<TestRedis> {
  const server = await RedisProcess.start(false)
  return { endpoints: [server.url], server }
}

/** A cluster of 3 masters and 3 replicas, all showing `certificate` where one is given. */
export async function testRedisCluster(certificate?: SelfSigned): Promise<TestRedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 6 }, () => RedisProcess.start(true, certificate)))
  await Promise.all(
    MASTERS.map(async (index) => {
      const master = nodeAt(nodes, index)
      await master.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
      await master.command('CLUSTER', 'ADDSLOTSRANGE', ...slotsOf(index))
    }),
  )
  const first = nodeAt(nodes, 0)
  for (const node of nodes.slice(1))
    await first.command('CLUSTER', 'MEET', '127.0.0.1', node.port, await busPortOf(node))
  for (const node of nodes)
    await until(async () => (await known(node)).length === nodes.length, 'all nodes met')
  for (const index of MASTERS) {
    const id = String(await nodeAt(nodes, index).command('CLUSTER', 'MYID'))
    await nodeAt(nodes, index + MASTERS.length).command('CLUSTER', 'REPLICATE', id)
  }
  const cluster = {
    endpoints: nodes.map(({ url }) => url),
    nodes,
    ownerOf: (key: string) => ownerOf(nodes, key),
    failOver: (master: RedisProcess, force: boolean) => failOver(nodes, master, force),
    settled: () => settled(nodes),
  }
  await cluster.settled()
  return cluster
}

const MASTERS = [0, 1, 2]

/** 16384 slots in three parts. */
function slotsOf(index: number): [number, number] {
  const bound = [0, 5461, 10_923, 16_384]
  return [bound[index] ?? 0, (bound[index + 1] ?? 0) - 1]
}

function nodeAt(nodes: readonly RedisProcess[], index: number): RedisProcess {
  const node = nodes[index]
  if (node === undefined) throw new Error(`there is no node ${index}`)
  return node
}

async function busPortOf(node: RedisProcess): Promise<number> {
  const [, bus] = (await node.command('CONFIG', 'GET', 'cluster-port')) as [string, string]
  return Number(bus)
}

/** Lines of CLUSTER NODES: id, address@bus, flags, master, …, slots. */
async function known(node: RedisProcess): Promise<string[][]> {
  const text = String(await node.command('CLUSTER', 'NODES'))
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' '))
}

async function ownerOf(nodes: readonly RedisProcess[], key: string): Promise<RedisProcess> {
  for (const node of nodes) {
    const slot = await node.command('CLUSTER', 'KEYSLOT', key).catch(() => undefined)
    if (slot === undefined) continue
    const mine = (await known(node)).find((line) => line[2]?.startsWith('myself,master'))
    const ranges = mine?.slice(8).map((range) => range.split('-').map(Number)) ?? []
    if (ranges.some(([lo = 0, hi = lo]) => lo <= Number(slot) && Number(slot) <= hi)) return node
  }
  throw new Error(`no node has the slot of ${key}`)
}

async function failOver(
  nodes: readonly RedisProcess[],
  master: RedisProcess,
  force: boolean,
): Promise<RedisProcess> {
  const others = nodes.filter((node) => node !== master)
  for (const node of others) {
    const mine = (await known(node).catch(() => [])).find((line) => line[2]?.startsWith('myself,slave'))
    const masterLine = (await known(node).catch(() => [])).find((line) => line[0] === mine?.[3])
    if (!masterLine?.[1]?.startsWith(`127.0.0.1:${master.port}@`)) continue
    let asked = 0
    await until(async () => {
      if (String(await node.command('INFO', 'replication')).includes('role:master')) return true
      // A failover that master and replica agree upon gives up after 5 s where the machine is busy.
      if (asked % ASK_AGAIN_EVERY === 0)
        await node.command('CLUSTER', 'FAILOVER', ...(force ? ['TAKEOVER'] : []))
      asked += 1
      return false
    }, 'takeover')
    return node
  }
  throw new Error(`nobody follows the node on port ${master.port}`)
}

async function settled(nodes: readonly RedisProcess[]): Promise<void> {
  for (const node of nodes)
    await until(async () => {
      const state = String(await node.command('CLUSTER', 'INFO'))
      const role = String(await node.command('INFO', 'replication'))
      const lines = await known(node)
      return (
        state.includes('cluster_state:ok') &&
        (role.includes('role:master')
          ? role.includes('state=online')
          : role.includes('master_link_status:up')) &&
        lines.every((line) => !/fail|handshake/.test(line[2] ?? ''))
      )
    }, `the cluster is well as seen by port ${node.port}`)
}

/** In rounds of `until`: 6 s. */
const ASK_AGAIN_EVERY = 120

/** Asks every 50 ms, for 20 s at most: what a busy machine needs for a failover, several times over. */
async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 400; i += 1) {
    if (await holds().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`waited in vain until: ${what}`)
}
