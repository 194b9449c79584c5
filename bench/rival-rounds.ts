import { LatencyHistogram } from '../service/load/latency-histogram.ts'
import type { Row, Table } from './bench-result.ts'
import { spreadOf } from './interleaved-rounds.ts'
import { median } from './median.ts'
import { treeMicros } from './process-tree.ts'
import { CONNECTIONS, type NumberServer, startNumberServers } from './rival-servers.ts'

interface RoundCost {
  readonly micros: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

export interface NetworkFindings {
  readonly conditions: readonly string[]
  readonly rows: readonly Row[]
  readonly table: Table
  readonly notes: readonly string[]
}

/** One number a request from servers over loopback, each asked by its usual Node client, in turns. */
export async function networkRows(short: boolean): Promise<NetworkFindings> {
  const { servers, leftOut } = await startNumberServers()
  const roundMs = short ? 500 : 3000
  const rounds = short ? 1 : 5
  const costs: RoundCost[][] = servers.map(() => [])
  try {
    for (let round = -1; round < rounds; round += 1)
      for (const [i, server] of servers.entries()) {
        const cost = await oneRound(server, roundMs)
        if (round >= 0) costs[i]?.push(cost)
      }
  } finally {
    for (const server of servers) await server.end()
  }
  const middle = (i: number, of: (cost: RoundCost) => number): number => median((costs[i] ?? []).map(of))
  return {
    conditions: [
      `Servers: one ID a request, ${CONNECTIONS} connections over loopback, no pipelining, one request under way on each; the client (ioredis, pg, etcd3, fetch) runs on the same processors. Processor time is that of the server with all its processes.`,
    ],
    rows: servers.map(({ name }, i) => ({
      what: `${name}, processor time of the server`,
      value: middle(i, ({ micros }) => micros),
      unit: 'µs',
      spread: spreadOf((costs[i] ?? []).map(({ micros }) => micros)),
    })),
    table: {
      title: 'Over the network, one ID a request',
      columns: ['what', 'IDs/s', 'p50, ms', 'p99, ms', 'server, µs an ID', 'it is unique'],
      rows: servers.map(({ name, promise }, i) => [
        name,
        Math.round(middle(i, ({ perSecond }) => perSecond)),
        middle(i, ({ p50 }) => p50),
        middle(i, ({ p99 }) => p99),
        middle(i, ({ micros }) => micros),
        promise,
      ]),
    },
    notes: leftOut.map((text) => `Left out: ${text}.`),
  }
}

async function oneRound({ pid, next }: NumberServer, ms: number): Promise<RoundCost> {
  const latency = new LatencyHistogram()
  const before = await treeMicros(pid)
  const begin = performance.now()
  const caller = async (_: unknown, i: number): Promise<void> => {
    for (let now = performance.now(); now - begin < ms; ) {
      await next(i)
      const answered = performance.now()
      latency.record(answered - now)
      now = answered
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, caller))
  const took = performance.now() - begin
  return {
    micros: ((await treeMicros(pid)) - before) / latency.count,
    perSecond: (latency.count / took) * 1000,
    p50: latency.quantileMs(0.5),
    p99: latency.quantileMs(0.99),
  }
}
