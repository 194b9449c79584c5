import type { AuditCopy, AuditExport } from '../ports/audit-copy.ts'
import type { AuditRecord, AuditSink, ChainedRecord } from '../ports/audit-sink.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { AuditChain } from './audit-chain.ts'
import { BoundedCopy } from './bounded-copy.ts'
import { queueBytes, recordBytes } from './record-bytes.ts'
import { Repeat } from './repeat.ts'

export interface AuditTrailOptions {
  readonly sink: AuditSink
  readonly clock: Clock
  readonly log: Log
  /** Records kept while the sink is slow or away, and bytes for as many of common size; further ones are dropped, counted and logged. */
  readonly queueMax: number
  readonly flushEveryMs: number
  /** Left out: the log stands in no file. */
  readonly copy?: AuditCopy
  /** Left out: it is sent nowhere. */
  readonly exporter?: AuditExport
  /** Left out by tests that are not about it: records without links. */
  readonly chain?: AuditChain
}

export type AuditEntry = Partial<AuditRecord> & Pick<AuditRecord, 'action' | 'subject'>

/** A record that waits, and the room that it takes (recordBytes). */
interface Waiting<R extends AuditRecord = ChainedRecord> {
  readonly record: R
  readonly bytes: number
}

/** Bounded queue in front of the audit sink: callers never wait for it, and a stop writes what is queued. */
export class AuditTrail {
  readonly #options: AuditTrailOptions
  readonly #repeat: Repeat
  readonly #beat: Repeat
  readonly #copy: BoundedCopy | undefined
  #queue: Waiting<AuditRecord>[] = []
  /** Have their places in the chain, are in the copy, and go to the sink as they are until it took them. */
  #formed: Waiting[] = []
  /** Of both. */
  #bytes = 0
  #flushing: Promise<boolean> | undefined
  #ends = false
  #dropped = 0
  #droppedTold = 0
  #written = 0
  /** As far as the sink is known to have it: what the log names must be found by a check. */
  #head: ChainedRecord['link']

  constructor(options: AuditTrailOptions) {
    this.#options = options
    this.#copy = options.copy && new BoundedCopy(options.copy, options)
    this.#repeat = new Repeat(options.clock, options.flushEveryMs, async () => {
      await this.flush()
    })
    this.#beat = new Repeat(options.clock, BEAT_EVERY_MS, () => this.#tellHead())
  }

  get dropped(): number {
    return this.#dropped
  }

  /** Records that are missing in the copy; undefined where there is none. */
  get missedByCopy(): number | undefined {
    return this.#copy?.missed
  }

  /** undefined where there is none. */
  get exporter(): AuditExport | undefined {
    return this.#options.exporter
  }

  get written(): number {
    return this.#written
  }

  get queued(): number {
    return this.#formed.length + this.#queue.length
  }

  get queueMax(): number {
    return this.#options.queueMax
  }

  /** Of what may wait, 0 to 1, and above it by the last record: of the records or of their bytes, whichever is nearer its limit. */
  get used(): number {
    const { queueMax } = this.#options
    return Math.max(this.queued / queueMax, this.#bytes / queueBytes(queueMax))
  }

  record(entry: AuditEntry): void {
    const { actor = 'system', traceId, action, subject, result = 'ok' } = entry
    if (result === 'ok' && CHANGES.test(action)) {
      this.#options.log.info({ actor, ...(traceId !== undefined && { traceId }), action, subject }, 'changed')
    }
    // Counts of calls, of refused keys and of reads, and alerts told from outside, leave a fifth of the queue to what people did: a flood of them hides
    // no change.
    const share = /^(?:generate|alert\.|key\.refuse$|audit\.read$)/.test(action) ? COUNTS_SHARE : 1
    if (!this.#hasRoom(share)) {
      const { queued, queueMax } = this
      if (this.#dropped === 0)
        this.#options.log.error({ queueMax, queued, bytes: this.#bytes }, 'audit queue full')
      this.#dropped += 1
      return
    }
    this.#push(entry)
  }

  /**
   * For what must not be done before it is written down. Resolves with whether the sink has it, and never rejects; false also
   * where the queue is full, or the trail ends.
   */
  async recordAtOnce(entry: AuditEntry): Promise<boolean> {
    const dropped = this.#dropped
    if (this.#ends) return false
    this.record(entry)
    if (this.#dropped > dropped) return false
    // One that is under way may have looked at the queue for the last time.
    await this.flush()
    return await this.flush()
  }

  start(): void {
    this.#repeat.start()
    if (this.#options.chain !== undefined) this.#beat.start()
  }

  /**
   * Writes what is queued, with one try per batch: a sink that is away must not hold the shutdown. A chain that does
   * not end with `audit.close` is that of a process that was killed, or whose last records were taken away.
   */
  async stop(): Promise<void> {
    this.#ends = true
    await this.#beat.stop()
    await this.#repeat.stop()
    await this.#flushing
    const { chain } = this.#options
    const used = chain !== undefined && chain.head.seq + this.queued > 0
    if (used) {
      this.#tellDropped()
      this.#push({ action: 'audit.close', subject: chain.name })
    }
    await this.flush()
    if (this.queued > 0) this.#options.log.error({ lost: this.queued }, 'audit records lost at shutdown')
    if (used) this.#logHead(this.queued > 0 ? 'audit chain head' : 'audit chain closed')
  }

  /**
   * Writes the queue in batches; a batch that failed is kept for the next flush. One flush at a time.
   * @returns whether all is written that was queued
   */
  async flush(): Promise<boolean> {
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = undefined
    })
    return await this.#flushing
  }

  async #writeAll(): Promise<boolean> {
    this.#tellDropped()
    while (this.queued > 0) {
      await this.#form()
      const batch = this.#formed.slice(0, BATCH_MAX)
      try {
        await this.#options.sink.write(batch.map(({ record }) => record))
      } catch (error) {
        this.#options.log.warn({ err: error, queued: this.queued }, 'audit records could not be written')
        return false
      }
      this.#written += batch.length
      this.#head = batch.at(-1)?.record.link ?? this.#head
      this.#formed.splice(0, batch.length)
      for (const { bytes } of batch) this.#bytes -= bytes
    }
    return true
  }

  /**
   * Gives records their places and copies them, once, before the sink has them: a copy has all that was queued by then,
   * also what the sink never takes. Where there is none, no more than the sink is given next: it would hold up others.
   */
  async #form(): Promise<void> {
    const { exporter } = this.#options
    const isAlone = this.#copy === undefined && exporter === undefined
    // What comes meanwhile waits for the next turn, or a sink would wait for as long as records come.
    let left = isAlone ? Math.max(0, BATCH_MAX - this.#formed.length) : this.#queue.length
    while (left > 0 && this.#queue.length > 0) {
      const waiting = this.#queue.splice(0, Math.min(left, BATCH_MAX))
      left -= waiting.length
      const { chain } = this.#options
      const batch = waiting.map(({ record }) => chain?.append(record) ?? record)
      this.#formed.push(...batch.map((record, at) => ({ record, bytes: waiting[at]?.bytes ?? 0 })))
      // First: it waits for nobody.
      await exporter?.add(batch)
      await this.#copy?.add(batch)
    }
  }

  /** How many are missing stands in the chain itself, as soon as the queue has room again. */
  #tellDropped(): void {
    const { chain } = this.#options
    const records = this.#dropped - this.#droppedTold
    if (chain === undefined || records === 0 || !this.#hasRoom(1)) return
    this.#push({ action: 'audit.drop', subject: chain.name, detail: { records } })
    this.#droppedTold = this.#dropped
  }

  /** The log is the other place: a chain whose end was cut off in the table is known by a line of it. */
  #tellHead(): void {
    const { chain } = this.#options
    if (chain === undefined) return
    this.#logHead('audit chain head')
    this.record({ action: 'audit.beat', subject: chain.name })
  }

  #logHead(text: 'audit chain head' | 'audit chain closed'): void {
    if (this.#head === undefined) return
    const { chain, seq, hash } = this.#head
    this.#options.log.info({ chain, seq, hash }, text)
  }

  #hasRoom(share: number): boolean {
    return this.used < share
  }

  #push(entry: AuditEntry): void {
    const record = this.#complete(entry)
    const bytes = recordBytes(record)
    this.#bytes += bytes
    this.#queue.push({ record, bytes })
  }

  #complete(entry: AuditEntry): AuditRecord {
    return {
      at: new Date(this.#options.clock.nowMs()),
      actor: 'system',
      workspace: undefined,
      result: 'ok',
      traceId: undefined,
      detail: {},
      ...entry,
    }
  }
}

/** Of the catalogue and of keys, whatever way they came in: they stand in the log as well, also where the queue is full. */
const CHANGES = /^(?:workspace|group|tag|key)\.(?!refused?$)/
const COUNTS_SHARE = 0.8
/** 500 rows of 12 values stay far below PostgreSQL's 65,535 parameters and make one round trip worth its while. */
const BATCH_MAX = 500
/** So that a chain that fell silent is known to have ended; 24 rows a day and process cost nothing. */
export const BEAT_EVERY_MS = 3_600_000
