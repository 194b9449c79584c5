import { CertificateFiles } from './adapters/system/certificate-files.ts'
import { MAIN_LOOP } from './adapters/system/event-loop.ts'
import { fromListenError } from './adapters/system/listen-error.ts'
import { PrometheusMetrics } from './adapters/telemetry/prometheus-metrics.ts'
import { TurnWatch } from './app/turn-watch.ts'
import type { Config } from './config/keys.ts'
import { connectionLimits, connectionPlaces } from './connection-limits.ts'
import { tracedDurations } from './duration-metrics.ts'
import { PassedRequests } from './http/passed-requests.ts'
import { ProbePlaces } from './http/probe-places.ts'
import { createProbeServer } from './http/probe-server.ts'
import { metricSources } from './metric-sources.ts'
import type { OpenStore } from './open-store.ts'
import type { OpenTracing } from './open-tracing.ts'
import { sleep } from './ports/clock.ts'
import { ConnectionTable } from './sockets/connection-table.ts'
import { type GrpcListener, newGrpc, newGrpcInThreads, passedToGrpc } from './start-grpc.ts'
import { type HttpListener, newHttp, newHttpInThreads } from './start-http.ts'
import { newResp, newRespInThreads, passedToResp, type RespListener } from './start-resp.ts'
import { newThreads, threadCount } from './start-threads.ts'
import { newUi, type ServiceWithPages, type UiOptions } from './start-ui.ts'
import type { Service } from './start-use-cases.ts'
import { watchStatus } from './status-findings.ts'
import type { ThreadPool } from './threads/thread-pool.ts'
import type { Endpoints } from './ui/tag-snippets.ts'

export interface ListeningPorts {
  readonly httpPort: number
  /** undefined: no HTTPS. */
  readonly httpsPort: number | undefined
  readonly grpcPort: number
  /** undefined: no listener for the Redis protocol. */
  readonly respPort: number | undefined
  readonly metricsPort: number
}

/** The API's listeners. */
interface Api {
  /** undefined: this thread answers. */
  readonly threads: ThreadPool | undefined
  readonly http: HttpListener
  readonly grpc: GrpcListener
  /** undefined: not wanted. */
  readonly resp: RespListener | undefined
}

/** Everything that callers and probes reach. What it adds to `starting` ends it again. @throws IDGEN_PORT_IN_USE, IDGEN_CONFIG_INVALID */
export async function startListeners(
  config: Config,
  service: Service & {
    readonly tracing: OpenTracing | undefined
  } & Omit<UiOptions, 'fold' | 'endpoints' | 'grafanaUrl'>,
  poolStats: OpenStore['poolStats'],
  starting: AsyncDisposableStack,
): Promise<ListeningPorts> {
  const { server } = config
  const { useCases } = service
  const certificates = await openCertificates(config, service, starting)
  const connections = newConnectionTable(config)
  let fold = (): void => {}
  let endpoints = endpointsOf(config)
  const pages = newUi(service, {
    ...service,
    endpoints: () => endpoints,
    grafanaUrl: server.ui.grafanaUrl,
    fold: () => fold(),
  })
  const api = await createApi(config, { ...service, pages }, connections, certificates)
  const { http, grpc, resp, threads } = api
  fold = () => threads?.fold()
  if (threads !== undefined) useCases.readiness.watch(() => threads.troubles())
  const turns = newTurnWatch(service, threads)
  turns.start()
  starting.defer(() => turns.stop())
  const measured = {
    ...service,
    turns,
    layout: useCases.layout,
    tagCursors: useCases.tagCursors,
    certificate: certificates,
    pool: poolStats,
    threads,
    connections,
    probes: new ProbePlaces(),
    tagsTimed: server.metrics.tagDurations,
    ...(resp && { resp: () => resp.counters() }),
  }
  watchStatus(useCases.status, config, service, measured)
  const metrics = new PrometheusMetrics(metricSources(measured), tracedDurations(service.tracing))
  const scrape = (open: boolean): ReturnType<typeof metrics.scrape> => {
    fold()
    return metrics.scrape(open)
  }
  const probes = createProbeServer({
    places: measured.probes,
    readiness: useCases.readiness,
    status: useCases.status,
    metrics: scrape,
    ...(certificates && server.metrics.tls && { tls: { certificates, minVersion: server.https.minVersion } }),
  })
  const metricsPort = await bound('server.metrics.port', server.metrics, (host, port) =>
    probes.listen(host, port),
  )
  starting.defer(() => probes.close())
  starting.defer(() => drain(config, service, api))
  const httpPort = await bound('server.http.port', server.http, (host, port) => http.listen(host, port))
  const { listenEncrypted } = http
  const httpsAt = { host: server.http.host, port: server.https.port }
  const httpsPort = listenEncrypted && (await bound('server.https.port', httpsAt, listenEncrypted))
  const grpcPort = await bound('server.grpc.port', server.grpc, (host, port) => grpc.listen(host, port))
  const respPort =
    resp && (await bound('server.resp.port', server.resp, (host, port) => resp.listen(host, port)))
  const ports = { httpPort, httpsPort, grpcPort, respPort, metricsPort }
  endpoints = endpointsOf(config, ports)
  useCases.status.listensOn(portsByName(ports))
  return ports
}

/** With a row for each protocol thread; one thread is the main thread, which answers alone. */
function newConnectionTable(config: Config): ConnectionTable {
  const count = threadCount(config)
  return new ConnectionTable(count === 1 ? 0 : count)
}

function portsByName({ httpPort, httpsPort, grpcPort, respPort, metricsPort }: ListeningPorts): {
  readonly [name: string]: number
} {
  return {
    http: httpPort,
    ...(httpsPort && { https: httpsPort }),
    grpc: grpcPort,
    ...(respPort && { resp: respPort }),
    metrics: metricsPort,
  }
}

/** Of the main thread. Where threads answer, what was answered is theirs to tell, and what it lends them is its work. */
function newTurnWatch(
  { useCases: { clock, protocols }, lender }: Service,
  threads: ThreadPool | undefined,
): TurnWatch {
  return new TurnWatch({
    clock,
    loop: MAIN_LOOP,
    ...(threads === undefined ? { protocols } : { asked: () => lender.shares + threads.passed }),
  })
}

/** As bound; as configured for a page that is asked for between the first port and the last. */
function endpointsOf(
  { server: { grpc, resp } }: Config,
  { grpcPort, respPort }: Partial<ListeningPorts> = {},
): Endpoints {
  return {
    grpcPort: grpcPort ?? grpc.port,
    grpcTls: grpc.tls,
    respPort: resp.enabled ? (respPort ?? resp.port) : undefined,
    respTls: resp.tls,
  }
}

async function createApi(
  config: Config,
  service: ServiceWithPages,
  connections: ConnectionTable,
  certificates: CertificateFiles | undefined,
): Promise<Api> {
  const { resp } = config.server
  const passed = new PassedRequests()
  const passedOn = {
    http: (question: unknown) => passed.answer(question),
    probe: (question: unknown) => passed.answer(question),
    ...passedToGrpc(service),
    ...passedToResp(service),
  }
  const threads = newThreads(config, service, passedOn, connections)
  if (threads === undefined) {
    const places = connectionPlaces(connectionLimits(config), connections, 0, service.useCases.addresses)
    return {
      threads,
      http: await newHttp(config, service, certificates, places.http),
      grpc: newGrpc(config, service, certificates, places.grpc),
      resp: resp.enabled ? newResp(config, service, certificates, places.resp) : undefined,
    }
  }
  return {
    threads,
    http: await newHttpInThreads(config, service, threads, passed),
    grpc: newGrpcInThreads(threads),
    resp: resp.enabled ? newRespInThreads(threads) : undefined,
  }
}

async function openCertificates(
  { server: { https } }: Config,
  { useCases: { log } }: Service,
  starting: AsyncDisposableStack,
): Promise<CertificateFiles | undefined> {
  if (https.cert === '') return undefined
  const files = await CertificateFiles.open({ ...https, log })
  files.start()
  starting.defer(() => files.stop())
  return files
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

/**
 * Not ready and off the list of nodes first, so that no new request is sent here, and time for that to be known; then
 * what is in flight may finish.
 */
async function drain(
  { server }: Config,
  service: Service,
  { http, grpc, resp, threads }: Api,
): Promise<void> {
  const { readiness, nodes, clock } = service.useCases
  const { drainDelay, shutdownTimeout } = server
  // Nobody sends anything to one that never was ready.
  const delay = readiness.expectsTraffic() ? drainDelay : 0
  readiness.drain()
  threads?.leave()
  await Promise.all([nodes.stop(), sleep(clock, delay)])
  await Promise.all([http.drain(shutdownTimeout), grpc.drain(shutdownTimeout), resp?.drain(shutdownTimeout)])
}
