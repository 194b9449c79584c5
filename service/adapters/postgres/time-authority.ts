import { IdgenError } from '../../core/errors.ts'
import { invariant } from '../../core/invariant.ts'
import type { TimeAuthority, TimeAuthorityStore } from '../../ports/time-copy-store.ts'
import type { PostgresDatabase } from './database.ts'
import type { Session } from './session.ts'

/**
 * The authority record of `dc`, fixed to `wanted` where there is none yet, and locked FOR SHARE: it does not move
 * before the transaction ends. Whoever makes the record also makes the rows of the worker ids.
 */
export async function fixAuthority(
  { kysely }: PostgresDatabase,
  session: Session,
  dc: number,
  wanted: TimeAuthority,
): Promise<TimeAuthority> {
  const made = await session.write(
    kysely
      .insertInto('time_authority')
      .values({ dc, store: wanted.store, layout_hash: wanted.layoutHash })
      .onConflict((conflict) => conflict.column('dc').doNothing()),
  )
  if (made === 1) {
    const rows = Array.from({ length: WORKERS_MAX }, (_, worker) => ({ dc, worker }))
    await session.write(kysely.insertInto('worker_times').values(rows))
  }
  const row = await session.first(
    kysely.selectFrom('time_authority').select(['store', 'layout_hash']).where('dc', '=', dc).forShare(),
  )
  invariant(row !== undefined, 'the authority record was just made')
  return { store: knownStore(row.store), layoutHash: row.layout_hash }
}

/** Locked FOR SHARE: true until the transaction ends. */
export async function hasAuthority(
  { kysely }: PostgresDatabase,
  session: Session,
  dc: number,
  store: TimeAuthorityStore,
): Promise<boolean> {
  const query = kysely.selectFrom('time_authority').select('store').where('dc', '=', dc)
  return (await session.first(query.forShare()))?.store === store
}

/**
 * For a process without etcd that makes or deletes a tag. Where etcd grants, names and high waters are agreed upon there:
 * a tag made past it may begin at numbers that another data centre granted to a deleted one.
 * @throws IDGEN_COORDINATION_MISMATCH
 */
export async function refuseJoined(session: Session, db: PostgresDatabase['kysely']): Promise<void> {
  const query = db.selectFrom('time_authority').select('dc').where('store', '!=', 'postgres').orderBy('dc')
  const joined = await session.first(query.limit(1))
  if (joined !== undefined) throw pastEtcd(joined.dc)
}

export function pastEtcd(dc: number): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_MISMATCH',
    `Tags and numbers of data centre ${dc} are agreed upon in etcd, and this process is configured without it: set etcd.endpoints, or leave etcd with idgen coordination switch.`,
  )
}

export function knownStore(store: string): TimeAuthorityStore {
  invariant(store === 'postgres' || store === 'etcd' || store === 'moving', 'time_authority names a store')
  return store
}

/** 8 bits of the snowflake layout. */
export const WORKERS_MAX = 256
