import { isWithin } from '../core/tag-path.ts'
import type { TagRef } from '../ports/catalog-store.ts'
import type { Member } from './visit.ts'

/** Paths of pages about something in the catalogue. Names come from requests, so every part is encoded. */
export function tagUrl(ref: TagRef, more = ''): string {
  return `/ui/tags/${[ref.workspace, ref.group, ref.name].map(encodeURIComponent).join('/')}${more}`
}

export function workspaceUrl(workspace: string, more = ''): string {
  return `/ui/workspaces/${encodeURIComponent(workspace)}${more}`
}

export function groupUrl(workspace: string, group: string, more = ''): string {
  return workspaceUrl(workspace, `/groups/${encodeURIComponent(group)}${more}`)
}

/** The tag that the path of a page names. */
export function tagOfPath({ params }: Member): TagRef {
  return { workspace: params['workspace'] ?? '', group: params['group'] ?? '', name: params['tag'] ?? '' }
}

/** The part of the catalogue that is asked for, as far as the key reaches; '' is all of it. */
export function reachable({ caller }: Pick<Member, 'caller'>, wanted: string): string {
  return isWithin(wanted, caller.within) ? wanted : caller.within
}
