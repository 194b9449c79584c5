/** Eight groups of 16 bits. An IPv4 address is its mapped form ::ffff:a.b.c.d, in whichever form it was written. */
export type IpAddress = readonly number[]

/** All addresses that begin with the same bits. */
export interface IpNetwork {
  readonly address: IpAddress
  /** Of 128. */
  readonly bits: number
}

/** undefined: it is none. The zone of a link-local address (`%eth0`) is left out. */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (text.length > TEXT_MAX) return undefined
  if (!text.includes(':')) {
    const pair = parseIpv4(text)
    return pair && [0, 0, 0, 0, 0, MAPPED, ...pair]
  }
  const [address = ''] = text.split('%', 1)
  const halves = address.split('::')
  const [head, tail] = [parseGroups(halves[0] ?? ''), parseGroups(halves[1] ?? '')]
  if (head === undefined || tail === undefined || halves.length > 2) return undefined
  // Only the end of an address may be written as IPv4.
  if (halves.length === 2 && halves[0]?.includes('.')) return undefined
  const missing = GROUPS - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  return [...head, ...Array<number>(missing).fill(0), ...tail]
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. undefined: it is none of these. */
export function parseIpNetwork(text: string): IpNetwork | undefined {
  const [addressText = '', bitsText, ...rest] = text.split('/')
  const address = parseIpAddress(addressText)
  if (address === undefined || rest.length > 0) return undefined
  if (bitsText === undefined) return { address, bits: ADDRESS_BITS }
  if (!/^\d{1,3}$/.test(bitsText)) return undefined
  const bits = Number(bitsText) + (addressText.includes(':') ? 0 : IPV4_BEFORE)
  return bits <= ADDRESS_BITS ? { address, bits } : undefined
}

export function isWithin(network: IpNetwork, address: IpAddress): boolean {
  for (let at = 0; at < GROUPS; at += 1) {
    const counted = Math.min(Math.max(network.bits - at * GROUP_BITS, 0), GROUP_BITS)
    const mask = (0xffff << (GROUP_BITS - counted)) & 0xffff
    if (((network.address[at] ?? 0) & mask) !== ((address[at] ?? 0) & mask)) return false
  }
  return true
}

/**
 * What stands for one client: an IPv4 address, or the /64 of an IPv6 one, because the 2^64 addresses in it are usually given
 * to one customer (RFC 6177), who could use another one for every request.
 */
export function clientNameOf(address: IpAddress): string {
  if (isWithin(MAPPED_IPV4, address)) {
    const [high = 0, low = 0] = address.slice(6)
    return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`
  }
  const prefix = address.slice(0, 4).map((group) => group.toString(16))
  return `${prefix.join(':')}::/64`
}

/** The same of an address as text; a connection that is gone has none. */
export function clientNameAt(text = ''): string {
  const address = parseIpAddress(text)
  return address === undefined ? 'unknown' : clientNameOf(address)
}

/** Two groups. Without leading zeros: some read them as octal. */
function parseIpv4(text: string): readonly number[] | undefined {
  const [, ...parts] = IPV4.exec(text) ?? []
  const [a, b, c, d] = parts.map(Number)
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined
  return Math.max(a, b, c, d) > 255 ? undefined : [a * 256 + b, c * 256 + d]
}

/** `2001:db8` or `ffff:1.2.3.4`; nothing at all is no group. */
function parseGroups(text: string): readonly number[] | undefined {
  if (text === '') return []
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const ipv4 = last.includes('.') ? parseIpv4(last) : []
  if (ipv4 === undefined) return undefined
  const hex = last.includes('.') ? parts.slice(0, -1) : parts
  if (!hex.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return undefined
  return [...hex.map((part) => Number.parseInt(part, 16)), ...ipv4]
}

const IPV4 = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/
/** 45 characters and a zone; longer is none, and not worth looking at. */
const TEXT_MAX = 64
const GROUPS = 8
const GROUP_BITS = 16
const ADDRESS_BITS = 128
const IPV4_BEFORE = 96
const MAPPED = 0xffff
const MAPPED_IPV4: IpNetwork = { address: [0, 0, 0, 0, 0, MAPPED, 0, 0], bits: IPV4_BEFORE }
