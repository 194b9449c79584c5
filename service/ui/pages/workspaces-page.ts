import { authorize } from '../../app/authenticator.ts'
import type { Group, Workspace } from '../../ports/catalog-store.ts'
import type { UiParts } from '../admin-ui.ts'
import { type Answer, page, seeOther } from '../answer.ts'
import { errorText } from '../error-page.ts'
import { orAgain } from '../form-again.ts'
import { type Html, html } from '../html.ts'
import { bilingual } from '../language.ts'
import {
  card,
  confirmField,
  csrfField,
  field,
  heading,
  isConfirmed,
  named,
  notConfirmed,
  notice,
  pager,
  table,
} from '../parts.ts'
import { groupUrl, workspaceUrl } from '../places.ts'
import type { UiRoutes } from '../ui-routes.ts'
import type { Member } from '../visit.ts'

/** Workspaces: the list, a new one, one with its groups, and its end. */
export function workspacesPages(routes: UiRoutes, { useCases: { catalog } }: UiParts): void {
  const list = async (member: Member, error?: Html): Promise<Answer> => {
    authorize(member.caller, 'manage', member.caller.within)
    const [own] = member.caller.within.split('/')
    const found =
      own === undefined || own === ''
        ? await catalog.store.listWorkspaces({
            after: member.query.get('after') ?? undefined,
            limit: PAGE,
            text: textOf(member),
          })
        : { items: [await catalog.workspace(own)], next: undefined }
    return workspacesPage(member, found.items, found.next, error)
  }
  routes.get('/workspaces', (member) => list(member))
  routes.post('/workspaces', (member) =>
    orAgain(
      async () => {
        const name = (member.form.get('name') ?? '').trim()
        authorize(member.caller, 'manage', name)
        await catalog.createWorkspace(member.actor, name, member.form.get('displayName') ?? '')
        return seeOther(workspaceUrl(name))
      },
      (error) => list(member, errorText(member, error)),
    ),
  )
  const toDelete = (member: Member): Promise<Workspace> => {
    // Before the look-up, or the answer tells who may not know which workspaces there are.
    authorize(member.caller, 'manage', nameOf(member))
    return catalog.workspace(nameOf(member))
  }
  routes.get('/workspaces/:workspace/delete', async (member) => deletePage(member, await toDelete(member)))
  routes.post('/workspaces/:workspace/delete', async (member) => {
    const workspace = await toDelete(member)
    return orAgain(
      async () => {
        if (!isConfirmed(member, workspace.name)) return deletePage(member, workspace, notConfirmed(member))
        await catalog.deleteWorkspace(member.actor, workspace.name, workspace.version)
        return seeOther('/ui/workspaces')
      },
      (error) => deletePage(member, workspace, errorText(member, error)),
    )
  })
  oneWorkspace(routes, catalog)
}

function oneWorkspace(routes: UiRoutes, catalog: UiParts['useCases']['catalog']): void {
  const show = async (member: Member, error?: Html): Promise<Answer> => {
    const name = nameOf(member)
    // Who is limited to a group sees the workspace it lies in, with that group alone.
    const [own, ownGroup] = member.caller.within.split('/')
    authorize(member.caller, 'manage', ownGroup !== undefined && own === name ? member.caller.within : name)
    const workspace = await catalog.workspace(name)
    const after = member.query.get('after') ?? undefined
    const groups =
      ownGroup === undefined
        ? await catalog.store.listGroups(name, { after, limit: PAGE, text: textOf(member) })
        : { items: [await catalog.group(name, ownGroup)], next: undefined }
    return workspacePage(member, workspace, groups.items, groups.next, error)
  }
  routes.get('/workspaces/:workspace', (member) => show(member))
  routes.post('/workspaces/:workspace', (member) =>
    orAgain(
      async () => {
        const workspace = nameOf(member)
        const displayName = member.form.get('displayName') ?? ''
        if (member.form.get('action') === 'rename') {
          authorize(member.caller, 'manage', workspace)
          await catalog.updateWorkspace(member.actor, workspace, displayName, undefined)
          return seeOther(workspaceUrl(workspace))
        }
        const group = (member.form.get('name') ?? '').trim()
        authorize(member.caller, 'manage', `${workspace}/${group}`)
        await catalog.createGroup(member.actor, workspace, group, displayName)
        return seeOther(groupUrl(workspace, group))
      },
      (error) => show(member, errorText(member, error)),
    ),
  )
}

function textOf({ query }: Member): string {
  return (query.get('q') ?? '').trim().slice(0, TEXT_MAX)
}

/** Where all fit on a page nobody needs it. */
function searchForm(member: Member, path: string, shown: number, next: string | undefined): Html {
  const words = member.say(WORDS)
  const value = textOf(member)
  if (value === '' && next === undefined && shown < SEARCHED_MIN) return html``
  return html`<form method="get" action="${path}" role="search" class="mb-4 flex items-end gap-3">${field({ name: 'q', label: words.search, value, type: 'search' })}<div><button class="button-quiet">${words.find}</button></div></form>`
}

function nameOf({ params }: Member): string {
  return params['workspace'] ?? ''
}

function workspacesPage(
  member: Member,
  workspaces: readonly Workspace[],
  next: string | undefined,
  error?: Html,
): Answer {
  const words = member.say(WORDS)
  const rows = workspaces.map(({ name, displayName }) => [
    named(html`<a class="link font-medium" href="${workspaceUrl(name)}">${name}</a>`),
    named(displayName),
    html`<a class="link" href="/ui/tags?within=${encodeURIComponent(name)}">${words.tags}</a>`,
  ])
  const body = html`${heading(words.title, { lead: words.lead })}${error}
${card('all', words.all, html`${searchForm(member, '/ui/workspaces', rows.length, next)}${rows.length === 0 ? html`<p class="text-sm text-muted">${textOf(member) === '' ? words.none : words.notFound}</p>` : table(words.all, [words.name, words.displayName, words.open], rows)}${pager(member, '/ui/workspaces', next)}`)}
${
  member.caller.within === '' &&
  card(
    'new',
    words.create,
    html`<form method="post" class="grid gap-4 sm:grid-cols-2">${csrfField(member)}${namedFields(member)}<div><button class="button">${words.create}</button></div></form>`,
  )
}`
  return page(words.title, 'workspaces', body, error === undefined ? 200 : 400)
}

function workspacePage(
  member: Member,
  workspace: Workspace,
  groups: readonly Group[],
  next: string | undefined,
  error?: Html,
): Answer {
  const words = member.say(WORDS)
  const { name, displayName } = workspace
  const rows = groups.map((group) => [
    named(html`<a class="link font-medium" href="${groupUrl(name, group.name)}">${group.name}</a>`),
    named(group.displayName),
    html`<a class="link" href="/ui/tags?within=${encodeURIComponent(`${name}/${group.name}`)}">${words.tags}</a>`,
  ])
  const body = html`${heading(name, {
    lead: displayName,
    trail: [[words.title, '/ui/workspaces']],
    actions: html`<a class="button-quiet" href="/ui/tags?within=${encodeURIComponent(name)}">${words.tags}</a><a class="button-danger" href="${workspaceUrl(name, '/delete')}">${words.remove}</a>`,
  })}${error}
${card('groups', words.groups, html`${searchForm(member, workspaceUrl(name), rows.length, next)}${rows.length === 0 ? html`<p class="text-sm text-muted">${textOf(member) === '' ? words.noGroup : words.notFound}</p>` : table(words.groups, [words.name, words.displayName, words.open], rows)}${pager(member, workspaceUrl(name), next)}`)}
${card('new', words.newGroup, html`<form method="post" class="grid gap-4 sm:grid-cols-2">${csrfField(member)}${namedFields(member)}<div><button class="button">${words.newGroup}</button></div></form>`)}
${card('rename', words.rename, html`<form method="post" class="grid gap-4 sm:grid-cols-2">${csrfField(member)}<input type="hidden" name="action" value="rename">${field({ name: 'displayName', id: 'rename', label: words.displayName, value: displayName })}<div class="self-end"><button class="button">${words.save}</button></div></form>`)}`
  return page(name, 'workspaces', body, error === undefined ? 200 : 400)
}

function namedFields(member: Member): Html {
  const words = member.say(WORDS)
  return html`${field({ name: 'name', label: words.name, hint: words.nameHint, required: true, value: member.form.get('name') ?? '' })}${field({ name: 'displayName', label: words.displayName, value: member.form.get('displayName') ?? '' })}`
}

function deletePage(member: Member, { name }: Workspace, error?: Html): Answer {
  const words = member.say(WORDS)
  const body = html`${heading(words.removeOne(name), {
    trail: [
      [words.title, '/ui/workspaces'],
      [name, workspaceUrl(name)],
    ],
  })}${error}
<form method="post" class="card max-w-xl">${csrfField(member)}${notice('warning', words.removeText)}${confirmField(member, name)}<button class="button-danger mt-4">${words.remove}</button></form>`
  return page(words.removeOne(name), 'workspaces', body, error === undefined ? 200 : 409)
}

/** Fits on a screen or two. */
const PAGE = 50
/** So many are seen at a glance. */
const SEARCHED_MIN = 10
/** Longer than any name, and than what anybody calls a workspace. */
const TEXT_MAX = 200

const WORDS = bilingual(
  {
    title: 'Workspaces',
    lead: 'A workspace is a business unit. In it are groups, and in those the tags that applications ask for IDs.',
    all: 'All workspaces',
    none: 'There is none yet. Make the first one below.',
    search: 'Search by name',
    find: 'Search',
    notFound: 'Nothing was found. Search for less.',
    name: 'Name',
    nameHint: '1 to 63 of a-z 0-9 - _ . and it begins with a letter or digit. It never changes.',
    displayName: 'Name for people',
    open: 'Tags',
    tags: 'Show tags',
    create: 'New workspace',
    groups: 'Groups',
    noGroup: 'There is none yet. Make the first one below.',
    newGroup: 'New group',
    rename: 'Name for people',
    save: 'Save',
    remove: 'Delete',
    removeOne: (name: string) => `Delete the workspace ${name}`,
    removeText: 'Only an empty workspace can be deleted: its groups and their tags go first.',
  },
  {
    title: '工作空间',
    lead: '工作空间对应一个业务单元，其下为分组，分组下为应用取号所用的业务标签。',
    all: '全部工作空间',
    none: '暂无工作空间，请在下方创建第一个。',
    search: '按名称搜索',
    find: '搜索',
    notFound: '没有找到。请缩短搜索词。',
    name: '名称',
    nameHint: '1 到 63 个字符，可用 a-z 0-9 - _ .，以字母或数字开头；创建后不可更改。',
    displayName: '显示名称',
    open: '标签',
    tags: '查看标签',
    create: '新建工作空间',
    groups: '分组',
    noGroup: '暂无分组，请在下方创建第一个。',
    newGroup: '新建分组',
    rename: '修改显示名称',
    save: '保存',
    remove: '删除',
    removeOne: (name) => `删除工作空间 ${name}`,
    removeText: '只能删除空的工作空间：请先删除其分组与标签。',
  },
)
