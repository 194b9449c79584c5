import { type IpAddress, type IpNetwork, isWithin, parseIpAddress, parseIpNetwork } from './ip-address.ts'

/** The header in which proxies say for whom they ask; the other one may come from anybody, and is not looked at. */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded'

/** The networks in a list with commas. @returns the part that is none as `fault` */
export function parseNetworks(
  text: string,
): { readonly networks: readonly IpNetwork[] } | { readonly fault: string } {
  const parts = text.split(',').map((part) => part.trim())
  const networks: IpNetwork[] = []
  for (const part of parts.filter((one) => one !== '')) {
    const network = parseIpNetwork(part)
    if (network === undefined) return { fault: part }
    networks.push(network)
  }
  return { networks }
}

export function isTrusted(networks: readonly IpNetwork[], address: IpAddress): boolean {
  return networks.some((network) => isWithin(network, address))
}

/**
 * Who asks behind trusted proxies. Each proxy adds on the right whom it was asked by, so only what stands right of the first
 * stranger was written by somebody who is trusted; what is left of him is what he says of himself.
 *
 *     X-Forwarded-For: 10.9.9.9, 203.0.113.7, 10.0.0.2      from the proxy 10.0.0.1, trusted: 10.0.0.0/8
 *                      (invented)  └─ the client   └─ trusted
 *
 * What cannot be read ends the walk: the last one that could be is the client.
 */
export function clientBehind(
  networks: readonly IpNetwork[],
  peer: IpAddress,
  header: ForwardedHeader,
  text: string,
): IpAddress {
  let client = peer
  let end = text.length
  for (let hop = 0; hop < HOPS_MAX && end > 0; hop += 1) {
    const comma = lastComma(text, end)
    const next = hopAddress(header, text.slice(comma + 1, end).trim())
    if (next === undefined) return client
    client = next
    if (!isTrusted(networks, client)) return client
    end = comma
  }
  return client
}

/** Read from the right: what a client writes on the left, an open quotation mark say, must not change what proxies added. */
function lastComma(text: string, end: number): number {
  let quoted = false
  for (let at = end - 1; at >= 0; at -= 1) {
    if (text[at] === '"' && !isEscaped(text, at)) quoted = !quoted
    else if (text[at] === ',' && !quoted) return at
  }
  return -1
}

/** A proxy that passes on a name of the client's choice escapes the quotation marks in it. */
function isEscaped(text: string, at: number): boolean {
  let escapes = 0
  while (text[at - 1 - escapes] === '\\') escapes += 1
  return escapes % 2 === 1
}

/** The hop itself, or what stands behind `for=`; with or without a port. */
function hopAddress(header: ForwardedHeader, hop: string): IpAddress | undefined {
  const node = header === 'forwarded' ? forOf(hop) : hop
  if (node === undefined) return undefined
  const [, bracketed] = BRACKETED.exec(node) ?? []
  const [, withPort] = IPV4_WITH_PORT.exec(node) ?? []
  return parseIpAddress(bracketed ?? withPort ?? node)
}

/**
 * `for=` of a forwarded-element (RFC 7239 section 4). Pair by pair, because what a client chose may stand in another one:
 * `host="a;for=192.0.2.1";for=203.0.113.7`. undefined where a pair cannot be read.
 */
function forOf(element: string): string | undefined {
  let at = 0
  while (at < element.length) {
    PAIR.lastIndex = at
    const [whole, name = '', value = ''] = PAIR.exec(element) ?? []
    if (whole === undefined) return undefined
    if (name.toLowerCase() === 'for') return value.replaceAll('"', '')
    at += whole.length
  }
  return undefined
}

const PAIR = /\s*([a-z0-9!#$%&'*+.^_`|~-]+)=("(?:[^"\\]|\\.)*"|[^;",\s]*)\s*(?:;|$)/iy
const BRACKETED = /^\[([^\]]{2,64})\](?::\d{1,5})?$/
const IPV4_WITH_PORT = /^([\d.]{7,15}):\d{1,5}$/
/** More proxies than any request passes. A client inside a trusted network could make us read a header of 16 KB. */
const HOPS_MAX = 16
