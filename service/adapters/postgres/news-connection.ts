import { Socket } from 'node:net'
import pg from 'pg'

export interface NewsConnectionOptions {
  readonly url: string
  readonly applicationName: string
  readonly channel: string
  /** Of this process alone, and always the same: what a pooler's connection was told to listen to stays there. */
  readonly ownChannel: string
  readonly onNews: (payload: string) => void
  /** What was sent by another connection arrived here: news come. After the opening, and every ten seconds. */
  readonly onHeard: () => void
  /** Sends a notification on `ownChannel` by another connection. */
  readonly ring: () => Promise<unknown>
}

export interface NewsConnection extends Disposable {
  /** Why it ended; resolves once, never rejects. */
  readonly ended: Promise<string>
}

/**
 * One connection that listens, from its opening until anything at all is wrong: then it ends with the reason and is of no
 * use any more.
 *
 * That LISTEN was accepted shows nothing: behind a pooler in transaction mode it was said on a connection that others use by
 * now, and a line that was cut stays open. So it is rung: another connection sends something on a channel of this one's own.
 */
export function newsConnection(options: NewsConnectionOptions): NewsConnection {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>()
  const socket = new Socket()
  const client = new pg.Client({
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: OPEN_MS,
    keepAlive: true,
    stream: () => socket,
  })
  let live = true
  let heardMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined

  // Stays attached: an 'error' nobody listens to would end the process.
  client.on('error', (error) => stop(error.message))
  client.on('end', () => stop('the server closed the connection'))
  client.on('notification', ({ channel, payload = '' }) => {
    if (!live) return
    if (channel === options.channel) options.onNews(payload)
    else if (channel === options.ownChannel) {
      heardMs = performance.now()
      options.onHeard()
    }
  })
  open().catch((thrown: unknown) => stop(thrown instanceof Error ? thrown.message : String(thrown)))
  return { ended, [Symbol.dispose]: () => stop('disposed') }

  async function open(): Promise<void> {
    await client.connect()
    await client.query(`LISTEN ${options.channel}; LISTEN ${options.ownChannel}`)
    if (live) await ring()
  }

  async function ring(): Promise<void> {
    const askedMs = performance.now()
    // Where it could not be sent the database is away: its own trouble, which others tell.
    const sent = await options.ring().then(
      () => true,
      () => false,
    )
    if (!live) return
    timer = setTimeout(() => {
      if (sent && heardMs < askedMs) return stop(NOT_HEARD)
      timer = setTimeout(() => void ring(), RING_EVERY_MS - HEARD_WITHIN_MS)
      timer.unref()
    }, HEARD_WITHIN_MS)
    timer.unref()
  }

  function stop(why: string): void {
    if (!live) return
    live = false
    clearTimeout(timer)
    // A goodbye could wait for ever for a server that is gone.
    socket.destroy()
    end(why)
  }
}

/** As a pool's connection is given by default. */
const OPEN_MS = 5000
/** A connection that went silent is noticed within 15 s; one small statement a process. */
const RING_EVERY_MS = 10_000
/** Far above the way to a database that may be used at all. */
const HEARD_WITHIN_MS = 5000
const NOT_HEARD =
  'what another connection sent did not arrive within 5 s: a pooler in transaction mode lets no notification through (set database.listenUrl to the server itself), or the line is cut'
