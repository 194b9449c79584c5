import { AdvanceTags } from './app/advance-tags.ts'
import { DeclareTags, type DeclareTagsOptions } from './app/declare-tags.ts'
import type { Config } from './config/keys.ts'
import type { Outside } from './outside.ts'
import type { Coordination } from './start-coordination.ts'
import type { Granting } from './start-granting.ts'

/** What tags are changed through; with etcd also what tells the other databases. */
export interface DeclarationParts extends Pick<DeclareTagsOptions, 'catalog' | 'directory' | 'audit'> {
  readonly coordination: Coordination | undefined
  readonly granting: Granting
}

export function newDeclarations(config: Config, outside: Outside, parts: DeclarationParts): DeclareTags {
  const { coordination, granting, ...managed } = parts
  const { declarations, catalog, shared } = outside
  const { allocator, segments } = granting
  const coordinator = shared === undefined ? {} : { coordinator: shared.coordinator }
  return new DeclareTags({
    ...managed,
    declarations,
    segments,
    dc: config.datacenter.id,
    advance: new AdvanceTags({ catalog, allocator, audit: managed.audit, ...coordinator }),
    ...(coordination === undefined ? {} : { publish: (path) => coordination.sync.sync(path) }),
  })
}
