import { type Kysely, sql, type Transaction } from 'kysely'
import type { SealCut } from '../../ports/audit-reader.ts'
import { fromPostgres } from './postgres-error.ts'
import type { Tables } from './tables.ts'

/** Tables cut into months: `<table>_yyyymm` for [first of the month, first of the next), UTC, and `<table>_default`. */
const PARTITIONED = ['segment_allocations', 'audit_log'] as const
type Partitioned = (typeof PARTITIONED)[number]

/**
 * Makes the partitions of this month and the next three, and moves what had landed in the default partition for
 * want of them. Returns the names it made. Safe in several processes at once: an advisory lock lets one work.
 * @throws IDGEN_STORE_UNAVAILABLE
 */
export async function ensurePartitions(db: Kysely<Tables>, now: Date): Promise<string[]> {
  return upkeep(db, 'making partitions', async (trx) => {
    const made: string[] = []
    for (const table of PARTITIONED) {
      const present = new Set(await partitionNames(trx, table))
      for (let ahead = 0; ahead <= MONTHS_AHEAD; ahead += 1) {
        const month = firstOfMonth(now, ahead)
        const name = partitionName(table, month)
        if (present.has(name)) continue
        await makePartition(trx, table, name, month)
        made.push(name)
      }
    }
    return made
  })
}

/**
 * The partitions whose whole month lies more than `retentionMonths` (1 or more) before `now`.
 * @throws IDGEN_STORE_UNAVAILABLE
 */
export async function expiredPartitions(
  db: Kysely<Tables>,
  now: Date,
  retentionMonths: number,
): Promise<string[]> {
  try {
    const found: string[] = []
    for (const table of PARTITIONED) found.push(...(await expiredOf(db, table, now, retentionMonths)))
    return found
  } catch (thrown) {
    throw fromPostgres(thrown, 'looking for old partitions')
  }
}

/**
 * Drops them, with all their rows. Returns their names. `seal`: of the places where chains of the audit log are cut.
 * @throws IDGEN_STORE_UNAVAILABLE; the months of one table may be gone by then
 */
export async function dropExpired(
  db: Kysely<Tables>,
  now: Date,
  retentionMonths: number,
  seal: SealCut,
): Promise<string[]> {
  const dropped: string[] = []
  // One after the other: a lock on the one must not be held while the other has work to do, as allocations wait for it.
  for (const table of PARTITIONED) {
    const names = await upkeep(db, 'dropping old partitions', async (trx) => {
      const expired = await expiredOf(trx, table, now, retentionMonths)
      for (const name of expired) {
        if (table === 'audit_log') await noteCut(trx, name, seal)
        await sql`DROP TABLE ${sql.table(name)}`.execute(trx)
      }
      return expired
    })
    dropped.push(...names)
  }
  return dropped
}

async function expiredOf(
  db: Kysely<Tables>,
  table: Partitioned,
  now: Date,
  retentionMonths: number,
): Promise<string[]> {
  const oldestKept = partitionName(table, firstOfMonth(now, -retentionMonths))
  // Names end in yyyymm, so their order is the order of the months.
  return (await partitionNames(db, table)).filter((name) => /_\d{6}$/.test(name) && name < oldestKept)
}

/** Rows in the default partitions: more than 0 means that upkeep has not run (alert). */
export async function strayRows(db: Kysely<Tables>): Promise<number> {
  try {
    let rows = 0
    for (const table of PARTITIONED) {
      const counted = await sql<{ rows: number }>`
        SELECT count(*)::int AS rows FROM ${sql.table(`${table}_default`)}`.execute(db)
      rows += counted.rows[0]?.rows ?? 0
    }
    return rows
  } catch (thrown) {
    throw fromPostgres(thrown, 'counting stray rows')
  }
}

async function upkeep<T>(
  db: Kysely<Tables>,
  doing: string,
  work: (trx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  try {
    return await db.transaction().execute(async (trx) => {
      await sql`SET LOCAL lock_timeout = '10s'`.execute(trx)
      await sql`SELECT pg_advisory_xact_lock(${UPKEEP_LOCK})`.execute(trx)
      // A partition is attached or dropped under a lock that allocations queue behind, so upkeep gives up quickly
      // when somebody holds the table, and the caller tries again at its next round.
      await sql`SET LOCAL lock_timeout = '1s'`.execute(trx)
      return await work(trx)
    })
  } catch (thrown) {
    throw fromPostgres(thrown, doing)
  }
}

async function makePartition(
  trx: Transaction<Tables>,
  table: Partitioned,
  name: string,
  month: Date,
): Promise<void> {
  const until = firstOfMonth(month, 1)
  // Made apart and then attached: CREATE … PARTITION OF would lock the whole table against every insert. Indexes,
  // foreign keys and the identity come with the attachment.
  await sql`CREATE TABLE ${sql.table(name)} (
    LIKE ${sql.table(table)} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`.execute(trx)
  await sql`
    WITH strays AS (
      DELETE FROM ${sql.table(`${table}_default`)} WHERE at >= ${month} AND at < ${until} RETURNING *
    )
    INSERT INTO ${sql.table(name)} SELECT * FROM strays`.execute(trx)
  await sql`
    ALTER TABLE ${sql.table(table)} ATTACH PARTITION ${sql.table(name)}
    FOR VALUES FROM (${sql.lit(month.toISOString())}) TO (${sql.lit(until.toISOString())})`.execute(trx)
}

/**
 * The last link of each chain that goes with a month: a check of the chain begins after it. Months are dropped in
 * their order, and times never go back within a chain, so what goes is always the front of it.
 */
async function noteCut(trx: Transaction<Tables>, partition: string, seal: SealCut): Promise<void> {
  // First what dropping the month needs, as a batch of the log does: whoever took audit_chains first would wait for a
  // writer that waits for him.
  await sql`LOCK TABLE ONLY audit_log IN ACCESS EXCLUSIVE MODE`.execute(trx)
  // A step of the index for each chain: nobody can write meanwhile, and a month may have a hundred million rows.
  let after = ''
  for (;;) {
    const { rows } = await sql<{ chain: string; seq: number; hash: string }>`
      SELECT k.chain, l.seq, l.hash
        FROM audit_chains k CROSS JOIN LATERAL (
               SELECT seq, hash FROM ${sql.table(partition)} WHERE chain = k.chain ORDER BY seq DESC LIMIT 1) l
       WHERE k.chain > ${after} AND k.cut_seq < l.seq ORDER BY k.chain LIMIT ${CUTS_MAX}`.execute(trx)
    const last = rows.at(-1)
    if (last === undefined) break
    await sql`
      UPDATE audit_chains c SET cut_seq = l.seq, cut_hash = l.hash, cut_seal = l.seal
        FROM unnest(${rows.map((row) => row.chain)}::text[], ${rows.map((row) => row.seq)}::bigint[],
                    ${rows.map((row) => row.hash)}::text[],
                    ${rows.map((row) => seal(row.chain, row) ?? null)}::text[]) AS l (chain, seq, hash, seal)
       WHERE c.chain = l.chain`.execute(trx)
    after = last.chain
  }
  await sql`DELETE FROM audit_chains WHERE cut_seq = seq`.execute(trx)
}

async function partitionNames(db: Kysely<Tables>, table: Partitioned): Promise<string[]> {
  const found = await sql<{ name: string }>`
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = ${table}::regclass ORDER BY c.relname`.execute(db)
  return found.rows.map((row) => row.name)
}

function partitionName(table: Partitioned, month: Date): string {
  return `${table}_${month.toISOString().slice(0, 7).replace('-', '')}`
}

function firstOfMonth(date: Date, offset: number): Date {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + offset, 1))
}

/** This month and three more (R-1.2.1): a quarter without upkeep before anything lands in the default partition. */
const MONTHS_AHEAD = 3
/** Chains that are cut with one statement; a process that ran in the month is one. */
const CUTS_MAX = 1000
/** Any number of our own: advisory locks are one space per database. */
const UPKEEP_LOCK = 4_711_202_601
