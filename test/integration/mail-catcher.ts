import { createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { createSecureContext, TLSSocket } from 'node:tls'
import { type SelfSigned, selfSigned } from '../fixtures/self-signed.ts'

/** A message as it came, and when. */
export interface CaughtMail {
  readonly atMs: number
  readonly to: string
  /** Head and body, as they were sent. */
  readonly text: string
}

/**
 * A mail server (RFC 5321) that keeps what it takes: it offers STARTTLS, and behind it takes one name and password and
 * no mail without them.
 */
export class MailCatcher {
  readonly mails: CaughtMail[] = []
  readonly certificate: SelfSigned = selfSigned('mail')
  readonly #secret: string
  #port = 0

  private constructor(user: string, password: string) {
    this.#secret = Buffer.from(`\0${user}\0${password}`).toString('base64')
  }

  static async start(t: TestContext, user: string, password: string): Promise<MailCatcher> {
    const catcher = new MailCatcher(user, password)
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
      socket.write('220 localhost ESMTP\r\n')
      new MailSession(catcher, catcher.#secret).speak(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const address = server.address()
    catcher.#port = typeof address === 'object' && address !== null ? address.port : 0
    return catcher
  }

  get address(): string {
    return `localhost:${this.#port}`
  }
}

/** One client's conversation. */
class MailSession {
  readonly #catcher: MailCatcher
  readonly #secret: string
  #socket: Socket | undefined
  #buffered = ''
  #encrypted = false
  #known = false
  #to = ''
  /** Lines of the message that is coming; undefined: commands come. */
  #message: string[] | undefined

  constructor(catcher: MailCatcher, secret: string) {
    this.#catcher = catcher
    this.#secret = secret
  }

  speak(socket: Socket): void {
    this.#socket = socket
    this.#buffered = ''
    socket.on('data', (bytes: Buffer) => this.#take(socket, bytes.toString('latin1')))
  }

  #take(socket: Socket, text: string): void {
    this.#buffered += text
    for (;;) {
      const end = this.#buffered.indexOf('\r\n')
      // What was read before the change to TLS belongs to nobody.
      if (end < 0 || this.#socket !== socket) return
      const line = this.#buffered.slice(0, end)
      this.#buffered = this.#buffered.slice(end + 2)
      if (this.#message === undefined) this.#command(socket, line)
      else this.#line(socket, this.#message, line)
    }
  }

  #line(socket: Socket, message: string[], line: string): void {
    if (line !== '.') return void message.push(line.startsWith('..') ? line.slice(1) : line)
    this.#catcher.mails.push({ atMs: Date.now(), to: this.#to, text: message.join('\n') })
    this.#message = undefined
    socket.write('250 kept\r\n')
  }

  #command(socket: Socket, line: string): void {
    const word = line.split(' ', 1)[0]?.toUpperCase()
    if (word === 'EHLO')
      socket.write(`250-localhost\r\n250 ${this.#encrypted ? 'AUTH PLAIN' : 'STARTTLS'}\r\n`)
    else if (word === 'STARTTLS') this.#encrypt(socket)
    else if (word === 'AUTH') {
      this.#known = this.#encrypted && line === `AUTH PLAIN ${this.#secret}`
      socket.write(this.#known ? '235 welcome\r\n' : '535 not with these\r\n')
    } else if (word === 'QUIT') socket.end('221 bye\r\n')
    else if (!this.#known) socket.write('530 who are you?\r\n')
    else if (word === 'DATA') {
      this.#message = []
      socket.write('354 go on\r\n')
    } else {
      if (word === 'RCPT') this.#to = /<(.*)>/.exec(line)?.[1] ?? ''
      socket.write('250 well\r\n')
    }
  }

  #encrypt(socket: Socket): void {
    socket.removeAllListeners('data')
    socket.write('220 go ahead\r\n')
    const secureContext = createSecureContext(this.#catcher.certificate)
    const encrypted = new TLSSocket(socket, { isServer: true, secureContext })
    encrypted.on('error', () => socket.destroy())
    this.#encrypted = true
    this.speak(encrypted)
  }
}
