import type { AnswerSink } from './answer-sink.ts'

/** One connection, or one stream of it. Answers come in the order of the requests. */
export interface Connection {
  /** Sends the requests `from`, `from + 1`, … of the cycle of tags. Returns how many bytes that were, where it is known. */
  ask(from: number, count: number): number
  /** Nothing is told any more. */
  close(): void
}

/** What a connection tells. */
export interface ConnectionEvents extends AnswerSink {
  /** Bytes came. What is read out of them follows, and then `settled`. */
  received(bytes: number): void
  /** Time to send what there is room for again. */
  settled(): void
  /** It is gone. `resend`: the server said so in an orderly way, and did nothing about what it has not answered. */
  lost(code: string, text: string, resend: boolean): void
}

/** Opens a connection. @throws an Error that says what is wrong */
export type Connect = (events: ConnectionEvents) => Promise<Connection>

/** Longest wait for a connection; a service in reach answers within a round trip. */
export const CONNECT_LIMIT_MS = 5000

/** Counted for requests whose connection broke before their answer. */
export const CONNECTION_LOST = 'CONNECTION_LOST'
