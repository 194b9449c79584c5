import { authorityKey, workersOf, workerTimeKey, workerTimesOf } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { AuthorityStanding, TimeAuthorityRecords } from '../ports/time-authority-records.ts'
import type { TimeAuthority, TimeCopyStore } from '../ports/time-copy-store.ts'
import { holderOf, parseAuthority, parseTime } from './worker-record.ts'

/** A store that can grant time. */
export type GrantingStore = 'postgres' | 'etcd'

/** Who grants the time of a data centre, as both stores have it. */
export interface CoordinationStatus {
  readonly dc: number
  readonly database: AuthorityStanding | undefined
  /** `authority` is undefined where the text is no record of idgen. */
  readonly etcd: { readonly text: string; readonly authority: TimeAuthority | undefined } | undefined
  /** '' where neither store has a record. */
  readonly layoutHash: string
  readonly etcdHolders: readonly { readonly worker: number; readonly holder: string }[]
  /** Of every worker id that was ever used: the greater of both stores. */
  readonly untilMs: ReadonlyMap<number, number>
  readonly etcdUntilMs: ReadonlyMap<number, number>
  /** Keys of times in etcd that are no records of idgen. */
  readonly unreadable: readonly string[]
}

export async function coordinationStatus(
  coordinator: Coordinator,
  database: TimeCopyStore & TimeAuthorityRecords,
  dc: number,
): Promise<CoordinationStatus> {
  const standing = await database.standing(dc)
  const entry = await coordinator.get(authorityKey(dc))
  const etcd = entry && { text: entry.value, authority: parseAuthority(entry.value) }
  const holders = await coordinator.list(workersOf(dc))
  const times = await coordinator.list(workerTimesOf(dc))
  const untilMs = new Map([...(await database.readAll(dc))].filter(([, ms]) => ms > 0))
  const etcdUntilMs = new Map<number, number>()
  const unreadable: string[] = []
  for (const { key, value } of times.entries) {
    const worker = Number(key.slice(workerTimesOf(dc).length))
    const ms = parseTime(value)?.untilMs
    if (ms === undefined || key !== workerTimeKey(dc, worker)) {
      unreadable.push(key)
      continue
    }
    etcdUntilMs.set(worker, ms)
    untilMs.set(worker, Math.max(ms, untilMs.get(worker) ?? 0))
  }
  return {
    dc,
    database: standing,
    etcd,
    layoutHash: standing?.layoutHash ?? etcd?.authority?.layoutHash ?? '',
    etcdHolders: holders.entries.map(({ key, value }) => ({
      worker: Number(key.slice(workersOf(dc).length)),
      holder: holderOf(value),
    })),
    untilMs,
    etcdUntilMs,
    unreadable,
  }
}

/**
 * What it takes to make `to` the one store that grants. finish: PostgreSQL says `to` already, which an interrupted
 * switch wrote together with every time, and etcd is still frozen.
 * @throws IDGEN_NOT_EMPTY | IDGEN_COORDINATION_MISMATCH | IDGEN_LAYOUT_MISMATCH why it cannot be done
 */
export function planSwitch(
  status: CoordinationStatus,
  to: GrantingStore,
  force: boolean,
): 'already' | 'unused' | 'finish' | 'move' {
  const { dc, database, etcd, layoutHash } = status
  if (database === undefined && etcd === undefined) return 'unused'
  if (layoutHash === '') throw noLayout(status)
  const etcdLayout = etcd?.authority?.layoutHash ?? layoutHash
  if (etcdLayout !== layoutHash)
    throw new IdgenError(
      'IDGEN_LAYOUT_MISMATCH',
      `PostgreSQL says that data centre ${dc} stamps with the snowflake layout ${layoutHash}, etcd says ${etcdLayout}: one of them was restored from another installation or edited. Put the right one back first.`,
    )
  if (database?.store === to) {
    const inEtcd = etcd?.authority?.store
    if (inEtcd === to || (to === 'postgres' && etcd === undefined)) return 'already'
    if (inEtcd === 'moving') return 'finish'
  }
  if (status.unreadable.length > 0) throw unreadable(status)
  if (database === undefined && !force) throw otherDatabase(status)
  // Where it is moving already the holds were ended; what is still to be seen of them are leases that run out.
  if (!force && database?.store !== 'moving') refuseHolders(status)
  return 'move'
}

function refuseHolders({ dc, database, etcdHolders }: CoordinationStatus): void {
  const holders = [...(database?.holders ?? []), ...etcdHolders]
  if (holders.length === 0) return
  const shown = holders.slice(0, SHOWN_MAX).map(({ worker, holder }) => `${worker} by ${holder}`)
  const more = holders.length > SHOWN_MAX ? ` and ${holders.length - SHOWN_MAX} more` : ''
  throw new IdgenError(
    'IDGEN_NOT_EMPTY',
    `Processes hold worker ids of data centre ${dc}: ${shown.join(', ')}${more}. Stop them first; or use --force, which ends their holds: they issue snowflake IDs for at most one more window (30 s), then degrade until they are started with the new configuration.`,
  )
}

/** Data centres with a database each share an etcd: a wrong number would move another one's time into this database. */
function otherDatabase({ dc, etcd }: CoordinationStatus): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_MISMATCH',
    `etcd says that the time of data centre ${dc} is granted by ${etcd?.authority?.store ?? 'nobody known'}, and this database knows nothing of that data centre: is it the right database, and the right number? Use --force only if the database lost its records.`,
  )
}

function unreadable({ unreadable: keys }: CoordinationStatus): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_MISMATCH',
    `etcd holds times that cannot be read: ${keys.slice(0, SHOWN_MAX).join(', ')} (below etcd.prefix). What was used of these worker ids is unknown. Write {"untilMs":<a Unix time in ms nobody can have reached>,"nonce":""} there, then run the switch again.`,
  )
}

function noLayout({ dc, etcd }: CoordinationStatus): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_MISMATCH',
    `The key ${authorityKey(dc)} in etcd holds no record of idgen but ${etcd?.text.slice(0, TEXT_MAX)}, and PostgreSQL has none. Delete the key if this data centre never issued IDs.`,
  )
}

/** Enough to see which; a line holds no more. */
const SHOWN_MAX = 5
const TEXT_MAX = 200
