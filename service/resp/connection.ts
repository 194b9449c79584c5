import type { Caller } from '../app/authenticator.ts'
import type { CallerPlaces } from '../app/rate-limits.ts'
import { clientNameAt } from '../core/ip-address.ts'
import type { Span } from '../ports/tracer.ts'
import { certificateTextOf } from '../sockets/client-certificate.ts'
import type { ClientSocket } from '../sockets/client-socket.ts'
import { DirectWriter } from '../sockets/direct-writer.ts'
import { BURST_MAX, Burst } from './burst.ts'
import type { Answer, CommandContext } from './command.ts'
import { BROKEN } from './command-parser.ts'
import { ConnectionLooks } from './connection-looks.ts'
import { FLUSH_AT_BYTES, LAST_COMMAND_MS, LINGER_MS, QUIET_MS, SLOW } from './connection-terms.ts'
import { plainErrorLine } from './error-line.ts'
import { type InputBytes, inputBytes } from './input-bytes.ts'
import { runCommand } from './run-command.ts'
import { Session } from './session.ts'
import { singleIdForm } from './single-id.ts'
import type { StalledClient } from './stalled-clients.ts'
import { strangersError } from './strangers-error.ts'
import { stepOf } from './traced-command.ts'
import { givesRights } from './unused-certificate.ts'
import { READ_BYTES, type Workplace } from './workplace.ts'

/**
 * One client. Commands are answered strictly in order: where one must wait for a grant, those behind it wait too, unread.
 *
 *     read ──▶ [command that began earlier][bytes of this read] ──▶ bursts and other commands ──▶ one write
 *                        │ incomplete                                       │ waits: what follows is kept,
 *                        ▼                                                  ▼ and nothing more is read
 *                      #rest ◀───────────────────────────────────────────── #rest
 */
export class Connection {
  readonly #socket: ClientSocket
  readonly #writer: DirectWriter
  readonly #work: Workplace
  readonly #session: Session
  readonly #context: CommandContext
  /** Answers are sent encrypted, and so copied on the way anyhow. */
  readonly #encrypted: boolean
  /** Bytes that are not answered yet. */
  #rest: InputBytes | undefined
  #restFrom = 0
  #restEnd = 0
  /** A command waits. */
  #waiting = false
  /** While the client does not read its answers nothing is read of it. Left out: it always has. */
  #stall: StalledClient | undefined
  /** Ends as soon as all that came is answered. */
  #retired = false
  /** What is incomplete stays so: the rest will not come, or is not waited for any longer. */
  #inputEnded = false
  #ended = false
  readonly #looks = new ConnectionLooks()

  constructor(socket: ClientSocket, id: number, work: Workplace, encrypted: boolean) {
    this.#socket = socket
    this.#writer = new DirectWriter(socket, !encrypted, () => this.#unstall())
    this.#work = work
    this.#encrypted = encrypted
    this.#session = new Session(id, clientNameAt(socket.remoteAddress), certificateTextOf(socket))
    const { replies: out, issuer, tracer, limits, counters, version, listNodes } = work
    const end = (): void => this.#end()
    const known = { issuer, tracer, limits, counters, version, listNodes }
    this.#context = { session: this.#session, out, ...known, end }
  }

  /** Called now and then, `everyMs` apart: ends it where it is silent for longer than `idleMs` (0: never), slow, or nobody's. */
  look(everyMs: number, idleMs: number): void {
    if (this.#ended) return
    const { issuer, counters, replies } = this.#work
    const session = this.#session
    // Once only: a look must not count as a use of the key.
    session.isKnown ||= issuer.peekCaller(session.keyText, session.keyDigest) !== undefined
    const partBytes = this.#rest === undefined || this.#isHeldUp ? 0 : this.#restEnd - this.#restFrom
    const sight = { partBytes, isWaiting: this.#waiting, isStranger: !session.isKnown }
    switch (this.#looks.look(sight, everyMs, idleMs)) {
      case 'idle':
        return void this.#socket.destroy()
      case 'slow':
        counters.late += 1
        replies.text(SLOW)
        return this.#giveUp()
      case 'stranger':
        return this.#askWho()
      case 'well':
    }
  }

  /** `length` bytes were read into the workplace's input. false: nothing more may be read until `resume`. */
  receive(length: number): boolean {
    const { input, headroom, counters } = this.#work
    counters.bytesIn += length
    this.#looks.heard()
    // After the end bytes are only taken off the line: closed with some unread, the client could lose its last answers.
    if (this.#ended) return true
    let from = headroom
    if (this.#rest !== undefined) {
      const { bytes } = this.#rest
      from -= this.#restEnd - this.#restFrom
      bytes.copy(input.bytes, from, this.#restFrom, this.#restEnd)
      this.#rest = undefined
    }
    return this.#turn(input, from, headroom + length)
  }

  /**
   * Ends between commands: with the answers of the next ones, when a client that waits for them has nothing on its way
   * to us; or after a moment in which none came. The rest of one that is not complete is waited for a little longer.
   */
  retire(): void {
    if (this.#retired) return
    this.#retired = true
    const { clock } = this.#work
    const quiet = clock.after(QUIET_MS, () => this.#endIfDone())
    const late = clock.after(LAST_COMMAND_MS, () => this.#giveUp())
    this.#socket.once('close', () => {
      quiet[Symbol.dispose]()
      late[Symbol.dispose]()
    })
  }

  /** The client has closed its side: what it sent is still answered. */
  inputEnded(): void {
    this.#giveUp()
  }

  /** The socket is closed. */
  closed(): void {
    this.#ended = true
    this.#stall?.end()
  }

  /** Answers what is complete, writes the answers, keeps the rest. Whether more may be read. */
  #turn(input: InputBytes, from: number, end: number): boolean {
    try {
      const at = this.#answer(input, from, end)
      if (at > from) this.#looks.answered()
      this.#flush()
      if (at < end) this.#keep(input, at, end)
    } catch (error) {
      // Half an answer must not reach whoever comes next.
      this.#work.replies.taken()
      this.#work.onFault(error)
      this.#socket.destroy()
      return false
    }
    if (this.#retired || this.#inputEnded) this.#endIfDone()
    return !this.#isHeldUp
  }

  /** What has come of it is not even looked at. */
  get #isHeldUp(): boolean {
    return this.#waiting || this.#stalls
  }

  /** Ends with the answers to what is complete. */
  #giveUp(): void {
    this.#inputEnded = true
    this.#endIfDone()
  }

  #askWho(): void {
    const { issuer, onFault } = this.#work
    const { keyText, client } = this.#session
    if (keyText === undefined) return this.#turnOut()
    this.#looks.waitForKey()
    givesRights(issuer, keyText, client)
      .then((isRight) => {
        if (!isRight && !this.#ended) this.#turnOut()
      })
      .catch((thrown: unknown) => onFault(thrown))
  }

  #turnOut(): void {
    this.#work.counters.late += 1
    // It may not read its answers either.
    if (this.#stalls) this.#socket.destroy()
    else this.#giveUp()
  }

  #endIfDone(): void {
    if (this.#isHeldUp) return
    if (this.#rest === undefined || this.#inputEnded) this.#end()
  }

  /** Returns where the first command begins that is not answered. */
  #answer(input: InputBytes, from: number, end: number): number {
    const { parser, names, burst, counters } = this.#work
    let at = from
    while (at < end && !this.#ended) {
      names.makeRoom(BURST_MAX)
      burst.begin()
      at = this.#gather(burst, input, at, end)
      counters.commands += burst.count
      if (burst.count > 0 && !this.#runBurst(burst)) return at
      if (this.#isStalled()) return at
      if (burst.full || at === end) continue
      const after = parser.parse(input.bytes, at, end)
      if (after === BROKEN) return this.#refuse(parser.fault, end)
      if (after < 0) return at
      at = after
      if (parser.argumentCount > 0 && !this.#runOther(input)) return at
    }
    return this.#ended ? end : at
  }

  /** Single IDs, as many as follow on one another. */
  #gather(burst: Burst, input: InputBytes, from: number, end: number): number {
    const { parser, names } = this.#work
    let at = from
    for (;;) {
      at = burst.gather(input, at, end, names)
      if (at === end || burst.full) return at
      const after = parser.parse(input.bytes, at, end)
      if (after < 0) return at
      const form = singleIdForm(parser, input.bytes)
      if (form === undefined) return at
      burst.add(names.find(input, parser.start(1), parser.length(1)), form)
      at = after
    }
  }

  /** false: it waits. */
  #runBurst(burst: Burst): boolean {
    const { tracer } = this.#work
    const parent = this.#session.takeTrace()
    if (!tracer.decide(parent)) return this.#answerBurst(burst)
    const span = tracer.begin(stepOf('burst', parent, { 'idgen.commands': burst.count }))
    return tracer.within(span, () => this.#answerBurst(burst, span))
  }

  #answerBurst(burst: Burst, span?: Span): boolean {
    const { issuer, clock } = this.#work
    const { keyText, keyDigest } = this.#session
    const nowMs = clock.nowMs()
    const caller = issuer.peekCaller(keyText, keyDigest, nowMs)
    if (caller === undefined && keyText === undefined)
      burst.failAll(strangersError(issuer.rates, this.#session.client, burst.count))
    else if (caller === undefined || !burst.take(issuer, caller, this.#placesOf(caller), nowMs)) {
      // The burst goes with the commands that wait; the next ones need another.
      this.#work.burst = new Burst()
      this.#wait(this.#late(burst, caller?.keyId).finally(() => span?.end()))
      return false
    }
    this.#finish(burst, caller?.keyId ?? 'none')
    span?.end()
    return true
  }

  async #late(burst: Burst, keyId: string | undefined): Promise<Answer> {
    const { issuer, clock } = this.#work
    let who = keyId
    try {
      if (who === undefined) {
        const caller = await issuer.authenticate(this.#session.keyText, this.#session.client)
        who = caller.keyId
        burst.take(issuer, caller, this.#placesOf(caller), clock.nowMs())
      }
      await burst.takeRest(issuer)
    } catch (thrown) {
      burst.failAll(thrown)
    }
    return () => this.#finish(burst, who ?? 'none')
  }

  #placesOf({ keyId }: Caller): CallerPlaces {
    return this.#session.placesIn(this.#work.issuer.rates, keyId)
  }

  #finish(burst: Burst, keyId: string): void {
    const { issuer, replies, limits } = this.#work
    issuer.countClients(this.#session.clientDc, burst.count)
    burst.print(replies, limits.wideIntegers)
    burst.report(issuer, keyId)
  }

  /** The command that was just parsed. false: it waits. */
  #runOther({ bytes }: InputBytes): boolean {
    const { parser, counters } = this.#work
    counters.commands += 1
    const words: string[] = []
    for (let i = 0; i < parser.argumentCount; i += 1) {
      const start = parser.start(i)
      words.push(bytes.toString('utf8', start, start + parser.length(i)))
    }
    const answer = runCommand(this.#context, words)
    if (answer === undefined) return true
    this.#wait(answer)
    return false
  }

  #wait(answer: Promise<Answer>): void {
    this.#waiting = true
    answer
      .then((write) => this.#goOn(write))
      .catch((error: unknown) => {
        this.#work.replies.taken()
        this.#work.onFault(error)
        this.#socket.destroy()
      })
  }

  /** An answer is there: written, and what stands behind it is answered. */
  #goOn(write: Answer): void {
    this.#waiting = false
    if (this.#socket.destroyed) return
    write(this.#work.replies)
    this.#continue()
  }

  /** On with what was kept; answers that stand in the workplace's buffer are written with it. */
  #continue(): void {
    const rest = this.#rest
    this.#rest = undefined
    const readOn = this.#turn(rest ?? this.#work.input, rest ? this.#restFrom : 0, rest ? this.#restEnd : 0)
    if (readOn) this.#socket.resume()
  }

  #keep(input: InputBytes, from: number, end: number): void {
    if (input === this.#work.input) {
      const kept = inputBytes(end - from)
      input.bytes.copy(kept.bytes, 0, from, end)
      this.#rest = kept
      this.#restFrom = 0
      this.#restEnd = end - from
      return
    }
    this.#rest = input
    this.#restFrom = from
    this.#restEnd = end
  }

  #flush(): void {
    const { replies, counters } = this.#work
    if (replies.length === 0) return
    const writer = this.#writer
    const queued = writer.waiting > 0
    const bytes = replies.taken()
    counters.bytesOut += bytes.length
    // Behind others it may wait long: a copy of its own size, so that small answers do not hold large buffers.
    writer.send(queued || this.#encrypted ? Buffer.from(bytes) : bytes)
    if (!queued && !this.#encrypted && writer.waiting > 0) replies.abandon()
    else replies.shrink()
    if (!this.#stalls && this.#writer.isFull) this.#beginStall()
  }

  get #stalls(): boolean {
    return this.#stall?.stalls === true
  }

  #beginStall(): void {
    const { issuer, stalled, counters } = this.#work
    const { keyText, keyDigest, client } = this.#session
    this.#stall ??= stalled.client(() => {
      counters.stalled += 1
      this.#socket.destroy()
    })
    const bytes = this.#writer.waiting + READ_BYTES
    this.#stall.begin(bytes, { keyId: issuer.peekCaller(keyText, keyDigest)?.keyId, address: client })
  }

  /** Whether the client reads too slowly for more; asked before each next command. */
  #isStalled(): boolean {
    if (this.#work.replies.length > FLUSH_AT_BYTES) this.#flush()
    return this.#stalls
  }

  #unstall(): void {
    if (!this.#stalls) return
    this.#stall?.end()
    if (!this.#waiting && !this.#ended) this.#continue()
  }

  #refuse(fault: string, end: number): number {
    const { replies, counters } = this.#work
    counters.protocolErrors += 1
    replies.text(plainErrorLine('ERR', `Protocol error: ${fault}`))
    this.#end()
    return end
  }

  /** After the answers so far. What still comes is taken off the line until the client closes, for a moment. */
  #end(): void {
    if (this.#ended) return
    this.#flush()
    this.#ended = true
    this.#socket.end()
    const late = this.#work.clock.after(LINGER_MS, () => this.#socket.destroy())
    this.#socket.once('close', () => late[Symbol.dispose]())
  }
}
