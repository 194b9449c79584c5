import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AuditExport } from '../../ports/audit-copy.ts'
import type { ChainedRecord } from '../../ports/audit-sink.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Random } from '../../ports/random.ts'
import { BatchExporter, type Sent } from './batch-exporter.ts'
import { otlpAuditBody, otlpAuditRecord } from './otlp-audit-records.ts'
import type { ReportingService } from './otlp-values.ts'

export interface OtlpAuditOptions {
  /** Brings a request to the receiver. Never rejects, and ends within some seconds. */
  readonly post: (body: string) => Promise<Sent>
  readonly queueMax: number
  readonly service: ReportingService
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/**
 * The audit log as OTLP logs. Each record is sent until the receiver took it, so that it may have one twice; what the receiver
 * refuses, what the queue has no room for and what is left at a stop is counted and logged, and in the database alone.
 */
export class OtlpAudit implements AuditExport {
  readonly #exporter: BatchExporter<string>
  readonly #log: Log

  constructor({ post, queueMax, service, clock, random, log }: OtlpAuditOptions) {
    this.#log = log
    this.#exporter = new BatchExporter<string>({
      send: (records) => post(otlpAuditBody(records, service)),
      clock,
      random,
      queueMax,
      weigh: bytesOf,
      bytesMax: queueMax * RECORD_BYTES,
      batchMax: BATCH_MAX_BYTES,
      news: {
        later: (why) => log.warn({ why, waiting: this.waiting }, 'audit records cannot be exported now'),
        refused: (why) => this.#tellMissed(why),
        dropped: (why) => this.#tellMissed(why),
        again: () => log.info({ missed: this.missed }, 'audit records are exported again'),
      },
    })
  }

  get counters(): AuditExport['counters'] {
    return this.#exporter.counters
  }

  get missed(): number {
    const { dropped, refused } = this.#exporter.counters
    return dropped + refused
  }

  get waiting(): number {
    return this.#exporter.waiting
  }

  get queueMax(): number {
    return this.#exporter.queueMax
  }

  get used(): number {
    return this.#exporter.used
  }

  async add(records: readonly ChainedRecord[]): Promise<void> {
    this.#exporter.add(records.map(otlpAuditRecord))
    // The caller may have thousands more: callers of IDs come in between.
    await nextTurn()
  }

  /** As BatchExporter.stop. */
  async stop(): Promise<void> {
    await this.#exporter.stop()
  }

  #tellMissed(why: string): void {
    this.#log.error({ why, missed: this.missed }, 'audit records were not exported')
  }
}

/** Of memory: V8 keeps a text in two bytes a character as soon as one of them is beyond Latin-1. */
function bytesOf(text: string): number {
  return BEYOND_LATIN_1.test(text) ? 2 * text.length : text.length
}

const BEYOND_LATIN_1 = /[\u0100-\uffff]/
/** What audit.otlp.queueMax promises: most have less, but one of Alertmanager's may have a hundred times as much. */
const RECORD_BYTES = 1500
/** Some 400 records, where receivers take megabytes by default. */
const BATCH_MAX_BYTES = 500_000
