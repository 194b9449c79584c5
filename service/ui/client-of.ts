import type { FastifyRequest } from 'fastify'
import type { ClientAddresses } from '../app/client-addresses.ts'

/** Who asks, by address, as the limits count it. */
export function clientOf(addresses: ClientAddresses, { raw: { socket, headers } }: FastifyRequest): string {
  const forwarded = headers[addresses.header]
  return addresses.nameOf(
    addresses.peerOf(socket, socket.remoteAddress),
    Array.isArray(forwarded) ? forwarded.join() : forwarded,
  )
}
