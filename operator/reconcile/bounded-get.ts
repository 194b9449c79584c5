import { type IncomingMessage, request as openPlain } from 'node:http'
import { request as openSecure, type RequestOptions } from 'node:https'
import type { LookupFunction } from 'node:net'

export interface GetLimits {
  readonly timeoutMs: number
  readonly maxBytes: number
  /** Of a page over TLS; left out: the host of the URL, and the authorities that the machine trusts. */
  readonly trust?: ServerTrust
  /** How the name of the server becomes an address; left out: as the machine does it. */
  readonly lookup?: LookupFunction
}

/** How a server is known that speaks TLS, whichever address leads to it. */
export interface ServerTrust {
  readonly servername: string
  /** Authorities that sign its certificate, PEM; undefined: those that the machine trusts. */
  readonly ca: string | undefined
}

/** The text of a page of somebody who may be broken: late, endless, or not there. Throws an Error that says which. */
export type BoundedGet = (url: string, limits: GetLimits, signal: AbortSignal) => Promise<string>

/** Over a connection of its own: pods come and go, and a kept connection would outlive them. Follows no redirect. */
export const boundedGet: BoundedGet = async (url, { timeoutMs, maxBytes, trust, lookup }, outer) => {
  const limit = AbortSignal.timeout(timeoutMs)
  const signal = AbortSignal.any([outer, limit])
  try {
    const answer = await open(url, { signal, ...trust, ...(lookup && { lookup }) })
    const text = await readText(answer, maxBytes)
    const status = answer.statusCode ?? 0
    // Prometheus says in a body with 4xx what is wrong with a query; whoever reads it knows.
    if (status >= 500 || (status >= 300 && !text.startsWith('{'))) throw new Error(`status ${status}`)
    return text
  } catch (thrown) {
    outer.throwIfAborted()
    const why = limit.aborted ? `no answer within ${timeoutMs} ms` : messageOf(thrown)
    throw new Error(`${url}: ${why}`, { cause: thrown })
  }
}

function open(url: string, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = (url.startsWith('https:') ? openSecure : openPlain)(url, { agent: false, ...options })
    call.on('response', resolve)
    // It stays: an abort after the answer began is an error of both.
    call.on('error', reject)
    call.end()
  })
}

async function readText(answer: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) {
      answer.destroy()
      throw new Error(`more than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown)
}
