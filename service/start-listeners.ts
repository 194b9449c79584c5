import type { Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { CertificateFiles } from './adapters/system/certificate-files.ts'
import { fromListenError } from './adapters/system/listen-error.ts'
import { PrometheusMetrics } from './adapters/telemetry/prometheus-metrics.ts'
import type { Config } from './config/keys.ts'
import { createGrpcServer, type GrpcServer } from './grpc/server.ts'
import { createProbeServer } from './http/probe-server.ts'
import { createSecureServer } from './http/secure-server.ts'
import { createHttpServer } from './http/server.ts'
import { metricSources } from './metric-sources.ts'
import type { OpenStore } from './open-store.ts'
import { sleep } from './ports/clock.ts'
import { newResp, type RespListener } from './start-resp.ts'
import type { Service } from './start-use-cases.ts'
import { VERSION } from './version.ts'

export interface ListeningPorts {
  readonly httpPort: number
  /** undefined: no HTTPS. */
  readonly httpsPort: number | undefined
  readonly grpcPort: number
  /** undefined: no listener for the Redis protocol. */
  readonly respPort: number | undefined
  readonly metricsPort: number
}

/** The API's listeners, and what each needs to end. */
interface Api {
  readonly http: FastifyInstance
  readonly secure: Server | undefined
  readonly grpc: GrpcServer
  readonly resp: RespListener | undefined
}

/** Everything that callers and probes reach. What it adds to `starting` ends it again. @throws IDGEN_PORT_IN_USE, IDGEN_CONFIG_INVALID */
export async function startListeners(
  config: Config,
  service: Service,
  poolStats: OpenStore['poolStats'],
  starting: AsyncDisposableStack,
): Promise<ListeningPorts> {
  const { server } = config
  const { useCases } = service
  const api = await createApi(config, service, starting)
  const { http, secure, grpc, resp } = api
  const threads = resp?.threads
  if (threads !== undefined) useCases.readiness.watch(() => threads.troubles())
  const measured = { ...service, pool: poolStats, threads, ...(resp && { resp: () => resp.counters() }) }
  const metrics = new PrometheusMetrics(metricSources(measured))
  const scrape = (): ReturnType<typeof metrics.scrape> => {
    threads?.fold()
    return metrics.scrape()
  }
  const probes = createProbeServer({ readiness: useCases.readiness, metrics: scrape })
  const metricsPort = await bound('server.metrics.port', server.metrics, (host, port) =>
    probes.listen(host, port),
  )
  starting.defer(() => probes.close())
  starting.defer(() => drain(config, service, api))
  const httpPort = await bound('server.http.port', server.http, async (host, port) => {
    await http.listen({ host, port })
    return portOf(http.server) ?? port
  })
  const httpsPort =
    secure &&
    (await bound('server.https.port', { host: server.http.host, port: server.https.port }, (host, port) =>
      listening(secure, host, port),
    ))
  const grpcPort = await bound('server.grpc.port', server.grpc, (host, port) => grpc.listen({ host, port }))
  const respPort =
    resp && (await bound('server.resp.port', server.resp, (host, port) => resp.listen(host, port)))
  return { httpPort, httpsPort, grpcPort, respPort, metricsPort }
}

async function createApi(config: Config, service: Service, starting: AsyncDisposableStack): Promise<Api> {
  const { bodyLimit, https, grpc, maxConnectionAge: maxConnectionAgeMs } = config.server
  const { useCases } = service
  const certificates = await openCertificates(config, service, starting)
  const { minVersion } = https
  const secure = certificates && createSecureServer(certificates, minVersion)
  const redirectTo = secure && https.redirect ? () => publicPort(config, secure) : undefined
  const http = await createHttpServer(useCases, {
    bodyLimit,
    version: VERSION,
    maxConnectionAgeMs,
    ...(secure && { secure }),
    ...(redirectTo && { redirectTo }),
  })
  return {
    http,
    secure,
    grpc: createGrpcServer(useCases, {
      maxMessageBytes: bodyLimit,
      maxConnectionAgeMs,
      ...(certificates && grpc.tls ? { tls: { certificates, minVersion } } : {}),
    }),
    resp: newResp(config, service, certificates),
  }
}

async function openCertificates(
  { server: { https } }: Config,
  { useCases: { log } }: Service,
  starting: AsyncDisposableStack,
): Promise<CertificateFiles | undefined> {
  if (https.cert === '') return undefined
  const files = await CertificateFiles.open({ cert: https.cert, key: https.key, log })
  files.start()
  starting.defer(() => files.stop())
  return files
}

/** Where clients reach HTTPS: a Service may map another port to ours. */
function publicPort({ server: { advertise, https } }: Config, secure: Server): number {
  if (!advertise.http.startsWith('https:')) return portOf(secure) ?? https.port
  return Number(new URL(advertise.http).port || 443)
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.removeListener('error', reject)
      resolve(portOf(server) ?? port)
    })
  })
}

function portOf(server: Server): number | undefined {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : undefined
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
async function drain({ server }: Config, service: Service, { http, secure, grpc, resp }: Api): Promise<void> {
  const { readiness, nodes, clock } = service.useCases
  const { drainDelay, shutdownTimeout } = server
  // Nobody sends anything to one that never was ready.
  const delay = readiness.expectsTraffic() ? drainDelay : 0
  readiness.drain()
  await Promise.all([nodes.stop(), sleep(clock, delay)])
  const late = setTimeout(() => {
    for (const listener of [http.server, secure]) listener?.closeAllConnections()
  }, shutdownTimeout)
  await Promise.all([http.close(), grpc.drain(shutdownTimeout), resp?.drain(shutdownTimeout)])
  clearTimeout(late)
}
