import type { Tables } from './tables.ts'

export type Right = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE'

const READ = ['SELECT'] as const
const ADDED = ['SELECT', 'INSERT'] as const
const CHANGED = ['SELECT', 'INSERT', 'UPDATE'] as const
const FORGOTTEN = ['SELECT', 'INSERT', 'DELETE'] as const
const ALL = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const

/**
 * What a running service does to each table, and no more: `idgen doctor` asks for it, and the contracts of the stores
 * are tested with it. A lock of a row (FOR SHARE) needs UPDATE as well. Making and dropping partitions, and migrations,
 * need the owner.
 */
export const NEEDED_RIGHTS = {
  workspaces: CHANGED,
  groups: CHANGED,
  biz_tags: CHANGED,
  tag_declarations: ALL,
  past_declarations: FORGOTTEN,
  tag_deletions: FORGOTTEN,
  segments: CHANGED,
  ranges: ADDED,
  segment_allocations: ADDED,
  time_authority: CHANGED,
  worker_times: CHANGED,
  dc_claims: CHANGED,
  settings_in_force: CHANGED,
  api_keys: CHANGED,
  api_key_uses: CHANGED,
  seals: ADDED,
  audit_log: ADDED,
  // Chains that went with the last of their months are deleted.
  audit_chains: ALL,
  // Its one row comes with the schema.
  catalog_revision: ['SELECT', 'UPDATE'],
  catalog_changes: CHANGED,
  // Read at each start, also where database.migrate is false.
  idgen_migrations: READ,
} as const satisfies Readonly<Record<keyof Tables | 'idgen_migrations', readonly Right[]>>
