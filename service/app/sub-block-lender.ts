import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { packSubBlock } from '../core/sub-block.ts'
import type { NumberSpace } from '../core/tag.ts'
import { parseTraceparent } from '../core/traceparent.ts'
import { type Clock, sleep } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { NO_TRACER, type Tracer } from '../ports/tracer.ts'
import type { GenerateIds } from './generate-ids.ts'
import { shuttingDown, type ToBorrower, type ToLender, toLender } from './sub-block-messages.ts'
import type { TagDirectory } from './tag-directory.ts'

export interface SubBlockLenderOptions {
  readonly generate: GenerateIds
  readonly directory: TagDirectory
  readonly clock: Clock
  readonly log: Log
  /** Left out: no call is traced. */
  readonly tracer?: Tracer
  /** Most IDs of one share: the largest request a protocol lets through. */
  readonly maxCount: number
}

/** What the lender needs of a thread: messages arrive once each and in order. */
export interface BorrowingThread {
  /** `transfer`: memory that is handed over, not copied; the main thread cannot read it afterwards. */
  post(message: ToBorrower, transfer: readonly ArrayBuffer[]): void
  /** Ends the thread by force; resolves when it runs no more. */
  terminate(): Promise<unknown>
}

/** The lender's end of one thread. */
export interface Lending {
  /** A message of the thread. */
  receive(message: unknown): void
  /** The thread runs no more, for whatever reason; its shares went with it. */
  gone(): void
}

interface Member {
  readonly thread: BorrowingThread
  /** Tags it has asked for and was not answered yet, with how often they were revoked since. */
  readonly asking: Map<string, { revocations: number }>
  /** Resolves once the thread issues nothing any more. */
  readonly quiet: PromiseWithResolvers<void>
  isQuiet: boolean
}

/**
 * Main thread: takes IDs on the one path there is and lends them to the threads that answer requests.
 *
 *     thread ──ask (path, count)──▶ lender ──GenerateIds──▶ runs, spent ──share──▶ thread's SubBlockBorrower
 *
 * A share is spent when it leaves, so grants know nothing of threads: what a thread does not use is burnt, and a time
 * window is never lowered below a stamp that lies in a share. `stop` is for the order of the shutdown all the same:
 * only after it the worker id may be let go, so that this process issues nothing beside its successor.
 */
export class SubBlockLender {
  /** IDs that left in shares, for metrics: what the threads did not use of them is burnt. */
  lent = 0
  shares = 0
  readonly #options: SubBlockLenderOptions
  readonly #members = new Set<Member>()
  #stopping: Promise<void> | undefined

  constructor(options: SubBlockLenderOptions) {
    this.#options = options
  }

  /** Threads that may hold shares. */
  get threads(): number {
    return this.#members.size
  }

  /** @throws IDGEN_SHUTTING_DOWN: a thread that comes too late could not be waited for */
  join(thread: BorrowingThread): Lending {
    if (this.#stopping !== undefined) throw shuttingDown()
    const member: Member = { thread, asking: new Map(), quiet: Promise.withResolvers(), isQuiet: false }
    this.#members.add(member)
    return {
      receive: (message) => this.#receive(member, message),
      gone: () => this.#settle(member),
    }
  }

  /**
   * Shares are dropped by their threads, those on their way too: all of them after a jump in time, or when memory was
   * copied; those of one tag when it was deleted or its settings changed.
   */
  revoke(path?: string): void {
    for (const { thread, asking } of this.#members) {
      for (const [asked, ask] of asking) if (path === undefined || asked === path) ask.revocations += 1
      thread.post({ kind: 'revoke', path }, [])
    }
  }

  /**
   * Nothing is lent after this. Resolves only when every thread has said that it issues nothing any more, or has
   * ended; one that does not answer is terminated. Where that fails it rejects: then the time window of this process
   * must stay as it is.
   */
  stop(): Promise<void> {
    this.#stopping ??= Promise.all([...this.#members].map((member) => this.#silence(member))).then(() => {})
    return this.#stopping
  }

  async #silence(member: Member): Promise<void> {
    const { clock, log } = this.#options
    const answered = new AbortController()
    member.thread.post({ kind: 'stop' }, [])
    const late = sleep(clock, STOP_ANSWER_MS, answered.signal)
    await Promise.race([member.quiet.promise, late])
    answered.abort()
    if (member.isQuiet) return
    log.warn({ afterMs: STOP_ANSWER_MS }, 'a thread did not stop issuing and is terminated')
    await member.thread.terminate()
    this.#settle(member)
  }

  #settle(member: Member): void {
    member.isQuiet = true
    this.#members.delete(member)
    member.quiet.resolve()
  }

  #receive(member: Member, raw: unknown): void {
    const message = toLender(raw)
    if (message === undefined)
      return this.#options.log.error({}, 'a thread sent something that is no message')
    if (message.kind === 'stopped') return this.#settle(member)
    const fault = this.#faultOf(member, message)
    if (fault !== undefined) return this.#refuse(member, message, fault)
    const { tracer = NO_TRACER } = this.#options
    const parent = parseTraceparent(message.traceparent)
    void (parent === undefined
      ? this.#lend(member, message)
      : tracer.adopt(parent, () => this.#lend(member, message)))
  }

  #faultOf(member: Member, { path, count }: Ask): IdgenError | undefined {
    const { maxCount } = this.#options
    if (this.#stopping !== undefined || member.isQuiet) return shuttingDown()
    if (count > maxCount)
      return new IdgenError('IDGEN_COUNT_OUT_OF_RANGE', `A share has at most ${maxCount} IDs, not ${count}.`)
    if (!member.asking.has(path)) return undefined
    return new IdgenError('IDGEN_OVERLOADED', `A thread asks for ${path} once at a time.`)
  }

  /** Never rejects. */
  async #lend(member: Member, ask: Ask): Promise<void> {
    const { log } = this.#options
    const { path } = ask
    const asked = { revocations: 0 }
    member.asking.set(path, asked)
    try {
      // Each round but the last needs a revocation while it waits; what was taken before that is burnt.
      for (;;) {
        const { revocations } = asked
        const batch = new IdBatch()
        const space = await this.#take(ask, batch)
        if (revocations === asked.revocations) return this.#send(member, ask, batch, space)
      }
    } catch (thrown) {
      const error = IdgenError.from(thrown)
      if (error.code === 'IDGEN_INTERNAL') log.error({ err: thrown, path }, 'no share for a thread')
      member.asking.delete(path)
      this.#refuse(member, ask, error)
    }
  }

  /** @returns what the batch was taken of: the tag may be gone when it is sent */
  async #take({ path, count, run }: Ask, batch: IdBatch): Promise<NumberSpace> {
    const { directory, generate } = this.#options
    const tag = directory.peek(path) ?? (await directory.resolve(path))
    if (run) {
      if (!generate.tryTakeRun(tag, count, batch, NOBODY)) await generate.takeRun(tag, count, batch, NOBODY)
    } else if (!generate.tryTake(tag, count, batch, NOBODY)) await generate.take(tag, count, batch, NOBODY)
    return tag.tag.space
  }

  /** What was taken for a thread that is quiet by now is burnt. */
  #send(member: Member, { number, path, owner }: Ask, batch: IdBatch, whole: NumberSpace): void {
    member.asking.delete(path)
    if (member.isQuiet) return
    const share = packSubBlock(batch, owner, this.#options.clock.nowMs())
    this.lent += batch.count
    this.shares += 1
    const first = this.#options.directory.peek(path)?.tag.chain[0]
    const space = whole.format === undefined ? undefined : whole
    const message = { kind: 'share', number, path, share, first, space } as const
    member.thread.post(message, [share.runs.buffer, share.uuids.buffer])
  }

  #refuse(member: Member, { number, path }: Ask, error: IdgenError): void {
    const { code, message, retryAfterMs } = error
    member.thread.post({ kind: 'refused', number, path, code, message, retryAfterMs }, [])
  }
}

type Ask = Extract<ToLender, { kind: 'ask' }>

/** Requests that a share answers when it is taken: the thread says later what became of it. */
const NOBODY = 0
/** Of the 8 s that a shutdown has for all it does after its listeners have drained. */
const STOP_ANSWER_MS = 2000
