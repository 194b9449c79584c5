/** What a call's request head says: one object for all calls of a connection that say the same. */
export interface CallHead {
  /** `/idgen.v1.IdService/Generate` */
  readonly path: string
  /** For what is found out of the head, so that it is found out once. */
  memo: unknown
  /** A request header (gRPC: metadata), by its name in lower case; several values of one name are joined by commas. */
  field(name: string): string | undefined
}

export interface Peer {
  readonly address: string
  /** The certificate that the client showed, in the place of a key's text (sockets/client-certificate.ts). */
  readonly certificateText?: string | undefined
}

/** A gRPC call as a method sees it, whoever carries it. */
export interface Call {
  readonly head: CallHead
  /** The other end, as the socket says; stands for the connection. */
  readonly peer: Peer
  /** Its address was counted by the protocol thread that it came to. Left out: it was not. */
  readonly counted?: boolean
  /** Nobody waits for the answer any more: reset, connection lost, or the deadline (`grpc-timeout`) has passed. */
  readonly cancelled: boolean
}

interface MethodTerms {
  readonly path: string
  /** It needs no API key, or asks for one by itself before it reads a message. Left out: it needs one. */
  readonly keyless?: boolean
}

/** One request, one answer. Messages are protobuf without gRPC's prefix, valid only until the next call of anything here. */
export interface UnaryMethod extends MethodTerms {
  /** No promise when all is in memory. @throws (or rejects with) CallStatus */
  answer(message: Uint8Array, call: Call): Uint8Array | Promise<Uint8Array>
}

/** Answers in any number. */
export interface StreamMethod extends MethodTerms {
  /** How many messages the client sends. `one` (a server stream): the call fails at the first byte of a second, which no method sees. */
  readonly requests: 'one' | 'many'
  open(call: Call, output: MessageOutput): MessageInput
}

export type Method = UnaryMethod | StreamMethod

/** Towards the client. After `end` or `fail` nothing more is sent, and further calls do nothing. */
export interface MessageOutput {
  /** false: the client does not keep up; the message is on its way all the same, and `drained` follows. */
  send(message: Uint8Array): boolean
  /** Status OK, after all that was sent. */
  end(): void
  /** Another status, after all that was sent. */
  fail(status: CallStatus): void
  /** No further message is delivered until `resume`: flow control makes the client wait. */
  pause(): void
  resume(): void
}

/** From the client. */
export interface MessageInput {
  /** In order, never while paused. */
  receive(message: Uint8Array): void
  /** The client sends no more. */
  ended(): void
  /** There is room again after `send` said false. */
  drained(): void
  /** The connection is as old as it may be, or the server stops: it ends with its last call. Left out: this one goes on. */
  retired?(): void
  /** The call is over, however it ended; called once. */
  closed(): void
}

/** How a call ends that fails. */
export class CallStatus extends Error {
  /** 1 to 16 (status-code.ts). */
  readonly code: number
  /** google.rpc.Status, for the trailer grpc-status-details-bin. */
  readonly details: Uint8Array | undefined

  constructor(code: number, message: string, details?: Uint8Array) {
    super(message)
    this.code = code
    this.details = details
  }
}
