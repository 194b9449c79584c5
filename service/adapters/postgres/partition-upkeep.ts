import { type Kysely, sql } from 'kysely'
import { IdgenError } from '../../core/errors.ts'
import { invariant } from '../../core/invariant.ts'
import type { SealCut } from '../../ports/audit-reader.ts'
import type { Log } from '../../ports/log.ts'
import type { RecordExpiry, Retention } from '../../ports/retention.ts'
import { dropExpired, ensurePartitions, expiredPartitions, strayRows } from './partitions.ts'
import type { Tables } from './tables.ts'

/**
 * Makes next months' partitions, drops expired ones once that stands in the audit log, and tells of rows that found none: at
 * the start and twice a day.
 */
export class PartitionUpkeep implements Retention {
  readonly #db: Kysely<Tables>
  readonly #log: Log
  readonly #retentionMonths: number
  readonly #seal: SealCut
  #record: RecordExpiry | undefined
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()

  constructor(db: Kysely<Tables>, log: Log, retentionMonths: number, seal: SealCut) {
    this.#db = db
    this.#log = log
    this.#retentionMonths = retentionMonths
    this.#seal = seal
  }

  follow(record: RecordExpiry): void {
    this.#record = record
    // Only what waited for it: the round at the start has just done the rest.
    this.#round = this.#round.then(() =>
      this.#attempt(async () => this.#tell([], await this.#drop(await databaseTime(this.#db)))),
    )
  }

  async start(): Promise<void> {
    await this.run()
    this.#timer = setInterval(() => {
      this.#round = this.run()
    }, EVERY_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#round
  }

  /** One round. Never rejects: the default partition takes what has none, and the next round moves it. */
  async run(): Promise<void> {
    await this.#attempt(async () => {
      // The database's time: a pod whose clock is months ahead must not drop the audit log.
      const now = await databaseTime(this.#db)
      const made = await ensurePartitions(this.#db, now)
      this.#tell(made, await this.#drop(now))
      const strays = await strayRows(this.#db)
      if (strays > 0) this.#log.error({ rows: strays }, 'rows in a default partition')
    })
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#log.warn({ err: error }, 'partitions could not be kept up')
    }
  }

  #tell(made: readonly string[], dropped: readonly string[]): void {
    if (made.length + dropped.length > 0) this.#log.info({ made, dropped }, 'partitions kept up')
  }

  /** Two processes that look at the same time both write it down, and one of them drops. */
  async #drop(now: Date): Promise<readonly string[]> {
    if (this.#record === undefined) return []
    const names = await expiredPartitions(this.#db, now, this.#retentionMonths)
    if (names.length === 0) return []
    if (!(await this.#record(names)))
      throw new IdgenError(
        'IDGEN_STORE_UNAVAILABLE',
        `${names.join(', ')} are too old, and stay: that they go could not be written to the audit log.`,
      )
    return await dropExpired(this.#db, now, this.#retentionMonths, this.#seal)
  }
}

/** Once, for a command; the names of those that were not there. */
export async function makePartitionsAhead(db: Kysely<Tables>): Promise<string[]> {
  return ensurePartitions(db, await databaseTime(db))
}

async function databaseTime(db: Kysely<Tables>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db)
  const [row] = rows
  invariant(row !== undefined, 'a select without a table answers one row')
  return row.now
}

/** Partitions are made three months ahead, so twice a day leaves some 180 tries. */
const EVERY_MS = 12 * 3_600_000
