import type { Endpoint } from '../core/endpoint-choice.ts'
import type { IdAnswer, IdRequest } from '../core/id-answer.ts'
import type { Transport, TransportSettings } from '../ports/transport.ts'
import { type GrpcCall, GrpcChannel } from './grpc-channel.ts'
import { readBatchResponse, readNodesResponse, readStatus, writeBatchRequest } from './grpc-messages.ts'

/** The service's gRPC interface, over node:http2: a connection to each endpoint in use. */
class GrpcTransport implements Transport {
  readonly schemes = ['grpc', 'grpcs'] as const
  readonly textsMax = 10_000
  readonly #ca: string | undefined
  readonly #headers: Readonly<Record<string, string>>
  readonly #channels = new Map<string, GrpcChannel>()

  constructor({ key, dc, ca }: TransportSettings) {
    this.#ca = ca
    this.#headers = {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(dc !== undefined && { 'idgen-client-dc': String(dc) }),
    }
  }

  async issue(endpoint: string, request: IdRequest, signal: AbortSignal): Promise<IdAnswer> {
    const { traceparent } = request
    const call: GrpcCall = {
      path: '/idgen.v1.IdService/GenerateBatch',
      headers: { ...this.#headers, ...(traceparent !== undefined && { traceparent }) },
      message: writeBatchRequest(request),
    }
    return readBatchResponse(endpoint, await this.#call(endpoint, call, signal))
  }

  async nodes(endpoint: string, signal: AbortSignal): Promise<readonly Endpoint[]> {
    const call = { path: '/idgen.v1.NodeService/ListNodes', headers: this.#headers, message: NOTHING }
    const answer = await this.#call(endpoint, call, signal)
    return readNodesResponse(answer, endpoint.startsWith('grpcs:') ? 'grpcs' : 'grpc')
  }

  close(): void {
    for (const channel of this.#channels.values()) channel.close()
    this.#channels.clear()
  }

  async #call(endpoint: string, call: GrpcCall, signal: AbortSignal): Promise<Uint8Array> {
    const channel = this.#channel(endpoint)
    try {
      const { status, text, details, message } = await channel.call(call, signal)
      if (status !== 0) throw readStatus(endpoint, status, text, details)
      return message
    } finally {
      if (signal.aborted && channel.isLost) this.#retire(endpoint, channel)
    }
  }

  #channel(endpoint: string): GrpcChannel {
    const known = this.#channels.get(endpoint)
    if (known?.isUsable === true) return known
    if (known === undefined && this.#channels.size >= CHANNELS_MAX) this.#retireOldest()
    const channel = new GrpcChannel(endpoint, this.#ca)
    this.#channels.set(endpoint, channel)
    return channel
  }

  #retireOldest(): void {
    for (const [endpoint, channel] of this.#channels) return this.#retire(endpoint, channel)
  }

  #retire(endpoint: string, channel: GrpcChannel): void {
    channel.retire()
    if (this.#channels.get(endpoint) === channel) this.#channels.delete(endpoint)
  }
}

/** For the option `transport`: addresses are then `grpc://host:50051`, or `grpcs://` with TLS. */
export function grpc(): (settings: TransportSettings) => Transport {
  return (settings) => new GrpcTransport(settings)
}

const NOTHING = new Uint8Array(0)
/** Addresses of nodes come and go with their pods. */
const CHANNELS_MAX = 64
