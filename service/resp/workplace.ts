import type { Issuer } from '../app/issuer.ts'
import type { Clock } from '../ports/clock.ts'
import { NO_TRACER, type Tracer } from '../ports/tracer.ts'
import { Burst } from './burst.ts'
import type { ListNodes } from './command.ts'
import { CommandParser } from './command-parser.ts'
import { type InputBytes, inputBytes } from './input-bytes.ts'
import { ReplyBuffer } from './reply-buffer.ts'
import { newRespCounters, type RespCounters } from './resp-counters.ts'
import { maxCommandBytes, type RespLimits } from './resp-limits.ts'
import { StalledClients } from './stalled-clients.ts'
import { TagNames } from './tag-names.ts'

/**
 * What all connections of one server use in turns. A turn is synchronous: from the bytes of one read, or an answer that
 * was waited for, to the write of the answers; so one of each is enough, and nothing is made anew per connection.
 */
export interface Workplace {
  readonly issuer: Issuer
  readonly clock: Clock
  readonly limits: RespLimits
  readonly counters: RespCounters
  readonly version: string
  readonly listNodes: ListNodes
  readonly tracer: Tracer
  /** A fault of ours, not of a client. */
  readonly onFault: (error: unknown) => void
  readonly parser: CommandParser
  readonly names: TagNames
  readonly replies: ReplyBuffer
  /** READ_BYTES of one read, from `headroom` on: before them there is room for a command that began earlier. */
  readonly input: InputBytes
  readonly headroom: number
  readonly stalled: StalledClients
  burst: Burst
}

export interface WorkplaceOptions
  extends Pick<Workplace, 'clock' | 'limits' | 'listNodes' | 'onFault' | 'version'> {
  /** Left out: its own. */
  readonly counters?: RespCounters
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
}

/** `seed`: any int32, not known to callers (TagNames). */
export function newWorkplace(
  issuer: Issuer,
  {
    clock,
    limits,
    onFault,
    version,
    listNodes,
    counters = newRespCounters(),
    tracer = NO_TRACER,
  }: WorkplaceOptions,
  seed: number,
): Workplace {
  const headroom = maxCommandBytes(limits)
  return {
    issuer,
    clock,
    limits,
    version,
    listNodes,
    tracer,
    onFault,
    counters,
    parser: new CommandParser(limits),
    names: new TagNames(seed),
    replies: new ReplyBuffer(),
    input: inputBytes(headroom + READ_BYTES),
    headroom,
    stalled: new StalledClients(clock, limits.stallTimeout),
    burst: new Burst(),
  }
}

/** Of one read: more commands than that are answered in several turns, so that other connections get theirs. */
export const READ_BYTES = 65_536
