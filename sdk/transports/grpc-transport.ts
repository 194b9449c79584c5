import { Client, type ClientOptions, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import type { Endpoint } from '../core/endpoint-choice.ts'
import type { IdAnswer, IdRequest } from '../core/id-answer.ts'
import type { Transport, TransportSettings } from '../ports/transport.ts'
import { readBatchResponse, readNodesResponse, readStatus, writeBatchRequest } from './grpc-messages.ts'

/** The service's gRPC interface, by @grpc/grpc-js, which whoever uses this installs. */
class GrpcTransport implements Transport {
  readonly schemes = ['grpc', 'grpcs'] as const
  readonly textsMax = 10_000
  readonly #settings: TransportSettings
  /** By address; as many as the endpoints in use. */
  readonly #clients = new Map<string, Client>()

  constructor(settings: TransportSettings) {
    this.#settings = settings
  }

  issue(endpoint: string, request: IdRequest, signal: AbortSignal): Promise<IdAnswer> {
    const bytes = writeBatchRequest(request)
    const read = (answer: Uint8Array): IdAnswer => readBatchResponse(endpoint, answer)
    return this.#call(endpoint, '/idgen.v1.IdService/GenerateBatch', bytes, read, signal)
  }

  nodes(endpoint: string, signal: AbortSignal): Promise<readonly Endpoint[]> {
    const scheme = endpoint.startsWith('grpcs:') ? 'grpcs' : 'grpc'
    const read = (bytes: Uint8Array): Endpoint[] => readNodesResponse(bytes, scheme)
    return this.#call(endpoint, '/idgen.v1.NodeService/ListNodes', Buffer.alloc(0), read, signal)
  }

  close(): void {
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
  }

  // oxlint-disable-next-line max-params -- what a call consists of
  #call<T>(
    endpoint: string,
    method: string,
    request: Buffer,
    read: (bytes: Uint8Array) => T,
    signal: AbortSignal,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const call = this.#client(endpoint).makeUnaryRequest(
        method,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        this.#metadata(),
        (error, answer) => {
          signal.removeEventListener('abort', cancel)
          try {
            if (error !== null || answer === undefined) throw refusal(endpoint, error)
            resolve(read(answer))
          } catch (thrown) {
            reject(thrown)
          }
        },
      )
      const cancel = (): void => call.cancel()
      signal.addEventListener('abort', cancel)
    })
  }

  #client(endpoint: string): Client {
    const known = this.#clients.get(endpoint)
    if (known !== undefined) return known
    if (this.#clients.size >= CLIENTS_MAX) this.#forgetOldest()
    const { ca } = this.#settings
    const isSecure = endpoint.startsWith('grpcs:')
    const trusted = ca === undefined ? null : Buffer.from(ca)
    const client = new Client(
      new URL(endpoint).host,
      isSecure ? credentials.createSsl(trusted) : credentials.createInsecure(),
      CHANNEL,
    )
    this.#clients.set(endpoint, client)
    return client
  }

  #forgetOldest(): void {
    for (const [endpoint, client] of this.#clients) {
      client.close()
      this.#clients.delete(endpoint)
      return
    }
  }

  #metadata(): Metadata {
    const { key, dc } = this.#settings
    const metadata = new Metadata()
    if (key !== undefined) metadata.set('authorization', `Bearer ${key}`)
    if (dc !== undefined) metadata.set('idgen-client-dc', String(dc))
    return metadata
  }
}

/** For the option `transport`: addresses are then `grpc://host:50051`, or `grpcs://` with TLS. */
export function grpc(): (settings: TransportSettings) => Transport {
  return (settings) => new GrpcTransport(settings)
}

function refusal(endpoint: string, error: ServiceError | null): Error {
  if (error === null) return new Error('an empty answer')
  const [details] = error.metadata.get('grpc-status-details-bin')
  return readStatus(endpoint, error.code, error.details, Buffer.isBuffer(details) ? details : undefined)
}

/** The client repeats calls and chooses endpoints; grpc-js should do neither, and come back as soon as the client does. */
const CHANNEL: ClientOptions = {
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.max_receive_message_length': 16_777_216,
}
/** Addresses of nodes come and go with their pods. */
const CLIENTS_MAX = 64
