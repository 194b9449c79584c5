import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely'
import type { AlgorithmName } from '../../core/algorithm.ts'
import type { IdFormat } from '../../core/id-format.ts'
import type { Scope } from '../../ports/api-key-store.ts'
import type { KeptSettings } from '../../ports/settings-store.ts'

/** Every table as migrations/ leaves it. int8 columns are numbers: see int8.ts. */
export interface Tables {
  workspaces: WorkspacesTable
  groups: GroupsTable
  biz_tags: BizTagsTable
  tag_declarations: TagDeclarationsTable
  past_declarations: PastDeclarationsTable
  tag_deletions: TagDeletionsTable
  segments: SegmentsTable
  ranges: RangesTable
  segment_allocations: SegmentAllocationsTable
  time_authority: TimeAuthorityTable
  worker_times: WorkerTimesTable
  dc_claims: DcClaimsTable
  settings_in_force: SettingsInForceTable
  api_keys: ApiKeysTable
  api_key_uses: ApiKeyUsesTable
  seals: SealsTable
  audit_log: AuditLogTable
  audit_chains: AuditChainsTable
  catalog_revision: CatalogRevisionTable
  catalog_changes: CatalogChangesTable
}

interface NamedTable {
  id: GeneratedAlways<number>
  name: string
  display_name: string
  version: Generated<number>
  created_at: Generated<Date>
  updated_at: Generated<Date>
  deleted_at: Date | null
}

export interface WorkspacesTable extends NamedTable {}

export interface GroupsTable extends NamedTable {
  workspace_id: number
}

export interface BizTagsTable extends Omit<NamedTable, 'id'> {
  /** Made of the generation (core/generation.ts). */
  id: number
  group_id: number
  /** Mutable element type only because kysely wants an exact match with what pg returns. */
  chain: AlgorithmName[]
  step_base: number
  step_min: number
  step_max: number
  start_at: number
  cell_size: number
  dc_count: number
  format: IdFormat | null
  /** Of a tombstone: first number above everything ever granted. */
  high_water: number | null
  generation: Generated<string>
  config_revision: Generated<number>
}

export interface TagDeclarationsTable {
  tag_id: number
  cluster: string
  namespace: string
  name: string
  uid: string
  /** Of the object that declares. */
  object_created_at: Date
  generation: number
  declared_at: Generated<Date>
  released_at: Date | null
}

export interface PastDeclarationsTable {
  uid: string
  tag_id: number | null
  released_at: Generated<Date>
}

export interface TagDeletionsTable {
  tag_id: number
  owner_uid: string | null
  begun_at: Generated<Date>
}

export interface SegmentsTable {
  tag_id: number
  dc: number
  cell: number
  /** First number not granted yet; cell_hi when the cell is used up. */
  next_value: number
  cell_hi: number
  ceiling: Generated<number>
  ceiling_history: Generated<string>
  updated_at: Generated<Date>
}

export interface RangesTable {
  tag_id: number
  dc: number
  cell: number
  lo: number
  hi: number
  opened_at: Generated<Date>
}

export interface SegmentAllocationsTable {
  tag_id: number
  dc: number
  lo: number
  hi: number
  instance: string
  at: Generated<Date>
}

export interface TimeAuthorityTable {
  dc: number
  store: string
  layout_hash: string
  moves: Generated<number>
  updated_at: Generated<Date>
}

export interface WorkerTimesTable {
  dc: number
  worker: number
  nonce: string | null
  revision: Generated<number>
  until_ms: Generated<number>
  held_from_ms: Generated<number>
  lease_until: Date | null
  holder: string | null
  copy_nonce: Generated<string>
  updated_at: Generated<Date>
}

export interface DcClaimsTable {
  dc: number
  installation: string
  claimed_by: string
  claimed_at: Generated<Date>
}

export interface SettingsInForceTable {
  dc: number
  version: number
  settings: JSONColumnType<KeptSettings>
  owed: JSONColumnType<KeptSettings> | null
  noted_at: Generated<Date>
}

export interface ApiKeysTable {
  id: string
  name: string
  hash: ColumnType<Buffer, Uint8Array, Uint8Array>
  scopes: Scope[]
  within: string
  created_at: Date
  expires_at: Date | null
  revoked_at: Date | null
  declared_by: string | null
  previous_hash: ColumnType<Buffer | null, Uint8Array | null, Uint8Array | null>
  previous_until: Date | null
}

export interface ApiKeyUsesTable {
  id: string
  last_used_at: Date
}

/** Keys that sign what idgen puts where others may write. */
export interface SealsTable {
  name: string
  key: ColumnType<Buffer, Uint8Array, Uint8Array>
}

export interface AuditLogTable {
  id: GeneratedAlways<number>
  at: Date
  actor: string
  action: string
  subject: string
  workspace: string | null
  result: string
  trace_id: string | null
  detail: JSONColumnType<Readonly<Record<string, unknown>>>
  chain: string | null
  seq: number | null
  previous_hash: string | null
  hash: string | null
}

export interface AuditChainsTable {
  chain: string
  seq: number
  hash: string
  at: Date
  cut_seq: Generated<number>
  cut_hash: string | null
  cut_seal: string | null
}

export interface CatalogRevisionTable {
  only_row: Generated<boolean>
  revision: number
}

export interface CatalogChangesTable {
  kind: 'tag' | 'key'
  subject: string
  revision: number
}
