import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { UseCases } from './app/use-cases.ts'
import type { Config } from './config/keys.ts'
import type { RespServerOptions } from './resp/server.ts'
import type { Service } from './start-use-cases.ts'
import type { ThreadOrders } from './threads/answering-thread.ts'
import type { StartThread } from './threads/protocol-thread.ts'
import { ThreadPool } from './threads/thread-pool.ts'

/** What a thread is given at its start (resp-thread.ts), as data. */
export interface RespThreadOrders {
  readonly orders: ThreadOrders
  readonly owner: string
  readonly meters: SharedArrayBuffer
  readonly resp: RespOrders
}

export interface RespOrders {
  readonly host: string
  readonly options: Pick<RespServerOptions, 'limits' | 'version' | 'maxConnectionAgeMs'>
  readonly tls:
    | {
        readonly cert: string
        readonly key: string
        readonly minVersion: NonNullable<RespServerOptions['tls']>['minVersion']
      }
    | undefined
}

/** How many threads answer; 1: the main thread alone, which saves the way between threads. */
export function respThreadCount({ server: { threads } }: Config): number {
  if (!PORT_IS_SHARED.has(process.platform)) return 1
  return threads === 0 ? Math.min(THREADS_MAX, availableParallelism()) : threads
}

/** Nothing runs yet. */
export function newRespThreads(config: Config, { useCases, lender }: Service, resp: RespOrders): ThreadPool {
  const count = respThreadCount(config)
  const start = respThreadStarter(config, useCases, withShareOf(count, resp))
  return new ThreadPool({ count, lender, useCases, clock: useCases.clock, start })
}

/** Connections are spread over the threads, so each may have its part of them. */
function withShareOf(count: number, { options, ...resp }: RespOrders): RespOrders {
  const maxConnections = Math.ceil(options.limits.maxConnections / count)
  return { ...resp, options: { ...options, limits: { ...options.limits, maxConnections } } }
}

/** Threads of this process that run resp-thread.ts. */
export function respThreadStarter(config: Config, useCases: UseCases, resp: RespOrders): StartThread {
  const { generate } = config.server
  const orders: ThreadOrders = {
    limits: useCases.limits,
    rates: useCases.rates.settings,
    rateTables: useCases.rates.tables,
    deadlineMs: generate.deadline,
    maxWaiting: generate.maxWaiting,
    maxTags: config.catalog.maxTags,
    maxKeys: config.auth.cache.maxEntries,
    everybody: useCases.authenticator.peek(undefined),
  }
  return ({ onMessage, onExit }, meters) => {
    // A nonce: shares of a thread that ended are not those of the one in its place.
    const workerData: RespThreadOrders = { orders, resp, owner: `${process.pid}/${randomUUID()}`, meters }
    const worker = new Worker(PROGRAM, { workerData, name: 'resp', resourceLimits: MEMORY })
    let fault: Error | undefined
    worker.on('message', onMessage)
    worker.once('error', (error: Error) => (fault = error))
    worker.once('exit', (code) => {
      onExit(fault ?? (code === 0 ? undefined : new Error(`It ended with exit code ${code}.`)))
    })
    return {
      post: (message, transfer) => worker.postMessage(message, [...transfer]),
      terminate: () => worker.terminate(),
    }
  }
}

/** The sources run as they are, an image has what was emitted of them. */
const PROGRAM = new URL(`./resp-thread${extname(import.meta.filename)}`, import.meta.url)
/** A thread that leaks ends alone. 100,000 tags and 10,000 connections take a third of it. */
const MEMORY = { maxOldGenerationSizeMb: 512 }
/** Where Node can have several threads listen on one port; elsewhere (macOS, Windows) one answers. */
const PORT_IS_SHARED: ReadonlySet<string> = new Set(['linux', 'freebsd'])
/** As server.threads allows. */
const THREADS_MAX = 64
