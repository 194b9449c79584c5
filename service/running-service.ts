import { hostname } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { fromListenError } from './adapters/system/listen-error.ts'
import { SystemClock } from './adapters/system/system-clock.ts'
import { SystemRandom } from './adapters/system/system-random.ts'
import type { PinoLog } from './adapters/telemetry/pino-log.ts'
import { PrometheusMetrics } from './adapters/telemetry/prometheus-metrics.ts'
import { advertisedNode } from './advertised-node.ts'
import type { Config } from './config/keys.ts'
import { createGrpcServer, type GrpcServer } from './grpc/server.ts'
import { createProbeServer } from './http/probe-server.ts'
import { createHttpServer } from './http/server.ts'
import { metricSources } from './metric-sources.ts'
import { type OpenStore, openStore } from './open-store.ts'
import { type Service, startUseCases } from './start-use-cases.ts'
import { VERSION } from './version.ts'

export interface RunningService {
  readonly service: Service
  readonly httpPort: number
  readonly grpcPort: number
  readonly metricsPort: number
  /** Resolves with the reason when the process can no longer keep its promise and must stop. */
  readonly failed: Promise<Error>
  /** Drains and stops everything, in the order of docs/architecture.md. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * The whole service in this process. What was started is stopped again, in reverse order, when a later step fails.
 * @throws IDGEN_DATA_FOLDER_IN_USE, IDGEN_STORE_UNAVAILABLE, IDGEN_SCHEMA_MISMATCH, IDGEN_PORT_IN_USE, …
 */
export async function startService(
  config: Config,
  log: PinoLog,
  { dcAssumed = false }: { readonly dcAssumed?: boolean } = {},
): Promise<RunningService> {
  await using starting = new AsyncDisposableStack()
  const instance = instanceName(config)
  const store = await openStore(config, log, instance)
  starting.defer(() => store.close())
  const clock = new SystemClock()
  const claim = store.claim === undefined ? {} : { claim: { ...store.claim, dcAssumed } }
  const outside = { ...store, ...claim, clock, random: new SystemRandom(), log, instance }
  const service = await startUseCases(config, outside)
  starting.defer(() => service.stop())
  const listeners = await listen(config, service, store, starting)
  service.useCases.readiness.started()
  service.useCases.nodes.start(advertisedNode(config, instance, listeners, clock.nowMs()))
  const stack = starting.move()
  let stopping: Promise<void> | undefined
  return {
    service,
    ...listeners,
    failed: store.lost,
    stop: () => (stopping ??= stack.disposeAsync()),
  }
}

interface Ports {
  readonly httpPort: number
  readonly grpcPort: number
  readonly metricsPort: number
}

async function listen(
  config: Config,
  service: Service,
  store: OpenStore,
  starting: AsyncDisposableStack,
): Promise<Ports> {
  const { server } = config
  const { useCases } = service
  const metrics = new PrometheusMetrics(metricSources({ ...service, pool: store.poolStats }))
  const probes = createProbeServer({ readiness: useCases.readiness, metrics: () => metrics.scrape() })
  const metricsPort = await bound('server.metrics.port', server.metrics, (host, port) =>
    probes.listen(host, port),
  )
  starting.defer(() => probes.close())
  const http = await createHttpServer(useCases, { bodyLimit: server.bodyLimit, version: VERSION })
  const grpc = createGrpcServer(useCases, { maxMessageBytes: server.bodyLimit, version: VERSION })
  starting.defer(() => drain(service, http, grpc, server.shutdownTimeout))
  const httpPort = await bound('server.http.port', server.http, (host, port) => listenHttp(http, host, port))
  const grpcPort = await bound('server.grpc.port', server.grpc, (host, port) => grpc.listen(host, port))
  return { httpPort, grpcPort, metricsPort }
}

async function listenHttp(http: FastifyInstance, host: string, port: number): Promise<number> {
  await http.listen({ host, port })
  const address = http.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Listens, and names the configuration key when the address cannot be had. */
async function bound(
  key: string,
  { host, port }: { readonly host: string; readonly port: number },
  listenOn: (host: string, port: number) => Promise<number>,
): Promise<number> {
  try {
    return await listenOn(host, port)
  } catch (error) {
    throw fromListenError(error, key, host, port)
  }
}

/** Not ready and off the list of nodes first, so that no new request is sent here; then what is in flight may finish. */
async function drain(
  service: Service,
  http: FastifyInstance,
  grpc: GrpcServer,
  timeoutMs: number,
): Promise<void> {
  service.useCases.readiness.drain()
  const late = setTimeout(() => http.server.closeAllConnections(), timeoutMs)
  await Promise.all([service.useCases.nodes.stop(), http.close(), grpc.drain(timeoutMs)])
  clearTimeout(late)
}

/** Who holds a worker id or allocated a segment, for people who read the tables. */
export function instanceName(config: Config): string {
  return `${config.server.nodeName || hostname()}/${process.pid}`
}
