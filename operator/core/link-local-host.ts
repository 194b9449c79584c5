/**
 * Whether `hostname`, as a URL has it (so in its one normal spelling), is an address that leads no further than the node's own
 * network, or another at which a cloud tells machines their credentials: no Prometheus stands there. IPv4 within IPv6 is what it
 * is within.
 */
export function isLinkLocalHost(hostname: string): boolean {
  return LINK_LOCAL.some((pattern) => pattern.test(hostname))
}

/** The same of an address as a resolver gives it, which may name an interface (fe80::1%eth0). */
export function isLinkLocalAddress(address: string): boolean {
  const [bare = ''] = address.split('%')
  const url = URL.parse(bare.includes(':') ? `http://[${bare}]` : `http://${bare}`)
  // What is no address leads nowhere that anybody knows.
  return url === null || isLinkLocalHost(url.hostname)
}

/** Why one is refused, for people. */
export const NOT_LINK_LOCAL = 'no Prometheus has a link-local address, nor one of a cloud’s metadata'

const LINK_LOCAL: readonly RegExp[] = [
  /^169\.254\.\d+\.\d+\.?$/,
  // fe80::/10
  /^\[fe[89ab][0-9a-f]:/,
  // ::/96, mapped ::ffff:0:0/96, translated ::ffff:0:0:0/96, NAT64 64:ff9b::/96
  /^\[(?:::(?:ffff:(?:0:)?)?|64:ff9b::)a9fe:[0-9a-f]{1,4}\]$/,
  // 6to4
  /^\[2002:a9fe:/,
  // What two large clouds have in the place of 169.254.169.254, the second within IPv6 as above, too.
  /^\[fd00:ec2::254\]$/,
  /^100\.100\.100\.200\.?$/,
  /^\[(?:::(?:ffff:(?:0:)?)?|64:ff9b::)6464:64c8\]$/,
  /^\[2002:6464:64c8:/,
]
