import { rootCertificates } from 'node:tls'
import type { ChannelOptions } from '@grpc/grpc-js'
import type { IOptions } from 'etcd3'
import { IdgenError } from '../../core/errors.ts'
import type { Log } from '../../ports/log.ts'
import type { Tracer } from '../../ports/tracer.ts'

export interface EtcdCoordinatorOptions {
  /** Client URLs of the members, `http://host:port` or `https://host:port`, all of one kind. Port: 2379 by default. */
  readonly endpoints: readonly string[]
  /** Stands before every key, e.g. `/idgen`. A slash at its end is dropped. */
  readonly prefix: string
  readonly username?: string
  readonly password?: string
  /** PEM. Used with https endpoints only; without `ca` the certificates the runtime trusts. */
  readonly tls?: EtcdTls
  /** How long a call may take, in milliseconds, before it counts as unknown. */
  readonly timeoutMs: number
  readonly log: Log
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
}

export interface EtcdTls {
  readonly ca?: Buffer | string
  readonly cert?: Buffer | string
  readonly key?: Buffer | string
}

export interface Endpoint {
  readonly secure: boolean
  readonly host: string
  readonly port: number
}

/** @throws IDGEN_CONFIG_INVALID when there is none, one cannot be read, or http and https are mixed */
export function parseEndpoints(texts: readonly string[]): Endpoint[] {
  const endpoints = texts.map(parseEndpoint)
  if (endpoints.length === 0) throw invalid('no endpoint is given')
  if (new Set(endpoints.map(({ secure }) => secure)).size > 1) throw invalid('http and https are mixed')
  return endpoints
}

function parseEndpoint(text: string): Endpoint {
  const parts = /^(?:(https?):\/\/)?(\[[^\]]+\]|[^/:[\]]+)(?::(\d{1,5}))?\/?$/.exec(text.trim())
  const [, scheme, host, port] = parts ?? []
  if (host === undefined) throw invalid(`"${text}" is not of the form http://host:port`)
  return { secure: scheme === 'https', host, port: port === undefined ? DEFAULT_PORT : Number(port) }
}

function invalid(what: string): IdgenError {
  return new IdgenError('IDGEN_CONFIG_INVALID', `etcd.endpoints: ${what}.`)
}

/**
 * One client per member: etcd3 itself picks a member at random for every call, also one it knows to be down, and
 * tells nobody which. All its own fault handling is off: its retries repeat transactions whose outcome is unknown, and
 * its circuit breaker stays open for 5 s after the server is back (a lease of 3 s was lost to that when tried).
 *
 * All clients of a member with the same options share one connection in gRPC, also one made later. `connection` is a number
 * that tells them apart: a client with another one gets another connection.
 */
export function clientOptions(
  endpoint: Endpoint,
  options: EtcdCoordinatorOptions,
  connection: number,
): IOptions {
  const { username, password, timeoutMs, tls } = options
  return {
    hosts: [`${endpoint.secure ? 'https' : 'http'}://${endpoint.host}:${endpoint.port}`],
    grpcOptions: { ...CHANNEL, 'idgen.connection': connection },
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + timeoutMs }),
    faultHandling: { host: () => ONCE, global: ONCE },
    ...(endpoint.secure && tls !== undefined ? { credentials: credentials(tls) } : {}),
    ...(username === undefined || username === '' ? {} : { auth: { username, password: password ?? '' } }),
  }
}

function credentials({ ca, cert, key }: EtcdTls): NonNullable<IOptions['credentials']> {
  const both = cert !== undefined && key !== undefined
  return {
    rootCertificate: Buffer.from(ca ?? rootCertificates.join('\n')),
    ...(both ? { certChain: Buffer.from(cert), privateKey: Buffer.from(key) } : {}),
  }
}

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>

const nothing = { dispose(): void {} }

/** cockatiel's noop: runs the call once. */
const ONCE: Policy = {
  // Only for the compiler, says cockatiel; it is never read.
  _altReturn: undefined as never,
  onSuccess: () => nothing,
  onFailure: () => nothing,
  execute: async (fn, signal) => await fn({ signal: signal ?? new AbortController().signal }),
}

const CHANNEL: ChannelOptions = {
  // etcd refuses clients that ping more often than every 5 s (--grpc-keepalive-min-time).
  'grpc.keepalive_time_ms': 6000,
  'grpc.keepalive_timeout_ms': 2000,
  // A member that is back is used within a second; the default back-off grows to 2 minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A page of a list holds 1000 values, an event batch of a busy prefix several; etcd keeps a value below 1.5 MiB.
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
}

const DEFAULT_PORT = 2379
