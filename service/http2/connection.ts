import { AbandonedStreams } from './abandoned-streams.ts'
import { ConnectionLooks } from './connection-looks.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { DRIBBLE_BYTES, HANDSHAKE_MS, LINGER_MS, RETIRE_MS, RETIRE_PING } from './connection-terms.ts'
import { ConnectionError, calm, ERROR_CODE, type ErrorCode } from './error-code.ts'
import { FloodBudget } from './flood-budget.ts'
import { FLAG, FRAME, WINDOW_MAX } from './frame.ts'
import { FrameReader, type FrameSink } from './frame-reader.ts'
import { HeadReader } from './head-reader.ts'
import { HeldBytes } from './held-bytes.ts'
import { CONNECTION_WINDOW, INITIAL_WINDOW, STREAMS_MAX, writeOurSettings } from './our-settings.ts'
import type { OutputBuffer } from './output-buffer.ts'
import { type Peer, peerOf } from './peer.ts'
import { PeerSettings } from './peer-settings.ts'
import { PREFACE, prefaceIn, refusalOf } from './preface.ts'
import { ReceiveWindow } from './receive-window.ts'
import type { RequestHead } from './request-head.ts'
import { type ClientSocket, SocketOutput } from './socket-output.ts'
import { RECEIVE_WINDOW, Stream, type StreamCarrier } from './stream.ts'
import { StreamTable } from './stream-table.ts'

/**
 * One client of HTTP/2 (RFC 9113).
 *
 *     read ──▶ [rest of the last read][bytes of this one] ──▶ frames ──▶ streams ──▶ answers ──▶ one write
 *
 * While the client does not take what was written, nothing more is read of it.
 */
export class Connection implements StreamCarrier, FrameSink {
  readonly peer: Peer
  readonly streams = new StreamTable()
  /** As it is until the client says more. */
  sendWindow = INITIAL_WINDOW
  readonly #socket: ClientSocket
  readonly #options: ConnectionOptions
  readonly #frames = new FrameReader(this)
  readonly #heads = new HeadReader()
  readonly #settings = new PeerSettings()
  readonly #looks = new ConnectionLooks()
  readonly #budget: FloodBudget
  /** Streams with DATA that the connection's window keeps back, in the order they came. */
  readonly #waiting = new Set<Stream>()
  /** Streams that wrote more than the client takes. */
  readonly #ahead = new Set<Stream>()
  readonly #handshake: Disposable
  readonly #output: SocketOutput
  /** Bytes that are not read yet; it begins with the preface. */
  #rest: Buffer = NOTHING
  #prefaceRead = false
  #lastId = 0
  readonly #incoming = new ReceiveWindow(CONNECTION_WINDOW)
  readonly #abandoned = new AbandonedStreams(RECEIVE_WINDOW)
  readonly #held: HeldBytes
  /** No stream after this one is answered; undefined: all are. */
  #finalId: number | undefined
  #retiring: Disposable | undefined
  /** The client said that it goes. */
  #isLeaving = false
  #ended = false
  /** Answers since its last PING: a client that measures the line pings for each. */
  #answered = 0

  constructor(socket: ClientSocket, options: ConnectionOptions) {
    this.#socket = socket
    this.#options = options
    this.peer = peerOf(socket)
    this.#budget = new FloodBudget(options.clock)
    this.#held = new HeldBytes(options.maxHeldBytes, options.heldTotal)
    this.#handshake = options.clock.after(HANDSHAKE_MS, () => socket.destroy())
    this.#output = new SocketOutput(socket, options, () => this.#goOn())
  }

  get out(): OutputBuffer {
    return this.#output.buffer
  }

  /** `bytes[0, length)` were read. false: nothing more may be read until `resume`. */
  receive(bytes: Buffer, length: number): boolean {
    this.#looks.heard()
    // What still comes is taken off the line: closed with some unread, the client could lose our last word.
    if (this.#ended) return true
    if (this.#rest.length === 0) return this.#turn(bytes, length)
    const whole = Buffer.concat([this.#rest, bytes.subarray(0, length)])
    return this.#turn(whole, whole.length)
  }

  /** No new requests: those that are under way when the client knows of it are still answered. */
  retire(): void {
    if (this.#retiring !== undefined || this.#finalId !== undefined || this.#ended) return
    this.#retiring = this.#options.clock.after(RETIRE_MS, () => this.#retire())
    // Else once it has begun: our SETTINGS come first (section 3.4).
    if (this.#prefaceRead) this.#announceEnd()
  }

  /** The client has closed its side: the rest of a request will not come, nor a window for an answer. */
  inputEnded(): void {
    if (!this.#prefaceRead) return this.#end()
    this.#finalId ??= this.#lastId
    for (const stream of this.streams.values())
      if (!stream.inputEnded || this.#waiting.has(stream)) stream.lost()
      else stream.retire()
    this.#endIfDone()
  }

  /** The socket is closed. */
  closed(): void {
    this.#ended = true
    this.#output.close()
    for (const timer of [this.#handshake, this.#retiring]) timer?.[Symbol.dispose]()
    for (const stream of this.streams.values()) stream.lost()
  }

  /** Called now and then: notices who vanished without closing, and who keeps a connection for nothing. */
  look(): void {
    if (this.#ended) return
    for (const stream of this.streams.values()) stream.look()
    const isBusy = this.streams.size > 0
    // While we do not read on, the rest is not the client's to send.
    const incomplete = this.#output.isStalled ? undefined : this.#frames.incomplete(this.#rest.length)
    switch (this.#looks.look({ isBusy, isFull: this.#held.isFull, incomplete })) {
      case 'ask':
        return void (this.#frames.begun && this.out.control(FRAME.ping, 0, 0, 0, 0))
      case 'retire':
        return this.retire()
      case 'full':
        return this.#fail(calm('answers that nobody takes'))
      case 'late':
        return this.#fail(calm('a frame or a head that does not come whole'))
      case 'gone':
        return void this.#socket.destroy()
      case 'well':
    }
  }

  // What streams use.
  consumed(bytes: number): void {
    const more = this.#incoming.use(bytes)
    if (more > 0) this.out.control(FRAME.windowUpdate, 0, 0, more)
  }

  holds(moreBytes: number): void {
    this.#held.add(moreBytes)
  }

  waitForWindow(stream: Stream): void {
    this.#waiting.add(stream)
  }

  hasRoom(stream: Stream): boolean {
    if (this.#goesOn()) return true
    this.#ahead.add(stream)
    return false
  }

  over(stream: Stream): void {
    this.#answered += 1
    this.streams.delete(stream.id)
    this.#waiting.delete(stream)
    this.#ahead.delete(stream)
    if (!stream.inputEnded) this.#abandoned.add(stream.id)
    this.#endIfDone()
  }

  // What the client says.
  head(id: number, isLast: boolean, bytes: Buffer, start: number, end: number): void {
    const stream = this.streams.get(id)
    if (stream !== undefined) return this.#trailer(stream, isLast, bytes, start, end)
    if (id <= this.#lastId) return this.#lateTrailer(id, bytes, start, end)
    // Also of requests that are refused: the table of the next ones depends on it.
    const head = this.#heads.head(bytes, start, end)
    if (this.#finalId !== undefined) return
    this.#lastId = id
    if (this.streams.size >= STREAMS_MAX || this.#held.isFull)
      this.#turnAway(id, isLast, ERROR_CODE.refusedStream)
    else if (head === 'malformed') this.#turnAway(id, isLast, ERROR_CODE.protocol)
    else if (head === 'large') this.#turnAway(id, isLast, ERROR_CODE.enhanceYourCalm)
    else this.#open(id, head, isLast)
  }

  data(id: number, isLast: boolean, bytes: Buffer, flowBytes: number): void {
    this.#incoming.take(flowBytes)
    const stream = this.streams.get(id)
    if (stream !== undefined && !this.#held.isFull)
      return this.#resetOn(stream, stream.receive(bytes, flowBytes, isLast))
    this.#expectKnown(id)
    this.consumed(flowBytes)
    if (stream !== undefined) return this.#resetOn(stream, ERROR_CODE.enhanceYourCalm)
    if (this.#abandoned.takes(id, flowBytes, isLast)) return
    this.idle()
    if (this.#finalId === undefined) this.out.control(FRAME.rstStream, 0, id, ERROR_CODE.streamClosed)
  }

  reset(id: number): void {
    this.#expectKnown(id)
    const stream = this.streams.get(id)
    if (stream !== undefined) this.idle()
    stream?.lost()
    this.#abandoned.forget(id)
  }

  settings(payload: Buffer | undefined): void {
    if (payload === undefined) return
    this.#handshake[Symbol.dispose]()
    const before = this.#settings.initialWindow
    this.#settings.apply(payload, 0, payload.length)
    const more = this.#settings.initialWindow - before
    for (const stream of more === 0 ? [] : this.streams.values())
      if (!stream.widen(more)) throw new ConnectionError(ERROR_CODE.flowControl, 'a window above 2^31')
    this.out.control(FRAME.settings, FLAG.ack, 0)
    this.idle()
  }

  ping(payload: Buffer, isAck: boolean): void {
    const words = [payload.readUInt32BE(0), payload.readUInt32BE(4)] as const
    if (!isAck) {
      this.out.control(FRAME.ping, FLAG.ack, 0, ...words)
      if (this.#answered === 0) this.idle()
      this.#answered = 0
    } else if (words[0] === RETIRE_PING[0] && words[1] === RETIRE_PING[1]) this.#retire()
  }

  /** It wants to end; what it still asks before it does is answered. */
  goaway(): void {
    this.#isLeaving = true
    this.#endIfDone()
  }

  widen(id: number, bytes: number): void {
    if (id !== 0) {
      this.#expectKnown(id)
      const stream = this.streams.get(id)
      if (stream === undefined) return
      if (bytes === 0) return this.#resetOn(stream, ERROR_CODE.protocol)
      if (!stream.widen(bytes)) return this.#resetOn(stream, ERROR_CODE.flowControl)
      if (bytes < DRIBBLE_BYTES && stream.isWaiting) this.idle()
      return
    }
    if (bytes === 0) throw new ConnectionError(ERROR_CODE.protocol, 'a WINDOW_UPDATE of nothing')
    this.sendWindow += bytes
    if (this.sendWindow > WINDOW_MAX) throw new ConnectionError(ERROR_CODE.flowControl, 'a window above 2^31')
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const stream of waiting) stream.pump()
    if (bytes < DRIBBLE_BYTES && this.#waiting.size > 0) this.idle()
  }

  idle(): void {
    if (!this.#budget.spend()) throw calm('too many frames that ask for nothing')
  }

  #open(id: number, head: RequestHead, isLast: boolean): void {
    const stream = new Stream(id, head, this, this.#settings.initialWindow)
    this.streams.add(stream)
    this.#looks.asked()
    stream.handler = this.#options.open(stream)
    if (isLast) this.#resetOn(stream, stream.inputEnds())
  }

  /** Fields behind a body that nobody waits for: read all the same, as the table of the next head depends on it. */
  #lateTrailer(id: number, bytes: Buffer, start: number, end: number): void {
    if (!this.#abandoned.forget(id))
      throw new ConnectionError(ERROR_CODE.streamClosed, `stream ${id} is over`)
    this.#heads.trailer(bytes, start, end)
  }

  #trailer(stream: Stream, isLast: boolean, bytes: Buffer, start: number, end: number): void {
    const isWell = this.#heads.trailer(bytes, start, end)
    if (isLast && isWell) this.#resetOn(stream, stream.inputEnds())
    else this.#resetOn(stream, stream.inputEnded ? ERROR_CODE.streamClosed : ERROR_CODE.protocol)
  }

  /**
   * A fault of one stream alone (section 5.4.2): whoever answers it is told. Counted, or a client could have work begun
   * and dropped without end, as by resetting it (CVE-2025-8671).
   */
  #resetOn(stream: Stream, fault: ErrorCode | undefined): void {
    if (fault === undefined) return
    this.out.control(FRAME.rstStream, 0, stream.id, fault)
    stream.lost()
    this.idle()
  }

  /** A request that nobody sees; its body may be on its way. Counted: a head costs more to read than it does to send. */
  #turnAway(id: number, isLast: boolean, code: ErrorCode): void {
    this.out.control(FRAME.rstStream, 0, id, code)
    if (!isLast) this.#abandoned.add(id)
    this.idle()
  }

  /** Streams that nobody opened say nothing (section 5.1). */
  #expectKnown(id: number): void {
    if (id <= this.#lastId && (id & 1) === 1) return
    // Behind our GOAWAY they were opened, and not looked at.
    if (this.#finalId === undefined || (id & 1) === 0)
      throw new ConnectionError(ERROR_CODE.protocol, `stream ${id} is not open`)
  }

  #turn(bytes: Buffer, end: number): boolean {
    let at = end
    this.#output.hold()
    try {
      at = this.#read(bytes, end)
      this.streams.readEnded()
    } catch (thrown) {
      this.#fail(thrown)
    }
    this.#rest = at < end && !this.#ended ? Buffer.from(bytes.subarray(at, end)) : NOTHING
    this.#output.release()
    return !this.#output.isStalled
  }

  /** The client takes answers again: what was read meanwhile is answered. */
  #goOn(): void {
    const rest = this.#rest
    this.#rest = NOTHING
    if (this.#turn(rest, rest.length)) this.#socket.resume()
  }

  /** Returns up to where. */
  #read(bytes: Buffer, end: number): number {
    let at = 0
    if (!this.#prefaceRead) {
      const preface = prefaceIn(bytes, end)
      if (preface === 'incomplete') return 0
      if (preface === 'other') return this.#refuseOther(bytes, end)
      this.#prefaceRead = true
      // Not before: whoever speaks HTTP/1.1 would take it for the answer. A client of HTTP/2 speaks first (section 3.4).
      writeOurSettings(this.out)
      if (this.#retiring !== undefined) this.#announceEnd()
      at = PREFACE.length
    }
    for (const stream of this.#ahead) {
      if (!this.#goesOn()) return at
      this.#ahead.delete(stream)
      stream.takenUp()
    }
    return this.#frames.read(bytes, at, end, this.#goesOn)
  }

  /** Asked before each frame and behind each part of an answer: a read of many requests must not become megabytes of answers that nobody takes. */
  readonly #goesOn = (): boolean => {
    this.#output.flushMuch()
    return !this.#output.isStalled && !this.#ended
  }

  /** Who speaks HTTP/1.1 sees why it does not work. */
  #refuseOther(bytes: Buffer, end: number): number {
    const answer = refusalOf(bytes, end)
    if (answer !== undefined) this.#socket.write(answer)
    this.#end()
    return end
  }

  /** Requests may be on their way to us, so the number of the last one is said when a round trip is over (section 6.8). */
  #announceEnd(): void {
    this.out.control(FRAME.goaway, 0, 0, WINDOW_MAX, ERROR_CODE.none)
    this.out.control(FRAME.ping, 0, 0, ...RETIRE_PING)
  }

  #retire(): void {
    this.#retiring?.[Symbol.dispose]()
    this.#retiring = undefined
    if (this.#finalId !== undefined || this.#ended) return
    if (!this.#prefaceRead) return this.#end()
    this.#finalId = this.#lastId
    this.out.control(FRAME.goaway, 0, 0, this.#lastId, ERROR_CODE.none)
    for (const stream of this.streams.values()) stream.retire()
    this.#endIfDone()
  }

  #endIfDone(): void {
    if ((this.#finalId !== undefined || this.#isLeaving) && this.streams.size === 0) this.#end()
  }

  #fail(thrown: unknown): void {
    const isTheirs = thrown instanceof ConnectionError
    if (!isTheirs) this.#options.onFault(thrown)
    this.out.control(FRAME.goaway, 0, 0, this.#lastId, isTheirs ? thrown.code : ERROR_CODE.internal)
    this.#end()
    for (const stream of this.streams.values()) stream.lost()
  }

  /** After what was written. What still comes is taken off the line until the client closes, for a moment. */
  #end(): void {
    if (this.#ended) return
    this.#output.close()
    this.#ended = true
    this.#socket.end()
    const late = this.#options.clock.after(LINGER_MS, () => this.#socket.destroy())
    this.#socket.once('close', () => late[Symbol.dispose]())
  }
}

const NOTHING: Buffer = Buffer.alloc(0)
