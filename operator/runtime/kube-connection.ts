import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent as PlainAgent } from 'node:http'
import { Agent } from 'node:https'
import type { Clock } from './clock.ts'

/** How to reach an API server and who asks. */
export interface KubeConnection {
  /** "https://…", without a slash at the end. */
  readonly server: string
  /** Asked before each call: logins end and files are replaced. Throws when there is no way to log in. */
  credentials(): Promise<Credentials>
  /** After a 401: what is remembered may be out of date. False: asking again would give the same. */
  forget(): boolean
  close(): void
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  /** Keeps its connections open between calls. */
  readonly agent: Agent | PlainAgent
}

/** What makes one TLS connection differ from another. */
export interface TlsSettings {
  readonly ca?: string | Buffer | undefined
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  readonly servername?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
}

/**
 * Kept connections, by a hash of all that makes them: a call without this is a new TLS handshake (23 ms instead of 4).
 * Tokens are no part of it: they go with each call.
 */
export class AgentCache {
  /** The one used last stands last. */
  readonly #agents = new Map<string, Agent | PlainAgent>()

  for(server: string, tls: TlsSettings): Agent | PlainAgent {
    const key = hash([server, tls.ca, tls.cert, tls.key, tls.servername, String(tls.rejectUnauthorized)])
    const agent = this.#agents.get(key) ?? newAgent(server, tls)
    this.#agents.delete(key)
    this.#agents.set(key, agent)
    const [oldest] = this.#agents
    if (this.#agents.size > AGENTS_MAX && oldest !== undefined) {
      this.#agents.delete(oldest[0])
      // What runs over it goes on: only idle connections are closed at once, the others when they become idle.
      for (const sockets of Object.values(oldest[1].freeSockets))
        for (const socket of sockets ?? []) socket.end()
    }
    return agent
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.destroy()
    this.#agents.clear()
  }
}

function newAgent(server: string, tls: TlsSettings): Agent | PlainAgent {
  const { ca, cert, key, servername, rejectUnauthorized } = tls
  const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS, scheduling: 'lifo' } as const
  if (server.startsWith('http:')) {
    // Tokens would be readable on the way. For a proxy on the same machine one may say so.
    if (rejectUnauthorized !== false)
      throw new Error(
        `${server}: plain HTTP is not allowed unless the configuration sets insecure-skip-tls-verify`,
      )
    return new PlainAgent(kept)
  }
  return new Agent({
    ...kept,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  })
}

function hash(parts: readonly (string | Buffer | undefined)[]): string {
  const sum = createHash('sha256')
  for (const part of parts) {
    // With its length, so that two parts cannot look like two others.
    const bytes = Buffer.from(part ?? '')
    sum.update(`${bytes.length}:`).update(bytes)
  }
  return sum.digest('base64')
}

/** Files that somebody replaces while we run, such as the token of a service account: read anew every few seconds. */
export class FreshFiles {
  readonly #clock: Clock
  readonly #files = new Map<string, { readonly text: string; readonly readAtMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  read(path: string): string {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#files.get(path)
    if (known !== undefined && nowMs - known.readAtMs < FRESH_MS) return known.text
    const text = readFileSync(path, 'utf8')
    this.#files.set(path, { text, readAtMs: nowMs })
    return text
  }

  forget(): void {
    this.#files.clear()
  }
}

/** A rotation of certificates leaves one old agent behind; more than a few would be a leak. */
const AGENTS_MAX = 4
/** Probes of an idle connection, so that the kernel notices a peer that is gone. */
const KEEP_ALIVE_MS = 30_000
/** The kubelet replaces a token long before the old one ends; a 401 has it read at once. */
const FRESH_MS = 10_000
