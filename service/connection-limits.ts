import type { ClientAddresses } from './app/client-addresses.ts'
import type { Config } from './config/keys.ts'
import { ConnectionPlaces } from './sockets/connection-places.ts'
import type { ConnectionTable, Protocol } from './sockets/connection-table.ts'

/** How many may be open in this process, as data. */
export interface ConnectionLimits {
  readonly max: Readonly<Record<Protocol, number>>
  readonly maxPerAddress: number
}

export function connectionLimits({ server }: Config): ConnectionLimits {
  const { http, grpc, resp, maxConnectionsPerAddress: maxPerAddress } = server
  return {
    max: { http: http.maxConnections, grpc: grpc.maxConnections, resp: resp.maxConnections },
    maxPerAddress,
  }
}

/** The places of the listeners of one thread. Trusted proxies stand for many clients, so they are not counted by address. */
export function connectionPlaces(
  { max, maxPerAddress }: ConnectionLimits,
  table: ConnectionTable,
  row: number,
  addresses: ClientAddresses,
): Readonly<Record<Protocol, ConnectionPlaces>> {
  const nameOf = (address: string | undefined): string | undefined => {
    const { name, proxy } = addresses.peerAt(address)
    return proxy === undefined ? name : undefined
  }
  const places = (protocol: Protocol): ConnectionPlaces =>
    new ConnectionPlaces({ table, row, protocol, max: max[protocol], maxPerAddress, nameOf })
  return { http: places('http'), grpc: places('grpc'), resp: places('resp') }
}
