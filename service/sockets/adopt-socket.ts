import { Socket } from 'node:net'

/** Private in Node, and there since its beginnings; where it is not, nothing is adopted. */
interface WithHandle {
  _handle?: unknown
}

/** What Node's constructor takes for a handle, beside what its types say. */
interface AdoptOptions {
  readonly handle: unknown
  readonly onread: { readonly buffer: Uint8Array; readonly callback: (length: number) => boolean }
  readonly allowHalfOpen: true
}

/**
 * The same connection as a socket that reads into `buffer` and calls `onRead` with the length; false from it stops the
 * reading until `resume`. Node offers this (`onread`) for sockets that connect only: an accepted one would get a new
 * buffer and an event for every read, a fifth of what a small command costs. undefined where that cannot be had:
 * `accepted` is as it was. `accepted` must not read yet (pauseOnConnect).
 */
export function adoptSocket(
  accepted: Socket,
  buffer: Uint8Array,
  onRead: (length: number) => boolean,
): Socket | undefined {
  const from = accepted as unknown as WithHandle
  const handle = from._handle
  // With overlapped I/O the system writes into the buffer later, and all connections share one.
  if (typeof handle !== 'object' || handle === null || process.platform === 'win32') return undefined
  const options: AdoptOptions = { handle, onread: { buffer, callback: onRead }, allowHalfOpen: true }
  from._handle = null
  // Without its handle this ends only the object, and takes it off the server's count.
  accepted.destroy()
  return new Socket(options as ConstructorParameters<typeof Socket>[0])
}
