import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { UseCases } from './app/use-cases.ts'
import type { Config } from './config/keys.ts'
import { type ConnectionLimits, connectionLimits } from './connection-limits.ts'
import type { TlsVersion } from './ports/certificates.ts'
import type { RespServerOptions } from './resp/server.ts'
import type { ConnectionTable } from './sockets/connection-table.ts'
import type { Service } from './start-use-cases.ts'
import type { ThreadOrders } from './threads/answering-thread.ts'
import type { ProtocolThreadOptions, StartThread } from './threads/protocol-thread.ts'
import { detailNow, ThreadPool } from './threads/thread-pool.ts'
import { VERSION } from './version.ts'

/** What a thread is given at its start (thread-program.ts), as data. */
export interface ThreadProgramOrders {
  readonly orders: ThreadOrders
  readonly owner: string
  readonly meters: SharedArrayBuffer
  readonly work: ThreadWork
  /** Others answer by now. */
  readonly replaces: boolean
  /** undefined: no call is traced. */
  readonly tracing: { readonly slowMs: number } | undefined
  /** Where it counts its connections. */
  readonly connections: ThreadConnections
}

export interface ThreadConnections {
  readonly limits: ConnectionLimits
  readonly memory: SharedArrayBuffer
  readonly row: number
}

/** The protocols that threads answer, and how. */
export interface ThreadWork {
  readonly http: HttpWork
  readonly grpc: GrpcWork
  readonly resp: RespWork | undefined
  /** undefined: nothing is encrypted. */
  readonly tls: ThreadCertificates | undefined
}

export interface ThreadCertificates {
  readonly cert: string
  readonly key: string
  readonly clientCa: string
  readonly minVersion: TlsVersion
}

export interface HttpWork {
  readonly host: string
  readonly bodyLimit: number
  readonly maxConnectionAgeMs: number
  readonly encryptedOnly: boolean
}

export interface GrpcWork {
  readonly host: string
  readonly maxMessageBytes: number
  readonly maxConnectionAgeMs: number
  readonly openReflection: boolean
  readonly encrypted: boolean
}

export interface RespWork {
  readonly host: string
  readonly options: Pick<RespServerOptions, 'limits' | 'version' | 'maxConnectionAgeMs'>
  readonly encrypted: boolean
}

/** How many threads answer; 1: the main thread alone, which saves the way between threads. */
export function threadCount({ server: { threads, resp } }: Config): number {
  if (!PORT_IS_SHARED.has(process.platform)) return 1
  // Each costs 21 MB from the start, which is for who asks for speed: HTTP alone is served by one core for most.
  if (threads === 0 && !resp.enabled) return 1
  return threads === 0 ? Math.min(THREADS_MAX, availableParallelism()) : threads
}

/** Nothing runs yet. undefined: the main thread answers. */
export function newThreads(
  config: Config,
  { useCases, lender }: Service,
  passedOn: ProtocolThreadOptions['passedOn'],
  connections: ConnectionTable,
): ThreadPool | undefined {
  const count = threadCount(config)
  if (count === 1) return undefined
  const start = threadStarter(config, useCases, workOf(config), connections)
  return new ThreadPool({ count, lender, useCases, clock: useCases.clock, start, passedOn })
}

/** What threads do by this configuration. */
export function workOf({ server }: Config): ThreadWork {
  const { http, https, grpc, resp, bodyLimit, maxConnectionAge: maxConnectionAgeMs } = server
  const { cert, key, clientCa, minVersion, redirect } = https
  const isEncrypted = cert !== ''
  return {
    http: { host: http.host, bodyLimit, maxConnectionAgeMs, encryptedOnly: isEncrypted && redirect },
    grpc: {
      host: grpc.host,
      maxMessageBytes: bodyLimit,
      maxConnectionAgeMs,
      openReflection: server.openDocuments,
      encrypted: isEncrypted && grpc.tls,
    },
    resp: resp.enabled
      ? {
          host: resp.host,
          options: { limits: resp, version: VERSION, maxConnectionAgeMs },
          encrypted: isEncrypted && resp.tls,
        }
      : undefined,
    tls: isEncrypted ? { cert, key, clientCa, minVersion } : undefined,
  }
}

/** Threads of this process that run thread-program.ts. */
export function threadStarter(
  config: Config,
  useCases: UseCases,
  work: ThreadWork,
  table: ConnectionTable,
): StartThread {
  const limits = connectionLimits(config)
  const { generate } = config.server
  const orders: ThreadOrders = {
    limits: useCases.limits,
    rates: useCases.rates.settings,
    rateTables: useCases.rates.share(),
    deadlineMs: generate.deadline,
    maxWaiting: generate.maxWaiting,
    maxTags: config.catalog.maxTags,
    maxKeys: config.auth.cache.maxEntries,
    everybody: useCases.authenticator.peek(undefined),
    proxies: useCases.addresses.settings,
    detail: detailNow(useCases),
  }
  const tracing = useCases.tracer.enabled ? { slowMs: config.tracing.slow } : undefined
  const atStart = threadCount(config)
  let started = 0
  return ({ onMessage, onExit }, meters) => {
    const row = table.take()
    if (row === undefined) throw new Error('there are more threads than rows for their connections')
    const connections = { limits, memory: table.memory, row }
    // A nonce: shares of a thread that ended are not those of the one in its place.
    const owner = `${process.pid}/${randomUUID()}`
    const replaces = started >= atStart
    started += 1
    const workerData: ThreadProgramOrders = { orders, work, replaces, owner, meters, tracing, connections }
    const worker = newWorker(workerData, () => table.give(row))
    let fault: Error | undefined
    worker.on('message', onMessage)
    worker.once('error', (error: Error) => (fault = error))
    worker.once('exit', (code) => {
      table.give(row)
      onExit(fault ?? (code === 0 ? undefined : new Error(`It ended with exit code ${code}.`)))
    })
    return {
      post: (message, transfer) => worker.postMessage(message, [...transfer]),
      terminate: () => worker.terminate(),
    }
  }
}

/** `givesBack`: what the thread was given, where the system has none to give and so no end of it will be told. */
function newWorker(workerData: ThreadProgramOrders, givesBack: () => void): Worker {
  try {
    return new Worker(PROGRAM, { workerData, name: 'protocol', resourceLimits: MEMORY })
  } catch (thrown) {
    givesBack()
    throw thrown
  }
}

/** Has the threads answer `name` on a port that nobody else has. */
export async function listenOn(
  threads: ThreadPool,
  name: string,
  host: string,
  port: number,
): Promise<number> {
  if (port !== 0) await refuseTaken(host, port)
  return threads.listen(name, port)
}

/**
 * A port that is shared is shared with whoever else does so: a second idgen on it would get half of the connections
 * instead of an error.
 */
function refuseTaken(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port }, () => server.close(() => resolve()))
  })
}

/** The sources run as they are, an image has what was emitted of them. */
const PROGRAM = new URL(`./thread-program${extname(import.meta.filename)}`, import.meta.url)
/** A thread that leaks ends alone. 100,000 tags and 10,000 connections take a third of it. */
const MEMORY = { maxOldGenerationSizeMb: 512 }
/** Where Node can have several threads listen on one port; elsewhere (macOS, Windows) one answers. */
const PORT_IS_SHARED: ReadonlySet<string> = new Set(['linux', 'freebsd'])
/** As server.threads allows. */
const THREADS_MAX = 64
