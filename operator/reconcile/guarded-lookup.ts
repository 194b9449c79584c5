import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isLinkLocalAddress, NOT_LINK_LOCAL } from '../core/link-local-host.ts'

/** As `dns.lookup` with all addresses of a name. */
export type AllAddresses = (
  hostname: string,
  options: { readonly all: true },
  answer: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

interface LookupGuard {
  /** Default: that of the machine. */
  readonly lookup?: AllAddresses
  readonly refuses?: (address: string) => boolean
}

/**
 * Looks up a name for a connection, and fails where one of its addresses is link-local. What is looked at is what is
 * connected to: a name that leads elsewhere a moment later gains nothing. An address in the URL itself is never looked up.
 */
export function guardedLookup({
  lookup = systemLookup,
  refuses = isLinkLocalAddress,
}: LookupGuard = {}): LookupFunction {
  return (hostname, { all, family, hints }, callback) => {
    const options = { all: true, ...(family && { family }), ...(hints && { hints }) } as const
    lookup(hostname, options, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const refused = addresses.find(({ address }) => refuses(address))
      const [first] = addresses
      if (refused !== undefined)
        callback(new Error(`${hostname} is ${refused.address}, and ${NOT_LINK_LOCAL}`), [])
      else if (first === undefined) callback(new Error(`${hostname} has no address`), [])
      else if (all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}
