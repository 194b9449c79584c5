import { ERROR_CODE, type ErrorCode } from './error-code.ts'
import { FRAME, WINDOW_MAX } from './frame.ts'
import type { OutputBuffer } from './output-buffer.ts'
import type { Peer } from './peer.ts'
import type { RequestHead } from './request-head.ts'

/** Who answers one request. Bytes are valid during the call only. */
export interface StreamHandler {
  /** The next bytes of the body, never none; `isLast`: the body ends with them, and `ended` is not called. */
  data(bytes: Uint8Array, isLast: boolean): void
  /** The body ended behind what `data` told. */
  ended(): void
  /** `write` said false, and there is room again. */
  drained(): void
  /** Now and then while the body has not ended, 20 s apart. Left out: it may take as long as it likes. */
  unfinished?(): void
  /** The read that brought the head is over, and the body has not ended. Called once at most. */
  awaited?(): void
  /** The process stops, and the body has had its time to end. Left out: it is waited for until all is cut off. */
  hurried?(): void
  /** The connection takes no further request, and ends with its last one. Left out: this one goes on. */
  retired?(): void
  /** Reset by the client, or the connection is lost: nobody waits any more. Not called after the answer ended. */
  gone(): void
}

/** What streams use of their connection. */
export interface StreamCarrier {
  /** Stands for the other end, and says where it is. */
  readonly peer: Peer
  /** Where frames are written; they leave at the end of this turn. */
  readonly out: OutputBuffer
  /** Bytes of DATA that the client takes on all streams together. */
  sendWindow: number
  /** So many bytes of bodies are used, and the client may send as many more. */
  consumed(bytes: number): void
  /** So many more bytes, or fewer, are kept for it. */
  holds(moreBytes: number): void
  /** The window is empty: `pump` is called once it is not. */
  waitForWindow(stream: Stream): void
  /** Whether the client takes what was written; if not, `takenUp` is called once it does. */
  hasRoom(stream: Stream): boolean
  /** Both sides have ended, or it was reset. */
  over(stream: Stream): void
}

/**
 * One request and its answer (RFC 9113 section 5.1), from our side.
 *
 *     the client's side:  open ──END_STREAM──▶ ended          ours:  open ──end──▶ ending ──all DATA is out──▶ ended
 *
 * DATA beyond the client's windows is kept here in order, trailers behind it.
 */
export class Stream {
  readonly id: number
  readonly head: RequestHead
  readonly #carrier: StreamCarrier
  #handler: StreamHandler | undefined
  #sendWindow: number
  /** What does not fit into a window yet; copies. */
  #kept: Uint8Array[] = []
  #keptFrom = 0
  /** undefined: more may be written. */
  #trailers: Uint8Array | undefined
  #outputEnded = false
  #inputEnded = false
  #over = false
  /** Bytes that the client may still send, and bytes used since it was last told. */
  #receiveWindow = RECEIVE_WINDOW
  #used = 0
  #bodyBytes = 0
  #paused = false
  /** What came while it was paused: at most RECEIVE_WINDOW bytes. */
  #unread: Uint8Array[] = []
  /** Bytes kept: of the answer, of what came while it was paused, and by the handler. */
  #held = 0
  #heldByHandler = 0
  /** What waited first at the last look, up to where it was sent, and looks since. */
  #untaken: { readonly first: Uint8Array; readonly from: number; looks: number } | undefined

  constructor(id: number, head: RequestHead, carrier: StreamCarrier, sendWindow: number) {
    this.id = id
    this.head = head
    this.#carrier = carrier
    this.#sendWindow = sendWindow
  }

  set handler(handler: StreamHandler) {
    this.#handler = handler
  }

  get peer(): StreamCarrier['peer'] {
    return this.#carrier.peer
  }

  /** Nobody waits for an answer any more. */
  get isOver(): boolean {
    return this.#over
  }

  get inputEnded(): boolean {
    return this.#inputEnded
  }

  /** Part of the answer waits for a window. */
  get isWaiting(): boolean {
    return this.#kept.length > 0
  }

  /** The head of the answer, as a header block (encodeFields). */
  respond(block: Uint8Array): void {
    if (!this.#over) this.#carrier.out.headers(this.id, block, false)
  }

  /**
   * Part of the answer's body. false: some of it had to be kept, here or at the socket of a client that may take more
   * and does not, and `drained` will be called.
   */
  write(bytes: Uint8Array): boolean {
    if (this.#over || this.#trailers !== undefined) return true
    const at = this.#kept.length === 0 ? this.#send(bytes, 0) : 0
    if (at === bytes.length) return this.#carrier.hasRoom(this)
    this.#kept.push(Uint8Array.prototype.slice.call(bytes, at))
    this.#hold(bytes.length - at)
    this.#carrier.waitForWindow(this)
    return false
  }

  /** The answer ends, after all that was written, with this header block. */
  end(trailers: Uint8Array): void {
    if (this.#over || this.#trailers !== undefined) return
    this.#trailers = trailers
    if (this.#kept.length === 0) this.#finish(trailers)
  }

  /** Ends it without an answer, or the rest of one. */
  reset(code: ErrorCode): void {
    if (this.#over) return
    this.#carrier.out.control(FRAME.rstStream, 0, this.id, code)
    this.#close()
  }

  /** The handler keeps so many bytes of the body, of a whole that has not come yet. */
  keeps(bytes: number): void {
    if (this.#over || bytes === this.#heldByHandler) return
    this.#hold(bytes - this.#heldByHandler)
    this.#heldByHandler = bytes
  }

  /** No more of the body is told until `resume`; flow control makes the client wait. */
  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    while (this.#unread.length > 0 && !this.#paused && !this.#over) {
      const bytes = this.#unread.shift() ?? NOTHING
      this.#hold(-bytes.length)
      this.#tell(bytes, this.#inputEnded && this.#unread.length === 0)
    }
  }

  /** DATA came. A fault is a code to reset the stream with. `flowBytes`: with padding. */
  receive(bytes: Uint8Array, flowBytes: number, isLast: boolean): ErrorCode | undefined {
    this.#receiveWindow -= flowBytes
    const fault = this.#inputEnded ? ERROR_CODE.streamClosed : ERROR_CODE.flowControl
    if (this.#inputEnded || this.#receiveWindow < 0) {
      this.#carrier.consumed(flowBytes)
      return fault
    }
    this.#bodyBytes += bytes.length
    this.#use(flowBytes - bytes.length)
    if (isLast) return this.#end(bytes)
    if (bytes.length > 0) this.#take(bytes, false)
    return undefined
  }

  /** The body ended with the head, or with fields behind it. */
  inputEnds(): ErrorCode | undefined {
    return this.#inputEnded ? ERROR_CODE.streamClosed : this.#end(NOTHING)
  }

  /** The client reset it, or is gone. */
  lost(): void {
    if (this.#over) return
    this.#close()
    this.#handler?.gone()
  }

  look(): void {
    if (!this.#inputEnded) this.#handler?.unfinished?.()
    this.#lookAtUntaken()
  }

  /** An answer that is whole, and of which the client takes nothing: it would keep its connection, and a stop, for as long as it likes. */
  #lookAtUntaken(): void {
    const [first] = this.#kept
    if (first === undefined || this.#trailers === undefined) return void (this.#untaken = undefined)
    const from = this.#keptFrom
    if (this.#untaken?.first !== first || this.#untaken.from !== from) {
      this.#untaken = { first, from, looks: 0 }
      return
    }
    this.#untaken.looks += 1
    if (this.#untaken.looks >= UNTAKEN_LOOKS) this.reset(ERROR_CODE.cancel)
  }

  /** The read that brought its head is over. */
  headRead(): void {
    if (!this.#inputEnded && !this.#over) this.#handler?.awaited?.()
  }

  hurry(): void {
    if (!this.#inputEnded && !this.#over) this.#handler?.hurried?.()
  }

  retire(): void {
    if (!this.#over) this.#handler?.retired?.()
  }

  /** The client takes more, or less (RFC 9113 section 6.9.2). false: more than there can be. */
  widen(bytes: number): boolean {
    this.#sendWindow += bytes
    if (this.#sendWindow > WINDOW_MAX) return false
    if (bytes > 0) this.pump()
    return true
  }

  /** The client takes what was written again. */
  takenUp(): void {
    if (this.#kept.length === 0 && this.#trailers === undefined) this.#handler?.drained()
  }

  /** Sends what was kept, as far as the windows go. */
  pump(): void {
    while (this.#kept.length > 0 && !this.#over) {
      const [first = NOTHING] = this.#kept
      const from = this.#keptFrom
      this.#keptFrom = this.#send(first, from)
      this.#hold(from - this.#keptFrom)
      if (this.#keptFrom < first.length) return this.#carrier.waitForWindow(this)
      this.#kept.shift()
      this.#keptFrom = 0
      if (this.#kept.length > 0) continue
      if (this.#trailers === undefined) this.#handler?.drained()
      else this.#finish(this.#trailers)
    }
  }

  /** Returns up to where. */
  #send(bytes: Uint8Array, from: number): number {
    const room = Math.min(this.#sendWindow, this.#carrier.sendWindow)
    const end = Math.min(bytes.length, from + Math.max(0, room))
    if (end === from) return from
    this.#carrier.out.data(this.id, bytes, from, end)
    this.#sendWindow -= end - from
    this.#carrier.sendWindow -= end - from
    return end
  }

  #finish(trailers: Uint8Array): void {
    this.#carrier.out.headers(this.id, trailers, true)
    this.#outputEnded = true
    if (this.#inputEnded) return this.#close()
    // The rest of a body that nobody needs (RFC 9113 section 8.1).
    this.reset(ERROR_CODE.none)
  }

  #end(bytes: Uint8Array): ErrorCode | undefined {
    this.#inputEnded = true
    const { contentLength } = this.head
    if (contentLength !== undefined && contentLength !== this.#bodyBytes) {
      this.#carrier.consumed(bytes.length)
      return ERROR_CODE.protocol
    }
    if (bytes.length > 0) this.#take(bytes, true)
    else if (this.#unread.length === 0) this.#handler?.ended()
    if (this.#outputEnded) this.#close()
    return undefined
  }

  #take(bytes: Uint8Array, isLast: boolean): void {
    if (!this.#paused) return this.#tell(bytes, isLast)
    this.#unread.push(Uint8Array.prototype.slice.call(bytes))
    this.#hold(bytes.length)
  }

  #tell(bytes: Uint8Array, isLast: boolean): void {
    this.#use(bytes.length)
    this.#handler?.data(bytes, isLast)
  }

  #use(bytes: number): void {
    if (bytes === 0) return
    this.#carrier.consumed(bytes)
    this.#used += bytes
    if (this.#used < RECEIVE_WINDOW / 2 || this.#inputEnded || this.#over) return
    this.#carrier.out.control(FRAME.windowUpdate, 0, this.id, this.#used)
    this.#receiveWindow += this.#used
    this.#used = 0
  }

  #hold(moreBytes: number): void {
    this.#held += moreBytes
    this.#carrier.holds(moreBytes)
  }

  #close(): void {
    if (this.#over) return
    this.#over = true
    if (this.#held > 0) this.#hold(-this.#held)
    for (const bytes of this.#unread) this.#carrier.consumed(bytes.length)
    this.#unread = []
    this.#kept = []
    this.#carrier.over(this)
  }
}

const NOTHING = new Uint8Array()
/** Looks are 20 s apart: cut off after 40 to 60 s. */
const UNTAKEN_LOOKS = 2
/** SETTINGS_INITIAL_WINDOW_SIZE as it is when nobody says anything; requests are far smaller. */
export const RECEIVE_WINDOW = 65_535
