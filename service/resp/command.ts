import type { Issuer } from '../app/issuer.ts'
import type { NodeList } from '../app/node-list.ts'
import type { Tracer } from '../ports/tracer.ts'
import type { ReplyBuffer } from './reply-buffer.ts'
import type { RespCounters } from './resp-counters.ts'
import type { RespLimits } from './resp-limits.ts'
import type { Session } from './session.ts'

/** What a command may use. `out` is that of the connection's turn: only until `run` returns. */
export interface CommandContext {
  readonly session: Session
  readonly out: ReplyBuffer
  readonly issuer: Issuer
  readonly tracer: Tracer
  readonly limits: RespLimits
  readonly counters: Readonly<RespCounters>
  /** Of idgen. */
  readonly version: string
  readonly listNodes: ListNodes
  /** The connection ends once the answers are written. */
  readonly end: () => void
}

/** As nodeList: a thread has the main one answer. `client`: who asks, by address. @throws or rejects with IDGEN_OVERLOADED */
export type ListNodes = (clientDc: number, client: string) => Promise<NodeList>

/** Writes an answer that had to be waited for. */
export type Answer = (out: ReplyBuffer) => void

export interface Command {
  /** Arguments besides the name. */
  readonly least: number
  readonly most: number
  /** Is answered without a key too. */
  readonly open?: true
  /** Counts for the limit of the address, whoever sends it; what is left out counts as its own code says, or not at all. */
  readonly limited?: true
  /** Answers at once, or returns a promise of the answer, which never rejects. */
  run(context: CommandContext, words: readonly string[]): void | Promise<Answer>
}
