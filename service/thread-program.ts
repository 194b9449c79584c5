import type { Server } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'
import { CertificateFiles } from './adapters/system/certificate-files.ts'
import { THREAD_LOOP } from './adapters/system/event-loop.ts'
import { HeapWatch } from './adapters/system/heap-watch.ts'
import { SystemClock } from './adapters/system/system-clock.ts'
import { SystemRandom } from './adapters/system/system-random.ts'
import { RecordingTracer } from './adapters/telemetry/recording-tracer.ts'
import type { NodeList } from './app/node-list.ts'
import { connectionPlaces } from './connection-limits.ts'
import type { Sampling } from './core/span-sampling.ts'
import { createIdGrpcServer } from './grpc/id-server.ts'
import type { GrpcServer, GrpcServerOptions } from './grpc/serve-methods.ts'
import { createIdServer } from './http/id-server.ts'
import { isProbe } from './http/probe-paths.ts'
import { createSecureServer } from './http/secure-server.ts'
import { giveBackStartMemory } from './memory-after-start.ts'
import { RespServer } from './resp/server.ts'
import { ConnectionTable } from './sockets/connection-table.ts'
import { listenAt } from './sockets/listen-at.ts'
import type { RespWork, ThreadProgramOrders } from './start-threads.ts'
import {
  AnsweringThread,
  type AnsweringThreadOptions,
  type ThreadListener,
  type ThreadParts,
} from './threads/answering-thread.ts'

/** What a protocol thread runs: its listeners, which know of the world what the main thread tells. */
const main = parentPort
if (main === null) throw new Error('thread-program.ts is started by start-threads.ts, as a thread')
// As in main.ts: a report has a part of each thread, with the environment as that thread has it.
process.report.excludeEnv = true
const orders = workerData as ThreadProgramOrders
const clock = new SystemClock()
/** Often enough that the main thread, which looks once a second, hears of every thread that is not stuck. */
const BEAT_EVERY_MS = 500

const thread = new AnsweringThread({
  ...orders,
  clock,
  post: (message) => {
    main.postMessage(message)
    // Nothing is issued any more, so nobody needs this thread; the process goes on.
    if (message.kind === 'stopped') process.exit(0)
  },
  newListeners,
  ...(orders.tracing && { newTracer: tracerOf(orders.tracing, orders.orders.detail.sampling) }),
})
main.on('message', (message: unknown) => thread.receive(message))
const heap = new HeapWatch()
setInterval(() => thread.beat(heap.use), BEAT_EVERY_MS).unref()
thread.watchTurns(THREAD_LOOP)

/** One for each name by which start-http.ts and start-resp.ts have threads listen. */
function newListeners(all: ThreadParts): Record<string, ThreadListener> {
  const certificates = onDemand(() => openCertificates(all))
  const { resp } = orders.work
  const { limits, memory, row } = orders.connections
  const places = connectionPlaces(limits, new ConnectionTable(memory), row, all.addresses)
  const parts = { ...all, places }
  return {
    ...httpListeners(parts, certificates),
    grpc: grpcListener(parts, certificates),
    ...(resp && { resp: respListener(parts, resp, certificates) }),
  }
}

interface ListenerParts extends ThreadParts {
  readonly places: ReturnType<typeof connectionPlaces>
}

/** Both ways to the same API: they are made, and end, together. */
function httpListeners(parts: ListenerParts, certificates: Certificates): Record<string, ThreadListener> {
  const { host, ...http } = orders.work.http
  const made = onDemand(async () => {
    const files = await certificates()
    const secure = files && createSecureServer(files, orders.work.tls?.minVersion ?? 'TLSv1.3')
    const { passOn, places, ...known } = parts
    const app = await createIdServer({
      ...known,
      ...http,
      issuer: known.issuerOf('http'),
      clock,
      secure,
      places: places.http,
      // Places of their own: management that hangs must not make a pod look dead.
      passOn: (request, client) => passOn(isProbe(request) ? 'probe' : 'http', request, client),
    })
    // Here, because HTTP is what a thread is told first, and nobody can ask it anything yet.
    giveBackStartMemory(orders.replaces)
    return { app, secure }
  })
  const closed = onDemand(async () => (await made()).app.close())
  const listener = (
    serverOf: (all: Awaited<ReturnType<typeof made>>) => Server | undefined,
  ): ThreadListener => ({
    listen: async (port) => {
      const server = serverOf(await made())
      if (server === undefined) throw new Error('a thread without certificates was told to listen for HTTPS')
      return listenAt(server, { host, port, reusePort: true })
    },
    drain: async (withinMs) => {
      const all = await made()
      const late = setTimeout(() => serverOf(all)?.closeAllConnections(), withinMs)
      await closed()
      clearTimeout(late)
    },
  })
  return { http: listener(({ app }) => app.server), https: listener(({ secure }) => secure) }
}

function grpcListener(
  { passOn, places, ...parts }: ListenerParts,
  certificates: Certificates,
): ThreadListener {
  const { host, encrypted, ...limits } = orders.work.grpc
  let server: GrpcServer | undefined
  return {
    async listen(port) {
      const files = encrypted ? await certificates() : undefined
      server = createIdGrpcServer({
        ...parts,
        issuer: parts.issuerOf('grpc'),
        clock,
        passOn: (call, client) => passOn('grpc', call, client),
        isReady: async () => !parts.isLeaving() && (await passOn('ready', undefined)) === true,
        options: { ...limits, places: places.grpc, ...(files && { tls: encryption(files) }) },
      })
      return server.listen({ host, port, reusePort: true })
    },
    drain: async (withinMs) => server?.drain(withinMs),
  }
}

function respListener(
  { issuerOf, counters, log, tracer, places, passOn }: ListenerParts,
  { host, options, encrypted }: RespWork,
  certificates: Certificates,
): ThreadListener {
  let server: RespServer | undefined
  return {
    async listen(port) {
      const files = encrypted ? await certificates() : undefined
      server = new RespServer(issuerOf('resp'), {
        ...options,
        clock,
        counters,
        tracer,
        // The main thread is this program too: it answers what it was asked.
        listNodes: async (clientDc, client) => (await passOn('resp', clientDc, client)) as NodeList,
        places: places.resp,
        onFault: (error) =>
          log.error({ err: error }, 'a connection of a Redis client ended by a fault of ours'),
        ...(files && { tls: encryption(files) }),
      })
      return server.listen({ host, port, reusePort: true })
    },
    drain: async (withinMs) => server?.drain(withinMs),
  }
}

/** Its spans are exported by the main thread. */
function tracerOf(
  { slowMs }: { readonly slowMs: number },
  sampling: Sampling,
): NonNullable<AnsweringThreadOptions['newTracer']> {
  return (onEnd) => new RecordingTracer({ sampling, slowMs, clock, random: new SystemRandom(), onEnd })
}

function encryption(certificates: CertificateFiles): NonNullable<GrpcServerOptions['tls']> {
  return { certificates, minVersion: orders.work.tls?.minVersion ?? 'TLSv1.2' }
}

type Certificates = () => Promise<CertificateFiles | undefined>

/** Each thread follows the files by itself: they change once in weeks. */
async function openCertificates({ log }: ThreadParts): Promise<CertificateFiles | undefined> {
  const { tls } = orders.work
  if (tls === undefined) return undefined
  const files = await CertificateFiles.open({ ...tls, log })
  files.start()
  return files
}

/** Made when it is asked for, and once. */
function onDemand<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
