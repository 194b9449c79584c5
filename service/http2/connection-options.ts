import type { HeldTotal } from './held-bytes.ts'
import type { SocketOutputOptions } from './socket-output.ts'
import type { Stream, StreamHandler } from './stream.ts'

export interface ConnectionOptions extends SocketOutputOptions {
  /** Who answers a request whose head has come. */
  readonly open: (stream: Stream) => StreamHandler
  /**
   * Bytes that may be kept for one client: answers that its windows keep back, and parts of messages. Beyond, requests
   * are refused, and one that stays there for a minute is cut off.
   */
  readonly maxHeldBytes: number
  readonly heldTotal: HeldTotal
  /** A fault of ours that ended the connection. */
  readonly onFault: (error: unknown) => void
}
