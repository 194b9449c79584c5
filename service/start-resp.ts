import { createServer } from 'node:net'
import { LocalIssuer } from './app/local-issuer.ts'
import type { Config } from './config/keys.ts'
import type { CertificateSource } from './ports/certificates.ts'
import type { RespCounters } from './resp/resp-counters.ts'
import { RespServer, type RespServerOptions } from './resp/server.ts'
import { newRespThreads, respThreadCount } from './start-resp-threads.ts'
import type { Service } from './start-use-cases.ts'
import type { ThreadPool } from './threads/thread-pool.ts'
import { VERSION } from './version.ts'

/** The listener for the Redis protocol, in this thread or in several. */
export interface RespListener {
  /** undefined: this thread answers. */
  readonly threads: ThreadPool | undefined
  /** Resolves with the port. @throws Node's error when it cannot be had */
  listen(host: string, port: number): Promise<number>
  /** No new connections; resolves when those that are open have ended, by force after `withinMs`. */
  drain(withinMs: number): Promise<void>
  counters(): Readonly<RespCounters>
}

/** undefined: not wanted. Nothing runs yet. */
export function newResp(
  config: Config,
  service: Service,
  certificates: CertificateSource | undefined,
): RespListener | undefined {
  const { resp, maxConnectionAge: maxConnectionAgeMs } = config.server
  if (!resp.enabled) return undefined
  const options = { limits: resp, version: VERSION, maxConnectionAgeMs }
  return respThreadCount(config) > 1
    ? inThreads(config, service, options)
    : inMainThread(config, service, { ...options, certificates })
}

type Options = Pick<RespServerOptions, 'limits' | 'version' | 'maxConnectionAgeMs'>

function inMainThread(
  { server: { resp, https } }: Config,
  { useCases }: Service,
  { certificates, ...options }: Options & { readonly certificates: CertificateSource | undefined },
): RespListener {
  const { clock, log } = useCases
  const server = new RespServer(new LocalIssuer(useCases), {
    ...options,
    clock,
    onFault: (err) => log.error({ err }, 'a connection of a Redis client ended by a fault of ours'),
    ...(certificates && resp.tls ? { tls: { certificates, minVersion: https.minVersion } } : {}),
  })
  return {
    threads: undefined,
    listen: (host, port) => server.listen({ host, port }),
    drain: (withinMs) => server.drain(withinMs),
    counters: () => server.counters,
  }
}

function inThreads(config: Config, service: Service, options: Options): RespListener {
  const { https, resp } = config.server
  const { cert, key, minVersion } = https
  const tls = cert !== '' && resp.tls ? { cert, key, minVersion } : undefined
  const threads = newRespThreads(config, service, { host: resp.host, options, tls })
  return {
    threads,
    async listen(host, port) {
      if (port !== 0) await refuseTaken(host, port)
      return threads.start(port)
    },
    drain: (withinMs) => threads.drain(withinMs),
    counters: () => threads.counters(),
  }
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
