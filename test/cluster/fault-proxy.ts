import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, type Server, request as secureRequest } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { KubeApi } from './kube-api.ts'

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly watch: boolean
  readonly authorization: string
  readonly contentType: string
  /** Of a write; filled when all of it has come. */
  body: string
}

/** What becomes of a request instead of reaching the API server. */
export type Fault =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: object
    }
  /** The connection is torn. */
  | { readonly kind: 'reset' }
  /** Nothing ever comes. */
  | { readonly kind: 'silence' }
  /** It reaches the server after so long. */
  | { readonly kind: 'delay'; readonly ms: number }

interface OpenWatch {
  readonly response: ServerResponse
  readonly port: number | undefined
  held: boolean
}

/** Stands before a kube-apiserver with the server's own certificate, and spoils what a test wants spoiled. */
export class FaultProxy {
  readonly requests: SeenRequest[] = []
  /** Asked for each request; undefined lets it pass. */
  fault: (seen: SeenRequest) => Fault | undefined = () => undefined
  /** TLS connections made so far. */
  connections = 0
  readonly #target: URL
  readonly #agent: Agent
  readonly #server: Server
  /** Below TLS, by the client's port: only such a one can be reset. */
  readonly #sockets = new Map<number, Socket>()
  readonly #watches = new Set<OpenWatch>()

  private constructor(api: KubeApi) {
    this.#target = new URL(api.url)
    this.#agent = new Agent({ ca: api.certificate.cert, keepAlive: true })
    // Idle connections stay: only the client decides how many there are.
    this.#server = createServer({ ...api.certificate, keepAliveTimeout: 60_000 }, (incoming, response) =>
      this.#handle(incoming, response),
    )
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1
      const port = socket.remotePort ?? 0
      this.#sockets.set(port, socket)
      socket.on('error', () => {})
      socket.on('close', () => this.#sockets.delete(port))
    })
    this.#server.on('secureConnection', (socket: Socket) => socket.on('error', () => {}))
  }

  static async start(api: KubeApi): Promise<FaultProxy> {
    const proxy = new FaultProxy(api)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get openWatches(): number {
    return this.#watches.size
  }

  /** Of all that was asked since `clear`. */
  watches(): SeenRequest[] {
    return this.requests.filter(({ watch }) => watch)
  }

  clear(): void {
    this.requests.length = 0
  }

  resetWatches(): void {
    for (const { port } of this.#watches) this.#reset(port)
  }

  /** As a server does that goes away in good order. */
  endWatches(): void {
    for (const { response } of this.#watches) response.end()
  }

  /** Open watches stay open and nothing comes through any more. */
  silenceWatches(): void {
    for (const watch of this.#watches) watch.held = true
  }

  /** Puts a line into every open watch. */
  inject(line: object): void {
    for (const { response } of this.#watches) response.write(`${JSON.stringify(line)}\n`)
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets.values()) socket.destroy()
    this.#agent.destroy()
    await closed
  }

  #reset(port: number | undefined): void {
    if (port !== undefined) this.#sockets.get(port)?.resetAndDestroy()
  }

  #handle(incoming: IncomingMessage, response: ServerResponse): void {
    const url = new URL(incoming.url ?? '/', this.url)
    const seen: SeenRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      watch: url.searchParams.get('watch') === 'true',
      authorization: incoming.headers.authorization ?? '',
      contentType: incoming.headers['content-type'] ?? '',
      body: '',
    }
    this.requests.push(seen)
    response.on('error', () => {})
    const fault = this.fault(seen)
    if (fault?.kind === 'answer') answer(incoming, response, fault)
    else if (fault?.kind === 'reset') this.#reset(incoming.socket.remotePort)
    else if (fault?.kind === 'delay') setTimeout(() => this.#pass(incoming, response, seen), fault.ms).unref()
    else if (fault === undefined) this.#pass(incoming, response, seen)
  }

  #pass(incoming: IncomingMessage, response: ServerResponse, seen: SeenRequest): void {
    const { hostname, port } = this.#target
    const upstream = secureRequest({
      hostname,
      port,
      agent: this.#agent,
      method: seen.method,
      path: incoming.url,
      headers: incoming.headers,
    })
    incoming.on('data', (chunk: Buffer) => {
      seen.body += chunk.toString()
    })
    incoming.pipe(upstream)
    upstream.on('error', () => response.destroy())
    response.on('close', () => upstream.destroy())
    upstream.on('response', (answered) => this.#relay(answered, response, seen, incoming.socket.remotePort))
  }

  #relay(answered: IncomingMessage, response: ServerResponse, seen: SeenRequest, port?: number): void {
    response.writeHead(answered.statusCode ?? 502, answered.headers)
    response.flushHeaders()
    const watch: OpenWatch = { response, port, held: false }
    if (seen.watch) {
      this.#watches.add(watch)
      response.on('close', () => this.#watches.delete(watch))
    }
    answered.on('error', () => response.destroy())
    answered.on('data', (chunk: Buffer) => {
      if (!watch.held && !response.writableEnded) response.write(chunk)
    })
    answered.on('end', () => response.end())
  }
}

function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { status, headers = {}, body = {} }: Extract<Fault, { kind: 'answer' }>,
): void {
  incoming.resume()
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  const text = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, ...body }
  response.end(JSON.stringify(text))
}
