import type { RespVersion } from './reply-buffer.ts'

/** What a connection has said of itself. */
export class Session {
  /** As CLIENT ID tells it; unique in this server. */
  readonly id: number
  version: RespVersion = 2
  /** By CLIENT SETNAME; '' without one. */
  name = ''
  /** The key of the last AUTH that was right, and its keyDigest. */
  keyText: string | undefined
  keyDigest: string | undefined

  constructor(id: number) {
    this.id = id
  }

  /** RESET: as a new connection. */
  reset(): void {
    this.version = 2
    this.name = ''
    this.keyText = undefined
    this.keyDigest = undefined
  }
}
