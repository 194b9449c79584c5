import type { Server } from 'node:http'
import type { Config } from './config/keys.ts'
import type { PassedRequests } from './http/passed-requests.ts'
import { createSecureServer } from './http/secure-server.ts'
import { createHttpServer, type HttpServerOptions } from './http/server.ts'
import type { CertificateSource } from './ports/certificates.ts'
import type { ConnectionPlaces } from './sockets/connection-places.ts'
import { listenAt, portOf } from './sockets/listen-at.ts'
import { listenOn } from './start-threads.ts'
import type { ServiceWithPages } from './start-ui.ts'
import type { ThreadPool } from './threads/thread-pool.ts'
import { VERSION } from './version.ts'

/** The HTTP API's listeners, in this thread or in several. */
export interface HttpListener {
  /** Resolves with the port. @throws Node's error when it cannot be had */
  listen(host: string, port: number): Promise<number>
  /** The same for HTTPS; undefined: not wanted. */
  readonly listenEncrypted: ((host: string, port: number) => Promise<number>) | undefined
  /** No new connections; resolves when those that are open have ended, by force after `withinMs`. */
  drain(withinMs: number): Promise<void>
}

export async function newHttp(
  config: Config,
  { useCases, pages }: ServiceWithPages,
  certificates: CertificateSource | undefined,
  places: ConnectionPlaces,
): Promise<HttpListener> {
  const { https } = config.server
  const secure = certificates && createSecureServer(certificates, https.minVersion)
  const http = await createHttpServer(useCases, {
    ...optionsOf(config),
    places,
    ...(pages && { pages }),
    ...(secure && { secure }),
    ...(secure && https.redirect && { redirectTo: () => publicPort(config, portOf(secure)) }),
  })
  const servers: readonly Server[] = secure === undefined ? [http.server] : [http.server, secure]
  return {
    async listen(host, port) {
      await http.listen({ host, port })
      return portOf(http.server) ?? port
    },
    listenEncrypted: secure && ((host, port) => listenAt(secure, { host, port })),
    async drain(withinMs) {
      const late = setTimeout(() => {
        for (const server of servers) server.closeAllConnections()
      }, withinMs)
      await http.close()
      clearTimeout(late)
    },
  }
}

/** Threads answer; what they pass on, `passed` answers. */
export async function newHttpInThreads(
  config: Config,
  { useCases, pages }: ServiceWithPages,
  threads: ThreadPool,
  passed: PassedRequests,
): Promise<HttpListener> {
  const { cert, redirect } = config.server.https
  let encryptedPort: number | undefined
  const http = await createHttpServer(useCases, {
    ...optionsOf(config),
    passed,
    ...(pages && { pages }),
    ...(cert !== '' && redirect && { redirectTo: () => publicPort(config, encryptedPort) }),
  })
  return {
    listen: (host, port) => listenOn(threads, 'http', host, port),
    listenEncrypted:
      cert === ''
        ? undefined
        : async (host, port) => (encryptedPort = await listenOn(threads, 'https', host, port)),
    async drain(withinMs) {
      // In this order: what they passed on is answered first.
      await threads.drain(withinMs)
      await http.close()
    },
  }
}

function optionsOf({ server }: Config): HttpServerOptions {
  const { bodyLimit, openDocuments, maxConnectionAge: maxConnectionAgeMs, compatibility } = server
  return { bodyLimit, openDocuments, version: VERSION, maxConnectionAgeMs, compatibility }
}

/** Where clients reach HTTPS: a Service may map another port to ours. */
function publicPort({ server: { advertise, https } }: Config, port: number | undefined): number {
  if (!advertise.http.startsWith('https:')) return port ?? https.port
  return Number(new URL(advertise.http).port || 443)
}
