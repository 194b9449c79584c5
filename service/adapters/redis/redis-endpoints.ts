import { IdgenError } from '../../core/errors.ts'

/** What the URLs of `redis.endpoints` say, in the form ioredis takes. */
export interface RedisEndpoints {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly username: string | undefined
  readonly password: string | undefined
  readonly db: number
  readonly tls: boolean
}

/**
 * Reads `redis://[user[:password]@]host[:port][/db]`, or rediss:// for TLS. All nodes of a cluster share user, password
 * and TLS: those of the first URL count, and another URL may leave them out but not contradict.
 * @throws IDGEN_CONFIG_INVALID; the message holds no password
 */
export function redisEndpoints(urls: readonly string[], cluster: boolean): RedisEndpoints {
  const parsed = urls.map((url, index) => parse(url, index))
  const first = parsed[0]
  if (first === undefined) throw invalid('names no server')
  if (parsed.length > 1 && !cluster)
    throw invalid(`names ${parsed.length} servers: leave one, or set redis.cluster`)
  if (cluster && first.db !== 0) throw invalid('names a database: a cluster has only database 0')
  for (const [index, other] of parsed.entries()) {
    if (other.tls !== first.tls) throw invalid('mixes redis:// and rediss://')
    const differs = other.username !== first.username || other.password !== first.password
    if ((other.username !== undefined || other.password !== undefined) && differs)
      throw invalid(`gives server ${index + 1} another user or password than server 1`)
  }
  return { ...first, nodes: parsed.flatMap(({ nodes }) => nodes) }
}

function parse(text: string, index: number): RedisEndpoints {
  const which = `server ${index + 1}`
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '')
    throw invalid(`${which} is not a URL like redis://cache:6379`)
  const db = /^\/?$/.test(url.pathname) ? 0 : Number(/^\/(\d{1,4})$/.exec(url.pathname)?.[1])
  if (Number.isNaN(db)) throw invalid(`${which} must end with the number of a database or with nothing`)
  return {
    // An IPv6 address stands in brackets in a URL and without them in a socket.
    nodes: [{ host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 6379 : Number(url.port) }],
    username: decoded(url.username, which),
    password: decoded(url.password, which),
    db,
    tls: url.protocol === 'rediss:',
  }
}

function decoded(part: string, which: string): string | undefined {
  try {
    return part === '' ? undefined : decodeURIComponent(part)
  } catch {
    throw invalid(`${which} has a user or password with a % that is not %25`)
  }
}

function invalid(why: string): IdgenError {
  return new IdgenError('IDGEN_CONFIG_INVALID', `redis.endpoints ${why}.`)
}
