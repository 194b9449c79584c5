import { authorityKey } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { Coordinator } from '../ports/coordinator.ts'
import type { TimeAuthority, TimeAuthorityStore } from '../ports/time-copy-store.ts'
import { parseAuthority, printAuthority } from './worker-record.ts'

/** The authority record in etcd: `text` is what later transactions compare. */
export interface AuthorityEntry {
  readonly text: string
  readonly authority: TimeAuthority
}

/**
 * Writes the record where there is none, and returns the one there is; one transaction.
 * @throws IDGEN_COORDINATION_MISMATCH when the key holds no record of idgen
 */
export async function fixAuthority(
  coordinator: Coordinator,
  dc: number,
  wanted: TimeAuthority,
): Promise<AuthorityEntry> {
  const key = authorityKey(dc)
  const { entries } = await coordinator.transact({
    compare: [{ key, createRevision: 0 }],
    change: [{ put: key, value: printAuthority(wanted) }],
    read: [key],
  })
  return authorityOf(dc, entries.get(key)?.value ?? '')
}

/**
 * @param where which store says so, for people
 * @throws IDGEN_COORDINATION_MISMATCH | IDGEN_LAYOUT_MISMATCH
 */
export function checkAuthority(
  dc: number,
  found: TimeAuthority,
  wanted: { readonly store: TimeAuthorityStore; readonly layoutHash: string },
  where: string,
): void {
  if (found.store !== wanted.store) throw otherStore(dc, found.store, wanted.store, where)
  if (found.layoutHash === wanted.layoutHash) return
  throw new IdgenError(
    'IDGEN_LAYOUT_MISMATCH',
    `${where} says that data centre ${dc} stamps with the snowflake layout ${found.layoutHash}, this process is configured for ${wanted.layoutHash}: two layouts would make equal IDs. Set the recorded layout.`,
  )
}

/** Somebody moved it between two calls of ours. */
export function authorityChanged(dc: number): IdgenError {
  return new IdgenError(
    'IDGEN_COORDINATION_MISMATCH',
    `The record of who grants the time of data centre ${dc} was just changed in etcd: is idgen coordination switch running?`,
  )
}

function otherStore(
  dc: number,
  found: TimeAuthorityStore,
  wanted: TimeAuthorityStore,
  where: string,
): IdgenError {
  const message =
    found === 'moving'
      ? `${where} says that the time of data centre ${dc} is moving to another store. Wait, or run idgen coordination switch again if it was interrupted.`
      : `${where} says that the time of data centre ${dc} is granted by ${nameOf(found)}, this process is configured for ${nameOf(wanted)}. Configure ${nameOf(found)}, or move the authority with idgen coordination switch.`
  return new IdgenError('IDGEN_COORDINATION_MISMATCH', message)
}

function nameOf(store: TimeAuthorityStore): string {
  return store === 'postgres' ? 'PostgreSQL' : store
}

/** @throws IDGEN_COORDINATION_MISMATCH when it is no record of idgen */
export function authorityOf(dc: number, text: string): AuthorityEntry {
  const authority = parseAuthority(text)
  if (authority !== undefined) return { text, authority }
  throw new IdgenError(
    'IDGEN_COORDINATION_MISMATCH',
    `The key ${authorityKey(dc)} in etcd holds no record of idgen but ${text.slice(0, 200)}; somebody edited it. Run idgen coordination switch.`,
  )
}
