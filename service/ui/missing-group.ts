import { authorize } from '../app/authenticator.ts'
import type { TagRequest } from '../app/tag-request.ts'
import { unlessPresent } from '../app/unless-present.ts'
import { IdgenError } from '../core/errors.ts'
import { isWithin } from '../core/tag-path.ts'
import type { TagRef } from '../ports/catalog-store.ts'
import type { UiParts } from './admin-ui.ts'
import { type Html, html } from './html.ts'
import { bilingual } from './language.ts'
import { csrfField } from './parts.ts'
import type { Member } from './visit.ts'

/**
 * A tag whose group, or workspace, is not there yet: the form says so and offers to make those too. Never by itself: a slip
 * of the pen would make a business unit.
 */

/** @throws IDGEN_GROUP_NOT_FOUND unless it was said that what is missing is meant */
export async function createTagWithGroup(
  member: Member,
  catalog: UiParts['useCases']['catalog'],
  ref: TagRef,
  request: TagRequest,
): Promise<void> {
  const { actor, caller, form } = member
  try {
    await catalog.createTag(actor, ref, request)
  } catch (thrown) {
    // Only now: everything else about the tag was found right, so no group is made for a tag that is then refused.
    if (!isMissing(IdgenError.from(thrown)) || form.get(FIELD) !== 'make') throw thrown
    const { workspace, group } = ref
    if (isWithin(workspace, caller.within))
      await unlessPresent(() => catalog.createWorkspace(actor, workspace, ''))
    authorize(caller, 'manage', `${workspace}/${group}`)
    await unlessPresent(() => catalog.createGroup(actor, workspace, group, ''))
    await catalog.createTag(actor, ref, request)
  }
}

/**
 * Beside the error of a form: a button that sends the same fields again, and what is missing is made with the tag. It names all that
 * it makes: a group that is missing may lie in a workspace that is missing too, and the error names one of them.
 */
export async function offerToMake(
  member: Member,
  catalog: UiParts['useCases']['catalog'],
  error: IdgenError,
): Promise<Html | undefined> {
  if (!isMissing(error)) return undefined
  const words = member.say(WORDS)
  const [workspace = '', group = '', tag = ''] = ['workspace', 'group', 'tag'].map((name) =>
    (member.form.get(name) ?? '').trim(),
  )
  const path = `${workspace}/${group}`
  const isUnitThere = (await catalog.store.findWorkspace(workspace)) !== undefined
  const offered = isUnitThere ? words.makeToo(path, tag) : words.makeBoth(workspace, path, tag)
  const fields = [...member.form].filter(([name]) => name !== 'csrf' && name !== FIELD)
  const hidden = fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
  return html`<form method="post" class="mb-4">${csrfField(member)}${hidden}<input type="hidden" name="${FIELD}" value="make"><button class="button">${offered}</button></form>`
}

function isMissing({ code }: IdgenError): boolean {
  return code === 'IDGEN_GROUP_NOT_FOUND' || code === 'IDGEN_WORKSPACE_NOT_FOUND'
}

const FIELD = 'missing'

const WORDS = bilingual(
  {
    makeToo: (group: string, tag: string) => `Make the group ${group} too, and ${tag} in it`,
    makeBoth: (workspace: string, group: string, tag: string) =>
      `Make the workspace ${workspace} and the group ${group} too, and ${tag} in it`,
  },
  {
    makeToo: (group, tag) => `同时创建分组 ${group}，并在其中创建 ${tag}`,
    makeBoth: (workspace, group, tag) => `同时创建工作空间 ${workspace} 与分组 ${group}，并在其中创建 ${tag}`,
  },
)
