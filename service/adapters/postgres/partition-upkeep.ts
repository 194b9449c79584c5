import { type Kysely, sql } from 'kysely'
import { invariant } from '../../core/invariant.ts'
import type { SealCut } from '../../ports/audit-reader.ts'
import type { Log } from '../../ports/log.ts'
import type { Retention } from '../../ports/retention.ts'
import { dropExpired, ensurePartitions, strayRows } from './partitions.ts'
import type { Tables } from './tables.ts'

/** Makes next months' partitions, drops expired ones and tells of rows that found none: at the start and twice a day. */
export class PartitionUpkeep implements Retention {
  readonly #db: Kysely<Tables>
  readonly #log: Log
  readonly #retentionMonths: number
  readonly #seal: SealCut
  /** Dropped since the start, as long as nobody follows: some names for each month that was too old then. */
  #untold: string[] = []
  #tell: ((months: readonly string[]) => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()

  constructor(db: Kysely<Tables>, log: Log, retentionMonths: number, seal: SealCut) {
    this.#db = db
    this.#log = log
    this.#retentionMonths = retentionMonths
    this.#seal = seal
  }

  follow(tell: (months: readonly string[]) => void): void {
    this.#tell = tell
    if (this.#untold.length > 0) tell(this.#untold.splice(0))
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
    try {
      // The database's time: a pod whose clock is months ahead must not drop the audit log.
      const now = await databaseTime(this.#db)
      const made = await ensurePartitions(this.#db, now)
      const dropped = await dropExpired(this.#db, now, this.#retentionMonths, {
        seal: this.#seal,
        onDropped: (names) => this.#noteDropped(names),
      })
      if (made.length + dropped.length > 0) this.#log.info({ made, dropped }, 'partitions kept up')
      const strays = await strayRows(this.#db)
      if (strays > 0) this.#log.error({ rows: strays }, 'rows in a default partition')
    } catch (error) {
      this.#log.warn({ err: error }, 'partitions could not be kept up')
    }
  }

  #noteDropped(names: readonly string[]): void {
    if (this.#tell === undefined) this.#untold.push(...names)
    else this.#tell(names)
  }
}

async function databaseTime(db: Kysely<Tables>): Promise<Date> {
  const { rows } = await sql<{ now: Date }>`SELECT clock_timestamp() AS now`.execute(db)
  const [row] = rows
  invariant(row !== undefined, 'a select without a table answers one row')
  return row.now
}

/** Partitions are made three months ahead, so twice a day leaves some 180 tries. */
const EVERY_MS = 12 * 3_600_000
