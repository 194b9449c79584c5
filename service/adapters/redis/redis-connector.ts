import { connect as connectPlain, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectEncrypted } from 'node:tls'
import { AbstractConnector } from 'ioredis'

interface Target {
  readonly host: string
  readonly port: number
  readonly family?: number
  readonly tls?: ConnectionOptions
  readonly disconnectTimeout: number
}

/**
 * Opens connections for ioredis as its own connector does, but listens for errors until the end. Its own listens once, and
 * a TLS handshake that is broken off can tell two: that the certificate is not trusted, and what the server thinks of the
 * farewell. With nobody there to hear the second one the process would end.
 */
export class RedisConnector extends AbstractConnector {
  readonly #target: Target

  constructor(options: unknown) {
    const target = options as Target
    super(target.disconnectTimeout)
    this.#target = target
  }

  override async connect(): Promise<Socket> {
    this.connecting = true
    // ioredis may give it up in the same turn, and then expects no connection.
    await Promise.resolve()
    if (!this.connecting) throw new Error('Connection is closed.')
    const { host, port, family, tls } = this.#target
    const address = { host, port, ...(family !== undefined && { family }) }
    const stream = tls === undefined ? connectPlain(address) : connectEncrypted({ ...address, ...tls })
    stream.on('error', (error) => {
      this.firstError ??= error
    })
    this.stream = stream
    return stream
  }
}
