/**
 * Whether `hostname`, as a URL has it (so in its one normal spelling), is an address that leads no further than the node's own
 * network: there clouds tell machines their credentials, and no Prometheus stands. IPv4 within IPv6 is what it is within.
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

const LINK_LOCAL: readonly RegExp[] = [
  /^169\.254\.\d+\.\d+\.?$/,
  // fe80::/10
  /^\[fe[89ab][0-9a-f]:/,
  // ::/96, mapped ::ffff:0:0/96, translated ::ffff:0:0:0/96, NAT64 64:ff9b::/96
  /^\[(?:::(?:ffff:(?:0:)?)?|64:ff9b::)a9fe:[0-9a-f]{1,4}\]$/,
  // 6to4
  /^\[2002:a9fe:/,
  // What a large cloud has in the place of 169.254.169.254.
  /^\[fd00:ec2::254\]$/,
]
