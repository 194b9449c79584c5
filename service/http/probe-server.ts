import { once } from 'node:events'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { InstanceStatus, StatusReport } from '../app/instance-status.ts'
import type { Readiness } from '../app/readiness.ts'
import type { CertificateSource, TlsVersion } from '../ports/certificates.ts'
import { followCertificates, listenerCertificates } from '../sockets/shown-certificates.ts'
import { NODE_HTTP } from './node-http.ts'
import type { ProbePlaces } from './probe-places.ts'
import { STATUS_POLICY, statusPage, wantsPage } from './status-page.ts'

export interface ProbeServerOptions {
  readonly readiness: Pick<Readiness, 'report'>
  readonly status: Pick<InstanceStatus, 'read'>
  /** `open`: as OpenMetrics, where that says more. */
  readonly metrics: (open: boolean) => Promise<{ readonly contentType: string; readonly text: string }>
  /** Left out: it speaks no TLS. */
  readonly tls?: { readonly certificates: CertificateSource; readonly minVersion: TlsVersion }
  readonly places: ProbePlaces
  /** How long the close waits for answers to be read; left out: CLOSE_MS. */
  readonly closeMs?: number
}

export interface ProbeServer {
  /** @returns the port, for a `port` of 0. Rejects with Node's own error when the address cannot be had. */
  listen(host: string, port: number): Promise<number>
  /** Answers what is in flight, then ends; who does not send or read on is cut off. */
  close(): Promise<void>
}

/**
 * /metrics, /livez, /readyz and /status on a port of their own, not listening yet. Bare node:http: it must answer while
 * the API is overloaded, and it is not for the public.
 */
export function createProbeServer(options: ProbeServerOptions): ProbeServer {
  const { places } = options
  const server = newServer(options.tls, places, (request, response) => {
    places.asked(request.socket)
    answer(options, request, response)
      .catch(() => {
        if (!response.headersSent) send(response, 500, 'text/plain', 'metrics could not be read\n')
        else response.destroy()
      })
      .finally(() => places.answered(request.socket))
  })
  server.on('connection', (socket) => places.take(socket))
  return {
    async listen(host, port) {
      server.listen(port, host)
      await once(server, 'listening')
      const address = server.address()
      return typeof address === 'object' && address !== null ? address.port : port
    },
    close: () =>
      new Promise((resolve) => {
        const late = setTimeout(() => server.closeAllConnections(), options.closeMs ?? CLOSE_MS)
        server.close(() => {
          clearTimeout(late)
          resolve()
        })
        places.endSilent()
      }),
  }
}

function newServer(tls: ProbeServerOptions['tls'], places: ProbePlaces, listener: RequestListener): Server {
  if (tls === undefined) return NODE_HTTP.createServer(LIMITS, listener)
  const { certificates, minVersion } = tls
  const encryption = listenerCertificates(certificates, minVersion)
  const server = createSecureServer(
    { ...encryption, ...LIMITS, handshakeTimeout: LIMITS.headersTimeout },
    listener,
  )
  followCertificates(server, certificates, minVersion)
  return server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const came = places.silent(socket)
    // Whose settings are from before the port was encrypted is told so; it has said all it has to say.
    if (error.code === 'ERR_SSL_HTTP_REQUEST') came?.end(NO_TLS)
    else socket.destroy()
    came?.destroySoon()
  })
}

async function answer(
  options: ProbeServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume()
  const path = request.url?.split('?', 1)[0]
  if (path === undefined || !PATHS.has(path))
    return send(response, 404, 'text/plain', 'here are /metrics, /livez, /readyz and /status\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD')
    return send(response, 405, 'text/plain', 'GET or HEAD\n')
  }
  if (path === '/livez') return send(response, 200, JSON_MEDIA_TYPE, '{"live":true}')
  if (path === '/readyz') {
    const report = options.readiness.report()
    return send(response, report.ready ? 200 : 503, JSON_MEDIA_TYPE, JSON.stringify(report))
  }
  if (path === '/status') return tellStatus(options.status.read(), request, response)
  const open = request.headers.accept?.includes('application/openmetrics-text') === true
  const { contentType, text } = await options.metrics(open)
  response.setHeader('vary', 'accept')
  return send(response, 200, contentType, text)
}

const PATHS: ReadonlySet<string> = new Set(['/metrics', '/livez', '/readyz', '/status'])

/** Open to everybody here, as the metrics are: this port is for the people who run idgen. */
function tellStatus(report: StatusReport, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('vary', 'accept')
  if (!wantsPage(request.headers.accept)) return send(response, 200, JSON_MEDIA_TYPE, JSON.stringify(report))
  response.setHeader('content-security-policy', STATUS_POLICY())
  send(response, 200, 'text/html; charset=utf-8', statusPage(report))
}

const LIMITS = {
  // Probes are short: whoever is slower only holds a connection.
  headersTimeout: 5000,
  requestTimeout: 5000,
  // Node looks for late ones every 30 s; that many silent connections would then keep probes out until the pod is killed.
  connectionsCheckingInterval: 1000,
} as const
const NO_TLS =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\nthis port speaks TLS (server.metrics.tls): ask for https://\n'
/** As long as a request may take to arrive: Node looks after no limit of a server that closes. */
const CLOSE_MS = 5000
const JSON_MEDIA_TYPE = 'application/json; charset=utf-8'

/** Node leaves the body out of an answer to HEAD by itself. */
function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    // Each probe on a connection of its own: nothing is left open when the server stops.
    connection: 'close',
  })
  response.end(text)
}
