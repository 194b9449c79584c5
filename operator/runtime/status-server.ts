import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EncryptedServer, encryptedServer } from './encrypted-server.ts'
import type { ServedCertificate } from './served-certificate.ts'
import { StatusPlaces } from './status-places.ts'

export interface StatusSource {
  /** Why this process should be restarted; undefined: it is well. */
  readonly unwell: () => string | undefined
  /** Why it is not ready; undefined: it is. */
  readonly unready: () => string | undefined
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>
}

/** /livez, /readyz and /metrics. Nothing secret, no input: it may be reached by anybody in the cluster. */
export class StatusServer {
  readonly #server: Server
  readonly #encrypted: EncryptedServer | undefined

  /** Without a certificate it speaks no TLS, with one nothing else. */
  constructor(source: StatusSource, certificate?: ServedCertificate) {
    const places = new StatusPlaces(CONNECTIONS_MAX)
    const listener: RequestListener = (request, response) => {
      const { socket } = request
      places.asked(socket)
      response.once('finish', () => places.answered(socket))
      const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
      if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'only GET')
      else if (path === '/livez') probe(response, source.unwell())
      else if (path === '/readyz') probe(response, source.unready())
      else if (path === '/metrics') void scrape(response, source)
      else answer(response, 404, 'there are /livez, /readyz and /metrics')
    }
    this.#encrypted = certificate && encryptedServer(certificate, LIMITS, listener)
    this.#server = this.#encrypted?.server ?? createServer(LIMITS, listener)
    this.#server.on('connection', (socket) => places.take(socket))
  }

  /** Port 0: a free one. Resolves with the port. */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen(port, host)
    await once(this.#server, 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined
    this.#server.close()
    this.#server.closeAllConnections()
    this.#encrypted?.endSilent()
    await closed
  }
}

function probe(response: ServerResponse, trouble: string | undefined): void {
  answer(response, trouble === undefined ? 200 : 503, trouble ?? 'ok')
}

async function scrape(response: ServerResponse, source: StatusSource): Promise<void> {
  try {
    const { contentType, text } = await source.metrics()
    answer(response, 200, text, contentType)
  } catch (thrown) {
    answer(response, 500, thrown instanceof Error ? thrown.message : String(thrown))
  }
}

function answer(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  // Each probe and scrape on a connection of its own: none is kept that asks nothing.
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' })
  response.end(text.endsWith('\n') ? text : `${text}\n`)
}

const LIMITS = {
  // Slow or silent clients must not pile up: a probe is short.
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  // Node looks for late ones every 30 s by itself.
  connectionsCheckingInterval: 1000,
} as const
/** The kubelet and a few Prometheus servers. */
const CONNECTIONS_MAX = 100
