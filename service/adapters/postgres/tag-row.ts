import type { Kysely } from 'kysely'
import type { AlgorithmName } from '../../core/algorithm.ts'
import type { IdFormat } from '../../core/id-format.ts'
import type { Tag } from '../../core/tag.ts'
import { spaceOf } from './range-opener.ts'
import type { Tables } from './tables.ts'

/** A live tag with the names it hangs under. */
export interface TagRow {
  readonly id: number
  readonly generation: string
  readonly workspace: string
  readonly group: string
  readonly name: string
  readonly display_name: string
  readonly chain: AlgorithmName[]
  readonly step_base: number
  readonly step_min: number
  readonly step_max: number
  readonly start_at: number
  readonly cell_size: number
  readonly dc_count: number
  readonly format: IdFormat | null
  readonly version: number
  readonly created_at: Date
  readonly updated_at: Date
}

/** Live tags of a live group of a live workspace. */
export function selectTags(db: Kysely<Tables>, within: { workspace: string; group: string }) {
  return selectTagsAnywhere(db).where('w.name', '=', within.workspace).where('g.name', '=', within.group)
}

/** The same of all workspaces and groups. */
export function selectTagsAnywhere(db: Kysely<Tables>) {
  return db
    .selectFrom('biz_tags as t')
    .innerJoin('groups as g', 'g.id', 't.group_id')
    .innerJoin('workspaces as w', 'w.id', 'g.workspace_id')
    .select(['t.id', 'w.name as workspace', 'g.name as group', 't.name', 't.display_name', 't.chain'])
    .select(['t.step_base', 't.step_min', 't.step_max', 't.start_at', 't.cell_size', 't.dc_count'])
    .select('t.format')
    .select(['t.version', 't.created_at', 't.updated_at', 't.generation'])
    .where('w.deleted_at', 'is', null)
    .where('g.deleted_at', 'is', null)
    .where('t.deleted_at', 'is', null)
}

export function tagOf(row: TagRow): Tag {
  return {
    id: row.id,
    generation: row.generation,
    workspace: row.workspace,
    group: row.group,
    name: row.name,
    displayName: row.display_name,
    chain: row.chain,
    step: { base: row.step_base, min: row.step_min, max: row.step_max },
    space: spaceOf(row),
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
