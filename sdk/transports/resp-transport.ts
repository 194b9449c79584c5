import { IdgenClientError } from '../core/client-error.ts'
import type { Endpoint } from '../core/endpoint-choice.ts'
import type { IdAnswer, IdRequest, IdRun } from '../core/id-answer.ts'
import type { Transport, TransportSettings } from '../ports/transport.ts'
import { RespConnection } from './resp-connection.ts'
import { readNodes } from './resp-nodes.ts'
import { RespError, type RespReply } from './resp-parser.ts'
import { isRetryableCode } from './retryable-codes.ts'

interface LoggedIn {
  readonly connection: RespConnection
  /** Rejects with what the log-in was refused with; the connection is gone then. */
  readonly login: Promise<void>
}

/** The service's Redis interface: a connection to each endpoint in use, over node:net. */
class RespTransport implements Transport {
  readonly schemes = ['redis', 'rediss'] as const
  /** Each is a command of its own. */
  readonly textsMax = 1000
  readonly #settings: TransportSettings
  readonly #connections = new Map<string, LoggedIn>()

  constructor(settings: TransportSettings) {
    this.#settings = settings
  }

  async issue(endpoint: string, request: IdRequest, signal: AbortSignal): Promise<IdAnswer> {
    const { path, count, form, traceparent } = request
    const { connection, login } = this.#connection(endpoint)
    const onAbort = (): void => connection.destroy(new Error('the answer came too late'))
    signal.addEventListener('abort', onAbort)
    try {
      const commands =
        form === 'runs'
          ? [['IDGEN.RUNS', path, String(count)]]
          : Array.from({ length: count }, () => ['IDGEN.NEXT', path])
      const trace = traceparent === undefined ? [] : [['IDGEN.TRACE', traceparent]]
      const [all] = await Promise.all([connection.send([...trace, ...commands]), login])
      // A service that does not know IDGEN.TRACE refuses it, which concerns nobody.
      const replies = all.slice(trace.length)
      for (const reply of replies) if (reply instanceof RespError) throw refusal(endpoint, reply)
      return {
        runs: form === 'runs' ? runsOf(endpoint, replies[0]) : [],
        texts: form === 'text' ? replies.map(String) : [],
        algorithm: undefined,
        degraded: false,
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** An abort leaves the connection alone: IDs may be on their way on it, and its answers keep their order. */
  async nodes(endpoint: string, signal: AbortSignal): Promise<readonly Endpoint[]> {
    const { connection, login } = this.#connection(endpoint)
    let onAbort = (): void => undefined
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(new Error('the nodes came too late'))
    })
    signal.addEventListener('abort', onAbort)
    try {
      const asked = Promise.all([connection.send([['IDGEN.NODES']]), login])
      const [[reply]] = await Promise.race([asked, aborted])
      if (reply instanceof RespError) throw refusal(endpoint, reply)
      return readNodes(endpoint, reply)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  close(): void {
    for (const { connection } of this.#connections.values())
      connection.destroy(new Error('the client was closed'))
    this.#connections.clear()
  }

  #connection(endpoint: string): LoggedIn {
    const known = this.#connections.get(endpoint)
    // In the order of their last use: the first of a client's many addresses may be the one that it asks most.
    this.#connections.delete(endpoint)
    if (known?.connection.usable === true) {
      this.#connections.set(endpoint, known)
      return known
    }
    if (this.#connections.size >= CONNECTIONS_MAX) this.#retireIdlest()
    const connection = new RespConnection(endpoint, this.#settings.ca)
    const login = logIn(connection, endpoint, this.#settings)
    // Whoever asks waits for it; nobody may be there any more when it fails.
    login.catch(() => undefined)
    const loggedIn = { connection, login }
    this.#connections.set(endpoint, loggedIn)
    return loggedIn
  }

  #retireIdlest(): void {
    for (const [endpoint, { connection }] of this.#connections) {
      connection.retire()
      this.#connections.delete(endpoint)
      return
    }
  }
}

/**
 * A refused log-in ends the connection: it may have been a limit or an outage of a moment, and without a key every
 * command on it would be refused for ever.
 * @throws IdgenClientError
 */
async function logIn(
  connection: RespConnection,
  endpoint: string,
  { key, dc }: TransportSettings,
): Promise<void> {
  const login = key === undefined ? [] : [['AUTH', key]]
  // A service that does not know IDGEN.DC refuses it, which concerns nobody.
  const replies = await connection.send([...login, ...(dc === undefined ? [] : [['IDGEN.DC', String(dc)]])])
  const [reply] = replies.slice(0, login.length)
  if (!(reply instanceof RespError)) return
  const error = refusal(endpoint, reply)
  connection.destroy(error)
  throw error
}

/** For the option `transport`: addresses are then `redis://host:6399`, or `rediss://` with TLS. */
export function resp(): (settings: TransportSettings) => Transport {
  return (settings) => new RespTransport(settings)
}

/** Pairs of first and count, each pair a list of its own or all in one list. @throws IDGEN_CLIENT_ANSWER_INVALID */
function runsOf(endpoint: string, reply: RespReply | undefined): IdRun[] {
  const flat = Array.isArray(reply) ? (reply as readonly RespReply[]).flat() : []
  const runs: IdRun[] = []
  for (let at = 0; at + 1 < flat.length; at += 2) runs.push(runOf(flat[at], flat[at + 1]))
  if (flat.length > 0 && flat.length % 2 === 0 && runs.every(({ count }) => count > 0)) return runs
  throw new IdgenClientError(
    'IDGEN_CLIENT_ANSWER_INVALID',
    `${endpoint} did not answer IDGEN.RUNS with pairs of first and count. Is that address idgen, of a version that fits?`,
    { endpoint },
  )
}

/** count 0: it is none. */
function runOf(first: unknown, count: unknown): IdRun {
  const texts = [String(first), String(count)]
  if (!texts.every((text) => /^\d{1,19}$/.test(text))) return { first: 0n, count: 0 }
  return { first: BigInt(texts[0] ?? 0), count: Number(texts[1]) }
}

/** `-WORD IDGEN_CODE text`, or one of the words that every Redis server has. */
function refusal(endpoint: string, { text }: RespError): IdgenClientError {
  const [, code = WORDS[text.split(' ', 1)[0] ?? ''], message = text] =
    /\b(IDGEN_[A-Z_]{1,60})\b:? ?(.*)$/.exec(text) ?? []
  if (code !== undefined)
    return new IdgenClientError(code, `${message} (${endpoint})`, {
      endpoint,
      retryable: isRetryableCode(code),
    })
  const foreign = `${endpoint} answered "${text.slice(0, 200)}", which is no error of idgen: is the address right?`
  return new IdgenClientError('IDGEN_CLIENT_ANSWER_INVALID', foreign, { endpoint })
}

/** Addresses of nodes come and go with their pods. */
const CONNECTIONS_MAX = 64

const WORDS: Readonly<Record<string, string | undefined>> = {
  NOAUTH: 'IDGEN_UNAUTHENTICATED',
  WRONGPASS: 'IDGEN_UNAUTHENTICATED',
  NOPERM: 'IDGEN_FORBIDDEN',
}
