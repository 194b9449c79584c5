import { availableParallelism } from 'node:os'
import { type GrowthFindings, growthCurve } from './growth-findings.ts'
import { loadProcess } from './growth-load.ts'
import type { ServingIdgen } from './serving-idgen.ts'
import { serveIdgen } from './serving-idgen.ts'
import { residentMb } from './thread-times.ts'

/** One rate over ever more connections, each with one request under way at most. */
interface ConnectionStep {
  readonly connections: number
  readonly residentMb: number
  readonly micros: number
  readonly p99Ms: number
}

/** Over gRPC a connection is one of HTTP/2, and its calls are unary. */
const PROTOCOLS = ['resp', 'http', 'grpc'] as const

export async function growConnections(short: boolean): Promise<GrowthFindings> {
  // The short form too goes beyond what the defaults allow, or it would not notice a limit that the long one runs into.
  const sizes = short ? [1, 1200] : [1, 10, 100, 1000, 2500, 5000]
  const found = new Map<string, ConnectionStep[]>()
  for (const protocol of PROTOCOLS) found.set(protocol, await ofProtocol(protocol, sizes, short))
  return connectionFindings(found, sizes)
}

function connectionFindings(
  found: ReadonlyMap<string, readonly ConnectionStep[]>,
  sizes: readonly number[],
): GrowthFindings {
  const steps = [...found].flatMap(([protocol, all]) => all.map((one) => ({ protocol, ...one })))
  return {
    conditions: [
      `Connections: ${RATE} IDs/s in all (open loop), one ID a request, one thread; processor time holds the opening of the connections, shared by the IDs of half a minute; the client holds the same number of sockets on the same ${availableParallelism()} processors.`,
    ],
    rows: PROTOCOLS.map((protocol) => ({
      what: `memory for a connection, ${protocol}`,
      value: kbEach(found.get(protocol) ?? []),
      unit: 'kB',
    })),
    tables: [
      {
        title: 'Connections',
        columns: ['protocol', 'connections', 'resident, MB', 'µs an ID', 'p99, ms'],
        rows: steps.map((one) => [one.protocol, one.connections, one.residentMb, one.micros, one.p99Ms]),
      },
    ],
    curves: (['residentMb', 'micros', 'p99Ms'] as const).map((figure) =>
      growthCurve(
        `${{ residentMb: 'Memory', micros: 'Processor time', p99Ms: 'Latency' }[figure]} by connections`,
        { x: 'connections', y: { residentMb: 'MB', micros: 'µs an ID', p99Ms: 'ms, p99' }[figure] },
        sizes.map((_, i) => i),
        Object.fromEntries(
          PROTOCOLS.map((protocol) => {
            const own = found.get(protocol) ?? []
            return [
              protocol,
              (i: number) => [own[i]?.connections ?? 0, own[i]?.[figure] ?? Number.NaN] as const,
            ]
          }),
        ),
      ),
    ),
  }
}

/** A process of its own, because memory that was once used hardly comes back. */
async function ofProtocol(
  protocol: (typeof PROTOCOLS)[number],
  sizes: readonly number[],
  short: boolean,
): Promise<ConnectionStep[]> {
  const idgen = await serveIdgen({
    tags: 1,
    environment: {
      IDGEN_SERVER_THREADS: '1',
      IDGEN_SERVER_RESP_MAX_CONNECTIONS: '10000',
      IDGEN_SERVER_HTTP_MAX_CONNECTIONS: '10000',
      IDGEN_SERVER_GRPC_MAX_CONNECTIONS: '10000',
      // All come from one address.
      IDGEN_SERVER_MAX_CONNECTIONS_PER_ADDRESS: '0',
    },
  })
  const steps: ConnectionStep[] = []
  try {
    await measure(idgen, protocol, 1, short)
    for (const connections of sizes) steps.push(await measure(idgen, protocol, connections, short))
  } finally {
    await idgen.end()
  }
  return steps
}

async function measure(
  { service, key, tags }: ServingIdgen,
  protocol: (typeof PROTOCOLS)[number],
  connections: number,
  short: boolean,
): Promise<ConnectionStep> {
  let most = 0
  // While the connections stand: afterwards their memory may be gone.
  const looking = setInterval(() => {
    void residentMb(service.pid).then((mb) => (most = Math.max(most, mb)))
  }, LOOK_MS)
  try {
    const { report, micros } = await loadProcess(service.pid, {
      protocol,
      port: portOf(service, protocol),
      key,
      tags: tags.slice(0, 1),
      connections,
      // A single connection has to carry the whole rate.
      pipeline: Math.max(1, Math.ceil(64 / connections)),
      durationMs: short ? 1000 : 30_000,
      rate: RATE,
    })
    return { connections, residentMb: most, micros, p99Ms: report.latency.p99 }
  } finally {
    clearInterval(looking)
  }
}

function portOf(
  { httpOrigin, grpcAddress, respPort = 0 }: ServingIdgen['service'],
  protocol: (typeof PROTOCOLS)[number],
): number {
  const ports = {
    resp: respPort,
    http: Number(new URL(httpOrigin).port),
    grpc: Number(grpcAddress.split(':')[1]),
  }
  return ports[protocol]
}

function kbEach(steps: readonly ConnectionStep[]): number {
  const [first, last] = [steps[0], steps.at(-1)]
  if (first === undefined || last === undefined) return Number.NaN
  return ((last.residentMb - first.residentMb) * 1000) / (last.connections - first.connections)
}

/** What one thread answers over HTTP without a queue, on a processor that it shares. */
const RATE = 2000
const LOOK_MS = 100
