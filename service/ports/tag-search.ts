import type { Tag } from '../core/tag.ts'
import type { Page } from './catalog-store.ts'

/** Which tags somebody looks for; what is '' may be anything. */
export interface TagQuery {
  /** `w`, `w/g` or `w/g/t`: that one and what lies below it. */
  readonly within: string
  /** Somewhere in `w/g/t` or in the display name, capitals or not. */
  readonly text: string
}

/** Looks for tags across workspaces and groups, for people. @throws IDGEN_STORE_UNAVAILABLE */
export interface TagSearch {
  /** In the order of workspace, group and name; `after` is a path (`w/g/t`), `next` too. limit: 1..1000. */
  find(query: TagQuery, after: string | undefined, limit: number): Promise<Page<Tag>>
  /** How many tags `find` would go through in all. */
  count(query: TagQuery): Promise<number>
}
