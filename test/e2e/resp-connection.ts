import { connect, type Socket } from 'node:net'
import { AskFailed } from './ask-ids.ts'

interface Talk {
  /** Answers that are to come. */
  wanted: number
  readonly resolve: (last: string) => void
  readonly reject: (failure: AskFailed) => void
  readonly timer: NodeJS.Timeout
}

/** A connection to a server of the Redis protocol, as little of it as a caller for single IDs needs. */
export class RespConnection {
  readonly #socket: Socket
  #text = ''
  #talk: Talk | undefined
  #ended = false

  constructor(host: string, port: number) {
    this.#socket = connect({ host, port, noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#take(text))
    this.#socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#fail(error.code ?? error.message, error.message),
    )
    for (const event of ['end', 'close'] as const)
      this.#socket.on(event, () => this.#fail('cut off', 'the connection ended before the answer'))
  }

  /** false: the server has ended it, or it failed. With an answer to nothing it stays open, so that `ask` tells of it. */
  get open(): boolean {
    return !this.#ended || this.#text !== ''
  }

  /** Sends the commands at once and resolves with the answer to the last one. @throws AskFailed */
  ask(commands: readonly (readonly string[])[]): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.#text !== '') return reject(new AskFailed('unasked', `an answer to nothing: ${this.#text}`))
      const timer = setTimeout(() => this.#fail('late', `no answer within ${LIMIT_MS} ms`), LIMIT_MS)
      this.#talk = { wanted: commands.length, resolve, reject, timer }
      this.#socket.write(commands.map(encoded).join(''))
    })
  }

  close(): void {
    this.#fail('closed', 'the caller itself closed the connection')
  }

  #take(text: string): void {
    this.#text += text
    while (this.#talk !== undefined) {
      const reply = readReply(this.#text)
      if (reply === undefined) return
      this.#text = this.#text.slice(reply.length)
      if (reply.error) return this.#fail(codeOf(reply.text), reply.text)
      this.#talk.wanted -= 1
      if (this.#talk.wanted === 0) this.#done(reply.text)
    }
  }

  #done(last: string): void {
    const talk = this.#talk
    this.#talk = undefined
    clearTimeout(talk?.timer)
    talk?.resolve(last)
  }

  /** The end of the connection; a failure only for who waits for an answer. */
  #fail(code: string, message: string): void {
    const talk = this.#talk
    this.#ended = true
    this.#talk = undefined
    if (talk !== undefined) this.#text = ''
    this.#socket.destroy()
    clearTimeout(talk?.timer)
    talk?.reject(new AskFailed(code, message))
  }
}

interface Reply {
  readonly text: string
  readonly error: boolean
  /** Of the whole reply, as it was sent. */
  readonly length: number
}

/** The first reply in what has come; undefined: it is not whole yet. */
function readReply(text: string): Reply | undefined {
  const end = text.indexOf('\r\n')
  if (end < 0) return undefined
  const line = text.slice(1, end)
  if (!text.startsWith('$')) return { text: line, error: text.startsWith('-'), length: end + 2 }
  const from = end + 2
  const length = from + Number(line) + 2
  if (text.length < length) return undefined
  return { text: text.slice(from, length - 2), error: false, length }
}

/** The code of idgen stands behind the word that Redis clients choose by. */
function codeOf(error: string): string {
  return /IDGEN_[A-Z_]+/.exec(error)?.[0] ?? error.split(' ', 1)[0] ?? error
}

function encoded(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return `*${words.length}\r\n${parts.join('')}`
}

/** As of the other callers. */
const LIMIT_MS = 8000
