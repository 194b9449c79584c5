import { sql } from 'kysely'

/**
 * What changes whenever commits may have been lost: another cluster, another timeline (failover, point-in-time
 * recovery), a server that was started again (a restored copy of its files), another database or table (a dump that was
 * restored, a copy by CREATE DATABASE … TEMPLATE). pg_control_checkpoint() would lag behind after a promotion; the name
 * of the WAL file being written does not.
 */
export const HISTORY = sql<string>`
  (SELECT system_identifier::text FROM pg_control_system())
  || '/' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
  || '/' || to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS.US')
  || '/' || (SELECT oid::text FROM pg_database WHERE datname = current_database())
  || '/' || 'segments'::regclass::oid::text`
