import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectSecure } from 'node:tls'
import { RespParser, type RespReply } from './resp-parser.ts'

interface Pending {
  readonly resolve: (reply: RespReply) => void
  readonly reject: (error: Error) => void
}

/** One connection: commands go out at once, answers come back in their order. */
export class RespConnection {
  readonly #socket: Socket
  readonly #parser = new RespParser()
  readonly #pending: Pending[] = []
  #failed: Error | undefined
  #retired = false

  /** `url`: redis://host:port, or rediss:// with TLS. */
  constructor(url: string, ca: string | undefined) {
    const { hostname, port, protocol } = new URL(url)
    const host = hostname.replace(/^\[|\]$/g, '')
    const address = { host, port: Number(port || DEFAULT_PORT) }
    this.#socket =
      protocol === 'rediss:'
        ? // SNI takes names only, and an address in brackets is on no certificate.
          connectSecure({
            ...address,
            servername: isIP(host) === 0 ? host : '',
            ...(ca !== undefined && { ca }),
          })
        : connectPlain(address)
    this.#socket.setNoDelay(true)
    // A block that is fetched ahead must not hold a process that has nothing else to do.
    this.#socket.unref()
    this.#socket.on('data', (piece: Buffer) => this.#read(piece))
    this.#socket.on('error', (error) => this.destroy(error))
    this.#socket.on('close', () => this.destroy(new Error('the connection was closed')))
  }

  get usable(): boolean {
    return this.#failed === undefined && !this.#retired
  }

  /** Ends once what is under way has its answers. */
  retire(): void {
    this.#retired = true
    if (this.#pending.length === 0) this.destroy(new Error('the connection is used no more'))
  }

  /** The answers to the commands, in one go: one write, however many. */
  send(commands: readonly (readonly string[])[]): Promise<RespReply[]> {
    const failed = this.#failed
    if (failed !== undefined) return Promise.reject(failed)
    this.#socket.write(commands.map(commandText).join(''))
    return Promise.all(
      commands.map(
        () => new Promise<RespReply>((resolve, reject) => this.#pending.push({ resolve, reject })),
      ),
    )
  }

  /** What is under way fails: an answer that is not waited for any more would be taken for that of another command. */
  destroy(error: Error): void {
    this.#failed ??= error
    this.#socket.destroy()
    for (const { reject } of this.#pending.splice(0)) reject(this.#failed)
  }

  #read(piece: Buffer): void {
    try {
      for (const reply of this.#parser.push(piece)) {
        const pending = this.#pending.shift()
        if (pending === undefined) throw new Error('an answer came to which there was no command')
        pending.resolve(reply)
      }
      if (this.#retired) this.retire()
    } catch (error) {
      this.destroy(error as Error)
    }
  }
}

function commandText(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
}

const DEFAULT_PORT = 6399
