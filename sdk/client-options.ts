import type { BlockTuning } from './core/block-size.ts'
import { IdgenClientError } from './core/client-error.ts'
import type { Endpoint } from './core/endpoint-choice.ts'
import type { ClientTracer } from './ports/tracer.ts'
import type { TransportFactory } from './ports/transport.ts'

/** Where idgen runs: `'https://ids.example:8443'`, with its data centre where that is known. */
export type EndpointOption = string | { readonly url: string; readonly dc?: number | undefined }

/** How far ahead IDs are fetched, for all tags or for one. */
export type TuningOptions = Partial<BlockTuning>

export interface ClientOptions extends TuningOptions {
  /** One or more; with several of one data centre chance decides for each request. */
  readonly endpoints: string | readonly EndpointOption[]
  /** The API key, with the scope `issue`. */
  readonly key?: string | undefined
  /** The data centre this process runs in, 0 to 7: the service's nodes there are preferred. */
  readonly dc?: number | undefined
  /** Whether to ask the service for its nodes and to use their addresses; true with `dc`, if left out. */
  readonly discover?: boolean | undefined
  /** HTTP unless another one is given: `grpc()` of `@idgen/client/grpc`, `resp()` of `@idgen/client/resp`. */
  readonly transport?: TransportFactory | undefined
  /** Certificates to trust instead of the system's, PEM: for a certificate that the idgen operator issued. */
  readonly ca?: string | undefined
  /** So long a call waits for its IDs at most, milliseconds; 5000 if left out. */
  readonly deadlineMs?: number | undefined
  /** So long one endpoint may take to answer before another is asked, milliseconds; 2500 if left out, and never above `deadlineMs`. */
  readonly attemptMs?: number | undefined
  /** Calls of one tag that may wait at once; 10,000 if left out. */
  readonly maxWaiting?: number | undefined
  /** Repeated requests a second, of all tags together, in the long run; 20 if left out. */
  readonly retriesPerSecond?: number | undefined
  /** Traces the requests of this client: a Tracer of OpenTelemetry, `trace.getTracer('app')`. Not over the Redis protocol. */
  readonly tracer?: ClientTracer | undefined
  /** Told what went wrong while nobody waited for it: to be logged. */
  readonly onWarning?: ((error: IdgenClientError) => void) | undefined
}

export interface ClientSettings {
  readonly endpoints: readonly Endpoint[]
  readonly dc: number | undefined
  readonly discover: boolean
  readonly deadlineMs: number
  readonly attemptMs: number
  readonly maxWaiting: number
  readonly retriesPerSecond: number
  readonly tuning: BlockTuning
}

export const DEFAULT_TUNING: BlockTuning = {
  minBlock: 1,
  // 1.6 MB of answers a second even at ten million IDs a second, and the fifth part of a second of a worker id.
  maxBlock: 100_000,
  aheadMs: 1000,
  // As long as a snowflake may come behind the time it carries, and as a deleted tag may go on here.
  lifetimeMs: 30_000,
  keep: 0,
}

/** @throws IDGEN_CLIENT_OPTION_INVALID naming the option, what it was and what it may be */
export function settingsOf(options: ClientOptions, schemes: readonly string[]): ClientSettings {
  const { dc, deadlineMs = 5000 } = options
  if (dc !== undefined) wholeNumber('dc', dc, 0, DC_MAX)
  if (options.key !== undefined && !KEY.test(options.key))
    throw invalid('key', 'is not an API key as `idgen key create` prints it (the value is not shown)')
  return {
    endpoints: endpointsOf(options.endpoints, schemes),
    dc,
    discover: options.discover ?? dc !== undefined,
    deadlineMs: wholeNumber('deadlineMs', deadlineMs, 1, HOUR_MS),
    attemptMs: attemptMsOf(options.attemptMs, deadlineMs),
    maxWaiting: wholeNumber('maxWaiting', options.maxWaiting ?? 10_000, 1, 1_000_000),
    retriesPerSecond: wholeNumber('retriesPerSecond', options.retriesPerSecond ?? 20, 1, 1000),
    tuning: tuningOf(options, DEFAULT_TUNING),
  }
}

/** An attempt that took as long as the whole call would leave no time for another endpoint. */
function attemptMsOf(given: number | undefined, deadlineMs: number): number {
  if (given === undefined) return Math.max(1, Math.min(ATTEMPT_MS, Math.floor(deadlineMs / 2)))
  return wholeNumber('attemptMs', given, 1, deadlineMs)
}

/** @throws IDGEN_CLIENT_OPTION_INVALID */
export function tuningOf(options: TuningOptions, over: BlockTuning): BlockTuning {
  const maxBlock = wholeNumber('maxBlock', options.maxBlock ?? over.maxBlock, 1, BLOCK_MAX)
  const lifetimeMs = wholeNumber('lifetimeMs', options.lifetimeMs ?? over.lifetimeMs, 100, HOUR_MS)
  return {
    maxBlock,
    lifetimeMs,
    minBlock: wholeNumber('minBlock', options.minBlock ?? Math.min(over.minBlock, maxBlock), 1, maxBlock),
    aheadMs: wholeNumber('aheadMs', options.aheadMs ?? Math.min(over.aheadMs, lifetimeMs), 1, lifetimeMs),
    keep: wholeNumber('keep', options.keep ?? Math.min(over.keep, maxBlock), 0, maxBlock),
  }
}

const TAG_PATH = /^[a-z0-9][a-z0-9_.-]{0,62}\/[a-z0-9][a-z0-9_.-]{0,62}\/[a-z0-9][a-z0-9_.-]{0,62}$/

/** @throws IDGEN_CLIENT_OPTION_INVALID */
export function checkTagPath(path: string): void {
  if (TAG_PATH.test(path)) return
  throw invalid(
    'tag',
    `must be workspace/group/tag, each 1 to 63 of a-z 0-9 - _ . and not "${path.slice(0, 200)}"`,
  )
}

function endpointsOf(given: ClientOptions['endpoints'], schemes: readonly string[]): Endpoint[] {
  const list = typeof given === 'string' ? [given] : given
  if (list.length === 0) throw invalid('endpoints', `needs an address, e.g. "${schemes[0]}://localhost:8080"`)
  return list.map((entry) => {
    const { url, dc } = typeof entry === 'string' ? { url: entry, dc: undefined } : entry
    if (dc !== undefined) wholeNumber('endpoints[].dc', dc, 0, DC_MAX)
    return { url: addressOf(url, schemes), dc }
  })
}

function addressOf(text: string, schemes: readonly string[]): string {
  const expected = `must be an address like ${schemes.map((scheme) => `${scheme}://host:port`).join(' or ')}`
  if (!URL.canParse(text)) throw invalid('endpoints', `${expected}, not "${text}"`)
  const { protocol, username, password, search, hash, host } = new URL(text)
  // Not the whole text: a key that somebody put into it must not end in a log.
  if (username !== '' || password !== '')
    throw invalid('endpoints', `must not hold a password (${host}): the key belongs into the option key`)
  if (!schemes.includes(protocol.slice(0, -1)) || host === '')
    throw invalid('endpoints', `${expected}, not "${text}"`)
  if (search !== '' || hash !== '') throw invalid('endpoints', `must end before "?" and "#": "${text}"`)
  return text.replace(/\/+$/, '')
}

function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw invalid(name, `must be a whole number from ${min} to ${max}, not ${value}`)
}

function invalid(option: string, what: string): IdgenClientError {
  return new IdgenClientError('IDGEN_CLIENT_OPTION_INVALID', `The option ${option} ${what}.`)
}

const DC_MAX = 7
/**
 * Above what the service gives itself for an answer (`server.generate.deadline`, 2 s): a service that is there and slow
 * says so, for that tag alone, before it is taken for one that is gone, for all tags.
 */
const ATTEMPT_MS = 2500
/** What the service's limit is, unless its configuration says otherwise. */
const BLOCK_MAX = 1_000_000
const HOUR_MS = 3_600_000
/** What may stand in a header and a RESP argument; the service knows whether it is a key. */
const KEY = /^[\x21-\x7e]{1,512}$/
