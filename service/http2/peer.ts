import { certificateTextOf } from '../sockets/client-certificate.ts'

/** The other end of a connection. */
export interface Peer {
  readonly address: string
  /** The certificate that the client showed (sockets/client-certificate.ts). */
  readonly certificateText: string | undefined
}

export function peerOf(socket: { readonly remoteAddress?: string | undefined }): Peer {
  return { address: socket.remoteAddress ?? '', certificateText: certificateTextOf(socket) }
}
