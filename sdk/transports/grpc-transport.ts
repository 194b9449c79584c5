import {
  Client,
  type ClientOptions,
  connectivityState,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import type { Endpoint } from '../core/endpoint-choice.ts'
import type { IdAnswer, IdRequest } from '../core/id-answer.ts'
import type { Transport, TransportSettings } from '../ports/transport.ts'
import { readBatchResponse, readNodesResponse, readStatus, writeBatchRequest } from './grpc-messages.ts'

interface Channel {
  readonly client: Client
  readonly openedMs: number
}

/** The service's gRPC interface, by @grpc/grpc-js, which whoever uses this installs. */
class GrpcTransport implements Transport {
  readonly schemes = ['grpc', 'grpcs'] as const
  readonly textsMax = 10_000
  readonly #settings: TransportSettings
  /** By address; as many as the endpoints in use. */
  readonly #channels = new Map<string, Channel>()

  constructor(settings: TransportSettings) {
    this.#settings = settings
  }

  issue(endpoint: string, request: IdRequest, signal: AbortSignal): Promise<IdAnswer> {
    const bytes = writeBatchRequest(request)
    const read = (answer: Uint8Array): IdAnswer => readBatchResponse(endpoint, answer)
    return this.#call(endpoint, '/idgen.v1.IdService/GenerateBatch', bytes, read, signal, request.traceparent)
  }

  nodes(endpoint: string, signal: AbortSignal): Promise<readonly Endpoint[]> {
    const scheme = endpoint.startsWith('grpcs:') ? 'grpcs' : 'grpc'
    const read = (bytes: Uint8Array): Endpoint[] => readNodesResponse(bytes, scheme)
    return this.#call(endpoint, '/idgen.v1.NodeService/ListNodes', Buffer.alloc(0), read, signal)
  }

  close(): void {
    for (const { client } of this.#channels.values()) client.close()
    this.#channels.clear()
  }

  // oxlint-disable-next-line max-params -- what a call consists of
  #call<T>(
    endpoint: string,
    method: string,
    request: Buffer,
    read: (bytes: Uint8Array) => T,
    signal: AbortSignal,
    traceparent?: string,
  ): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const channel = this.#channel(endpoint)
      const call = channel.client.makeUnaryRequest(
        method,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        this.#metadata(traceparent),
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
      const cancel = (): void => {
        call.cancel()
        this.#giveUp(endpoint, channel)
      }
      signal.addEventListener('abort', cancel)
    })
  }

  #channel(endpoint: string): Channel {
    const known = this.#channels.get(endpoint)
    if (known !== undefined) return known
    if (this.#channels.size >= CHANNELS_MAX) this.#forgetOldest()
    const { ca } = this.#settings
    const isSecure = endpoint.startsWith('grpcs:')
    const trusted = ca === undefined ? null : Buffer.from(ca)
    const client = new Client(
      targetOf(endpoint),
      isSecure ? credentials.createSsl(trusted) : credentials.createInsecure(),
      CHANNEL,
    )
    const channel = { client, openedMs: Date.now() }
    this.#channels.set(endpoint, channel)
    return channel
  }

  /**
   * A call had no answer in time. The connection may have died without a word (a node that lost its power, a load
   * balancer that forgot it), which grpc-js would take for alive until TCP gives up, a quarter of an hour later; and it
   * waits without a limit for one that is not made.
   */
  #giveUp(endpoint: string, channel: Channel): void {
    if (this.#channels.get(endpoint) !== channel) return
    const isConnected = channel.client.getChannel().getConnectivityState(false) === connectivityState.READY
    if (!isConnected && Date.now() - channel.openedMs < CONNECTING_MAX_MS) return
    this.#channels.delete(endpoint)
    channel.client.close()
  }

  #forgetOldest(): void {
    for (const [endpoint, { client }] of this.#channels) {
      client.close()
      this.#channels.delete(endpoint)
      return
    }
  }

  #metadata(traceparent: string | undefined): Metadata {
    const { key, dc } = this.#settings
    const metadata = new Metadata()
    if (key !== undefined) metadata.set('authorization', `Bearer ${key}`)
    if (dc !== undefined) metadata.set('idgen-client-dc', String(dc))
    if (traceparent !== undefined) metadata.set('traceparent', traceparent)
    return metadata
  }
}

/** For the option `transport`: addresses are then `grpc://host:50051`, or `grpcs://` with TLS. */
export function grpc(): (settings: TransportSettings) => Transport {
  return (settings) => new GrpcTransport(settings)
}

/** With its scheme: grpc-js would take a host named like one of its own for one, and port 443 where none is given. */
function targetOf(endpoint: string): string {
  const { hostname, port } = new URL(endpoint)
  return `dns:///${hostname}:${port || DEFAULT_PORT}`
}

function refusal(endpoint: string, error: ServiceError | null): Error {
  if (error === null) return new Error('an empty answer')
  const [details] = error.metadata.get('grpc-status-details-bin')
  return readStatus(endpoint, error.code, error.details, Buffer.isBuffer(details) ? details : undefined)
}

/** The client repeats calls and chooses endpoints; grpc-js should do neither, and come back as soon as the client does. */
const CHANNEL: ClientOptions = {
  'grpc.enable_retries': 0,
  // Otherwise a channel made anew would get the old connection back.
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
  'grpc.max_receive_message_length': 16_777_216,
}
/** Addresses of nodes come and go with their pods. */
const CHANNELS_MAX = 64
/** grpc-js does not end an attempt to connect that it is told to forget: TCP does after two minutes, so these are few. */
const CONNECTING_MAX_MS = 10_000
const DEFAULT_PORT = 50051
