import { IdgenError } from '../core/errors.ts'
import { shownSpace } from '../core/shown-space.ts'
import { checkName, defaultChain, type NumberSpace, type Tag, tagPath } from '../core/tag.ts'
import { sameSpace } from '../core/tag-record.ts'
import type { NewTag, TagChange, TagRef } from '../ports/catalog-store.ts'
import { checkDisplayName, completed, defined, refuseFaults, type TagRequest } from './tag-request.ts'

/** The tag that a request for a new one asks for, at this time. @throws IDGEN_NAME_INVALID, IDGEN_REQUEST_INVALID */
export function newTagOf(ref: TagRef, request: TagRequest, nowMs: number): NewTag {
  const { workspace, group, name } = ref
  checkName('workspace', workspace)
  checkName('group', group)
  checkName('tag', name)
  const draft = completed(request)
  refuseFaults(draft, nowMs)
  return { workspace, group, name, ...draft, displayName: checkDisplayName(request.displayName ?? '') }
}

/**
 * What a request makes of a tag; undefined: it is that already.
 * @throws IDGEN_IMMUTABLE when the request names another number space than the tag has, IDGEN_REQUEST_INVALID
 */
export function changeOf(before: Tag, request: TagRequest): Required<TagChange> | undefined {
  refuseSpaceChange(before, request.space)
  const draft = {
    chain:
      request.chain ?? (request.algorithm === undefined ? before.chain : defaultChain(request.algorithm)),
    step: { ...before.step, ...defined(request.step) },
    space: before.space,
  }
  refuseFaults(draft)
  const displayName = checkDisplayName(request.displayName ?? before.displayName)
  const { chain, step } = draft
  const isSame =
    displayName === before.displayName &&
    JSON.stringify([chain, step]) === JSON.stringify([before.chain, before.step])
  return isSame ? undefined : { displayName, chain, step }
}

function refuseSpaceChange(tag: Tag, space: Partial<NumberSpace> | undefined): void {
  const wanted = { ...tag.space, ...defined(space) }
  if (sameSpace(wanted, tag.space)) return
  throw new IdgenError(
    'IDGEN_IMMUTABLE',
    `The number space of ${tagPath(tag)} is fixed since it was made (${JSON.stringify(shownSpace(tag.space))}): IDs of two spaces could collide. Make a new tag instead.`,
  )
}
