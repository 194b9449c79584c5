import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'
import { apiKeyOf } from './api-key-header.ts'
import type { ConnectionDigests } from './connection-digests.ts'

/** What the head of a request says to SingleId. */
export interface KnownHead {
  readonly headers: IncomingHttpHeaders
  /** Nothing in it changes what the body means, or what the client waits for. */
  readonly isPlain: boolean
  /** The text of Content-Length where there is a body. */
  readonly bodyLength: string | undefined
  readonly hasType: boolean
  readonly keyText: string | undefined
  /** undefined: no key, or a text that can be none. */
  readonly digest: string | undefined
  /** As clientDcOf says. */
  readonly clientDc: number
}

/**
 * A connection says the same in each request, but for its URL and its body: what that means is found out once, and then only
 * compared (0.1 µs where reading it took 0.5). The last head of each connection, forgotten with it.
 */
export class KnownHeads {
  readonly #last = new WeakMap<Socket, { readonly raw: readonly string[]; readonly head: KnownHead }>()
  readonly #digests: ConnectionDigests

  constructor(digests: ConnectionDigests) {
    this.#digests = digests
  }

  of(request: IncomingMessage): KnownHead {
    const { rawHeaders: raw, socket } = request
    const last = this.#last.get(socket)
    if (last !== undefined && saysTheSame(raw, last.raw)) return last.head
    const head = this.#read(request)
    if (isSmall(raw)) this.#last.set(socket, { raw, head })
    return head
  }

  #read({ headers, socket }: IncomingMessage): KnownHead {
    const { 'content-type': type, 'content-length': length } = headers
    const keyText = apiKeyOf(headers)
    return {
      headers,
      isPlain:
        (type === undefined || JSON_TYPES.has(type)) &&
        headers['transfer-encoding'] === undefined &&
        headers['content-encoding'] === undefined &&
        headers.expect === undefined,
      bodyLength: length === '0' ? undefined : length,
      hasType: type !== undefined,
      keyText,
      digest: this.#digests.of(socket, keyText),
      clientDc: clientDcOf(headers[CLIENT_DC_HEADER]),
    }
  }
}

/** Names and values in turn, as they came. */
function saysTheSame(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false
  return true
}

/** What each of some thousand connections may keep: usual heads have 300 characters, the largest that Node takes 16 KB. */
function isSmall(raw: readonly string[]): boolean {
  return raw.length <= TEXTS_MAX && raw.reduce((sum, { length }) => sum + length, 0) <= CHARACTERS_MAX
}

const TEXTS_MAX = 64
const CHARACTERS_MAX = 2048
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/json; charset=utf-8'])
