import { authorize } from '../../app/authenticator.ts'
import type { Group } from '../../ports/catalog-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, seeOther } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { orAgain } from '../form-again.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import { card, confirmField, csrfField, field, heading, isConfirmed, notConfirmed, notice } from '../parts.ts'
import { groupUrl, workspaceUrl } from '../places.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** A group: its name for people, the way to its tags, and its end. */
export function groupPages(routes: UiRoutes, { useCases: { catalog } }: UiParts): void {
  const find = (member: Member): Promise<Group> => {
    const { workspace = '', group = '' } = member.params
    authorize(member.caller, 'manage', `${workspace}/${group}`)
    return catalog.group(workspace, group)
  }
  routes.get('/workspaces/:workspace/groups/:group', async (member) => groupPage(member, await find(member)))
  routes.post('/workspaces/:workspace/groups/:group', async (member) => {
    const group = await find(member)
    return orAgain(
      async () => {
        const displayName = member.form.get('displayName') ?? ''
        await catalog.updateGroup(member.actor, group.workspace, group.name, displayName, undefined)
        return seeOther(groupUrl(group.workspace, group.name))
      },
      (error) => groupPage(member, group, errorText(member, error)),
    )
  })
  routes.get('/workspaces/:workspace/groups/:group/delete', async (member) =>
    deletePage(member, await find(member)),
  )
  routes.post('/workspaces/:workspace/groups/:group/delete', async (member) => {
    const group = await find(member)
    return orAgain(
      async () => {
        if (!isConfirmed(member, group.name)) return deletePage(member, group, notConfirmed(member))
        await catalog.deleteGroup(member.actor, group.workspace, group.name, group.version)
        return seeOther(workspaceUrl(group.workspace))
      },
      (error) => deletePage(member, group, errorText(member, error)),
    )
  })
}

function groupPage(member: Member, group: Group, error?: Html): Answer {
  const words = member.say(WORDS)
  const { workspace, name, displayName } = group
  const within = encodeURIComponent(`${workspace}/${name}`)
  const body = html`${heading(name, {
    lead: displayName,
    trail: trailOf(member, group).slice(0, 2),
    actions: html`<a class="button" href="/ui/tags/new?workspace=${encodeURIComponent(workspace)}&group=${encodeURIComponent(name)}">${words.newTag}</a><a class="button-quiet" href="/ui/tags?within=${within}">${words.tags}</a><a class="button-danger" href="${groupUrl(workspace, name, '/delete')}">${words.remove}</a>`,
  })}${error}
${card('rename', words.displayName, html`<form method="post" class="grid gap-4 sm:grid-cols-2">${csrfField(member)}${field({ name: 'displayName', label: words.displayName, value: displayName })}<div class="self-end"><button class="button">${words.save}</button></div></form>`)}`
  return page(`${workspace}/${name}`, 'workspaces', body, error === undefined ? 200 : 400)
}

function deletePage(member: Member, group: Group, error?: Html): Answer {
  const words = member.say(WORDS)
  const title = words.removeOne(`${group.workspace}/${group.name}`)
  const body = html`${heading(title, { trail: trailOf(member, group) })}${error}
<form method="post" class="card max-w-xl">${csrfField(member)}${notice('warning', words.removeText)}${confirmField(member, group.name)}<button class="button-danger mt-4">${words.remove}</button></form>`
  return page(title, 'workspaces', body, error === undefined ? 200 : 409)
}

function trailOf({ say }: Member, { workspace, name }: Group): (readonly [string, string])[] {
  return [
    [say(WORDS).workspaces, '/ui/workspaces'],
    [workspace, workspaceUrl(workspace)],
    [name, groupUrl(workspace, name)],
  ]
}

const WORDS = bilingual(
  {
    workspaces: 'Workspaces',
    displayName: 'Name for people',
    tags: 'Show tags',
    newTag: 'New tag',
    save: 'Save',
    remove: 'Delete',
    removeOne: (path: string) => `Delete the group ${path}`,
    removeText: 'Only an empty group can be deleted: its tags go first.',
  },
  {
    workspaces: '工作空间',
    displayName: '显示名称',
    tags: '查看标签',
    newTag: '新建标签',
    save: '保存',
    remove: '删除',
    removeOne: (path) => `删除分组 ${path}`,
    removeText: '只能删除空的分组：请先删除其标签。',
  },
)
