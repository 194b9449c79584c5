import { IdgenError } from '../core/errors.ts'
import { clientNameOf, type IpAddress, type IpNetwork, parseIpAddress } from '../core/ip-address.ts'
import { clientBehind, type ForwardedHeader, isTrusted, parseNetworks } from '../core/trusted-proxies.ts'

export interface ProxySettings {
  /** Addresses and networks with commas between; '' for none. */
  readonly trustedProxies: string
  readonly forwardedHeader: ForwardedHeader
}

/** The other end of a connection. */
export interface Peer {
  /** Under which it is counted, unless it asks for somebody else. */
  readonly name: string
  /** A trusted proxy: what it says in `header` counts. */
  readonly proxy: IpAddress | undefined
}

/** What is looked at of a request over HTTP; node:http's own fits. */
export interface AddressedRequest {
  readonly socket: { readonly remoteAddress?: string | undefined }
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Who asks, by address, as the limits count it: an IPv4 address or the /64 of an IPv6 one. */
export class ClientAddresses {
  #networks: readonly IpNetwork[] = []
  #header: ForwardedHeader = 'x-forwarded-for'
  #settings: ProxySettings
  /** What was found out of connections; forgotten with them, and when the proxies change. */
  #known = new WeakMap<object, Peer>()

  /** @throws IDGEN_CONFIG_INVALID */
  constructor(settings: ProxySettings) {
    this.#settings = settings
    this.configure(settings)
  }

  /** Live configuration: counts from the next request on, of connections that are open too. @throws IDGEN_CONFIG_INVALID */
  configure({ trustedProxies, forwardedHeader }: ProxySettings): void {
    const isSame =
      trustedProxies === this.#settings.trustedProxies && forwardedHeader === this.#settings.forwardedHeader
    const parsed = parseNetworks(trustedProxies)
    // Loading the configuration has refused it before.
    if ('fault' in parsed)
      throw new IdgenError('IDGEN_CONFIG_INVALID', `server.trustedProxies has ${parsed.fault}, no network.`)
    if (!isSame) this.#settings = { trustedProxies, forwardedHeader }
    this.#networks = parsed.networks
    this.#header = forwardedHeader
    this.#known = new WeakMap()
  }

  /** As configured last; another object after each change. */
  get settings(): ProxySettings {
    return this.#settings
  }

  /** Where a trusted proxy says for whom it asks. */
  get header(): ForwardedHeader {
    return this.#header
  }

  /** The other end of a connection, which is any object that lives as long. One look-up after its first request. */
  peerOf(connection: object, address: string | undefined): Peer {
    const known = this.#known.get(connection)
    if (known !== undefined) return known
    const peer = this.peerAt(address)
    this.#known.set(connection, peer)
    return peer
  }

  /** The same where nothing stands for the connection. */
  peerAt(address = ''): Peer {
    const parsed = parseIpAddress(address)
    // A connection that is gone has no address any more, and nobody waits for its answer.
    if (parsed === undefined) return UNKNOWN
    return {
      name: clientNameOf(parsed),
      proxy: isTrusted(this.#networks, parsed) ? parsed : undefined,
    }
  }

  /** Who asks by a request over HTTP. */
  clientOf({ socket, headers }: AddressedRequest): string {
    const peer = this.peerOf(socket, socket.remoteAddress)
    if (peer.proxy === undefined) return peer.name
    const forwarded = headers[this.#header]
    return this.nameOf(peer, Array.isArray(forwarded) ? forwarded.join() : forwarded)
  }

  /** Who is counted; `forwarded` is the value of `header`, several of them joined by commas. */
  nameOf({ name, proxy }: Peer, forwarded: string | undefined): string {
    if (proxy === undefined || forwarded === undefined) return name
    return clientNameOf(clientBehind(this.#networks, proxy, this.#header, forwarded))
  }
}

const UNKNOWN: Peer = { name: 'unknown', proxy: undefined }
