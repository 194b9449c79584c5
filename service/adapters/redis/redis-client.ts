import { Cluster, Redis } from 'ioredis'
import type { IdgenError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { NO_TRACER, type Tracer, traced } from '../../ports/tracer.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { RedisConnector } from './redis-connector.ts'
import { type RedisEndpoints, redisEndpoints } from './redis-endpoints.ts'
import { cacheUnavailable, fromRedis } from './redis-error.ts'

export interface RedisClientOptions {
  /** redis:// or rediss:// URLs with user and password; more than one only for a cluster. */
  readonly endpoints: readonly string[]
  readonly cluster: boolean
  /** PEM, for rediss:// endpoints; left out: the certificates the runtime trusts. */
  readonly ca?: Buffer
  /** A call that has no answer after this time counts as failed, outcome unknown; milliseconds. */
  readonly timeoutMs: number
  readonly clock: Clock
  readonly log: Log
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
}

/** Of all calls since the start. */
export interface RedisCounters {
  /** Answered in time. */
  answered: number
  /** Sent, and failed or not answered within the time limit: these made their callers wait. */
  failed: number
  /** Not sent, because there is no connection or Redis is left alone: these cost nothing. */
  refused: number
}

/**
 * A connection to Redis, single or cluster, for callers that can do without: made and made again in the background,
 * never waited for. A call is sent once or not at all, so what must not happen twice does not. Redis 5 or later.
 */
export class RedisClient {
  readonly counters: RedisCounters = { answered: 0, failed: 0, refused: 0 }
  readonly #options: RedisClientOptions
  readonly #redis: Redis | Cluster
  readonly #breaker: CircuitBreaker
  /** Why Redis is not used, as last told to the log; undefined while it is well. */
  #fault: string | undefined
  /** Why a node of the cluster was not reached when one was last looked for. */
  #nodeFault: string | undefined
  /** What was refused before, so that it is told once and not at every call. */
  readonly #told = new Set<string>()
  #closed = false

  /** @throws IDGEN_CONFIG_INVALID; a Redis that cannot be reached is no error */
  constructor(options: RedisClientOptions) {
    this.#options = options
    this.#breaker = new CircuitBreaker(options.clock)
    const endpoints = redisEndpoints(options.endpoints, options.cluster)
    this.#redis = options.cluster ? newCluster(endpoints, options) : newSingle(endpoints, options)
    // Without a listener an 'error' event would end the process.
    this.#redis.on('error', (error: Error) => this.#lost(this.#reasonOf(error)))
    this.#redis.on('node error', (error: Error, node: string) => {
      if (!notConnected(error)) this.#nodeFault = `${node}: ${error.message}`
    })
    this.#redis.on('ready', () => {
      this.#nodeFault = undefined
      this.#well()
    })
    this.#redis.connect().catch(() => undefined)
  }

  /**
   * Runs one command. A call is refused at once while there is no connection, or while Redis is left alone after
   * failures.
   * @throws IDGEN_CACHE_UNAVAILABLE outcome unknown: the command may also be carried out later
   */
  run<T>(doing: string, command: (redis: Redis | Cluster) => Promise<T>): Promise<T> {
    const { tracer = NO_TRACER } = this.#options
    const facts = { 'db.system.name': 'redis' }
    return traced(tracer, { name: `redis: ${doing}`, kind: 'client', facts }, () => this.#run(doing, command))
  }

  async #run<T>(doing: string, command: (redis: Redis | Cluster) => Promise<T>): Promise<T> {
    if (this.#closed || this.#redis.status !== 'ready')
      throw this.#refusal(`Redis is not connected: ${this.#why()}`)
    if (!this.#breaker.tryPass()) throw this.#refusal(`Redis is left alone for a while: ${this.#why()}`)
    try {
      const answer = await this.#inTime(doing, command(this.#redis))
      this.#breaker.succeeded()
      this.counters.answered += 1
      this.#well()
      return answer
    } catch (thrown) {
      const error = fromRedis(thrown, doing)
      // Without a connection nothing was sent and nothing waited for: cheap, and no sign of a slow server.
      if (notConnected(thrown)) this.counters.refused += 1
      else this.counters.failed += 1
      if (notConnected(thrown) && !this.#breaker.open) throw error
      if (isReply(thrown)) this.#refusedByServer(doing, error)
      else if (this.#breaker.failed()) this.#lost(error.message)
      throw error
    }
  }

  /** Why Redis is not used, as last seen by a call or the connection; undefined while it is well. */
  get fault(): string | undefined {
    return this.#redis.status === 'ready' && !this.#closed ? this.#fault : this.#why()
  }

  /** Why Redis cannot be used now, found out by asking it; undefined when it answers. */
  async health(): Promise<string | undefined> {
    try {
      await this.run('answering a ping', (redis) => redis.ping())
      return undefined
    } catch (thrown) {
      return fromRedis(thrown, 'answering a ping').message
    }
  }

  /** Calls under way fail; nothing reconnects. Idempotent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#redis.disconnect()
  }

  /**
   * A deadline of our own: ioredis would hold its handshake to the same one, and a Redis that is slow once would be
   * reconnected to without end.
   */
  async #inTime<T>(doing: string, answer: Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options
    const late = Promise.withResolvers<never>()
    using _timer = clock.after(timeoutMs, () =>
      late.reject(cacheUnavailable(`Redis did not answer within ${timeoutMs} ms while ${doing}.`)),
    )
    return await Promise.race([answer, late.promise])
  }

  #refusal(why: string): IdgenError {
    this.counters.refused += 1
    return cacheUnavailable(why)
  }

  /** It answers, so it is not left alone; but somebody should know, for example that a user may not run scripts. */
  #refusedByServer(doing: string, error: IdgenError): void {
    this.#breaker.succeeded()
    if (this.#told.has(doing)) return
    this.#told.add(doing)
    this.#options.log.warn({ why: error.message }, 'redis refuses a command: going on without it')
  }

  #why(): string {
    if (this.#closed) return 'it was closed.'
    return this.#fault ?? 'the first connection is being made.'
  }

  /** Of a cluster ioredis says only that no node could be asked, whether it is a certificate, a password or a port. */
  #reasonOf({ name, message }: Error): string {
    if (name !== 'ClusterAllFailedError' || this.#nodeFault === undefined) return message
    return `no node of the cluster could be asked, the last one was ${this.#nodeFault}`
  }

  #lost(why: string): void {
    if (this.#fault === undefined && !this.#closed)
      this.#options.log.warn({ why }, 'redis does not answer: going on without it')
    this.#fault = why
  }

  #well(): void {
    if (this.#fault === undefined || this.#breaker.open) return
    this.#fault = undefined
    this.#options.log.info({}, 'redis answers again')
  }
}

/** Reconnects at 0.1, 0.2, … 2 s with up to 20 % less, so that instances do not come back all at once. */
function reconnectDelay(times: number): number {
  return Math.min(RECONNECT_MAX_MS, times * 100) * (1 - 0.2 * Math.random())
}

/** What a connection to one server and those to the nodes of a cluster have in common. */
interface ConnectionOptions {
  readonly username?: string
  readonly password?: string
  readonly tls?: { readonly ca?: Buffer }
  readonly connectionName: string
  readonly maxRetriesPerRequest: number
  readonly autoResendUnfulfilledCommands: boolean
  readonly socketTimeout: number
  readonly connectTimeout: number
  readonly Connector: typeof RedisConnector
}

function connectionOptions(endpoints: RedisEndpoints, options: RedisClientOptions): ConnectionOptions {
  const { username, password, tls } = endpoints
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: options.ca === undefined ? {} : { ca: options.ca } } : {}),
    connectionName: 'idgen',
    // A command is sent once or not at all: what waits or is sent again would be carried out after it was given up.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A server that is gone without a word (a pulled cable, a dropped NAT entry) is noticed by what it does not answer.
    socketTimeout: Math.max(SOCKET_TIMEOUT_MIN_MS, options.timeoutMs * 10),
    connectTimeout: CONNECT_TIMEOUT_MS,
    Connector: RedisConnector,
  }
}

function newSingle(endpoints: RedisEndpoints, options: RedisClientOptions): Redis {
  return new Redis({
    ...connectionOptions(endpoints, options),
    ...endpoints.nodes[0],
    db: endpoints.db,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryStrategy: reconnectDelay,
  })
}

function newCluster(endpoints: RedisEndpoints, options: RedisClientOptions): Cluster {
  const cluster = new Cluster([...endpoints.nodes], {
    redisOptions: connectionOptions(endpoints, options),
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelay,
    // Only MOVED, ASK and TRYAGAIN send a command again: the node that answers so has not carried it out.
    maxRedirections: REDIRECTIONS_MAX,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // A failed-over shard is found again without waiting for an error.
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    // Certificates are made for names; an address that was looked up first would not match.
    ...(endpoints.tls
      ? { dnsLookup: (name: string, done: (error: null, address: string) => void) => done(null, name) }
      : {}),
  })
  // ioredis connects to a node at its first command, and refuses those that come meanwhile.
  cluster.on('+node', (node: Redis) => {
    if (!node.options.readOnly) node.connect().catch(() => undefined)
  })
  return cluster
}

/** An error that the server sent, in time, instead of none at all. */
function isReply(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'ReplyError'
}

/** What ioredis says, single and cluster, of a command that found no connection or lost it. */
function notConnected(thrown: unknown): boolean {
  return thrown instanceof Error && /^Connection is closed|enableOfflineQueue/.test(thrown.message)
}

const RECONNECT_MAX_MS = 2000
const CONNECT_TIMEOUT_MS = 2000
/** Longer than a fork or a slow script, shorter than the minutes TCP would take. */
const SOCKET_TIMEOUT_MIN_MS = 2000
/** A slot moves once; a second redirection is a map that is one step behind. */
const REDIRECTIONS_MAX = 4
const SLOTS_REFRESH_MS = 5000
