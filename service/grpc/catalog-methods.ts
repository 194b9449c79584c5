import { parseTagPath } from '../app/tag-directory.ts'
import type { UseCases } from '../app/use-cases.ts'
import { checkName } from '../core/tag.ts'
import type { UnaryMethod } from './call.ts'
import { groupMessage, parseGroupPath, tagMessage, tagRequest, workspaceMessage } from './catalog-messages.ts'
import { CatalogServiceDefinition } from './generated/idgen/v1/catalog_service.ts'
import { type Handlers, unaryMethods } from './method-table.ts'
import { pageRequest, pageToken } from './page-token.ts'
import { unary } from './unary.ts'

type CatalogCalls = Handlers<CatalogServiceDefinition['methods']>

export function catalogMethods(useCases: UseCases): UnaryMethod[] {
  return unaryMethods(CatalogServiceDefinition, {
    ...workspaceCalls(useCases),
    ...groupCalls(useCases),
    ...tagCalls(useCases),
  })
}

/** 0 stands for unset: versions begin at 1. */
function version(ifVersion: number): number | undefined {
  return ifVersion === 0 ? undefined : ifVersion
}

type WorkspaceCalls = Pick<CatalogCalls, Extract<keyof CatalogCalls, `${string}Workspace` | 'listWorkspaces'>>

function workspaceCalls(useCases: UseCases): WorkspaceCalls {
  const { catalog } = useCases
  return {
    createWorkspace: unary(
      useCases,
      ({ workspace }) => workspace,
      async (request, actor) => {
        const made = await catalog.createWorkspace(actor, request.workspace, request.displayName)
        return { workspace: workspaceMessage(made) }
      },
    ),
    getWorkspace: unary(
      useCases,
      ({ workspace }) => workspace,
      async ({ workspace }) => ({
        workspace: workspaceMessage(await catalog.workspace(workspace)),
      }),
    ),
    listWorkspaces: unary(
      useCases,
      () => '',
      async (request) => {
        const page = await catalog.store.listWorkspaces(pageRequest('workspaces', request))
        return {
          workspaces: page.items.map(workspaceMessage),
          nextPageToken: pageToken('workspaces', page.next),
        }
      },
    ),
    updateWorkspace: unary(
      useCases,
      ({ workspace }) => workspace,
      async ({ workspace, displayName, ifVersion }, actor) => {
        const changed = await catalog.updateWorkspace(actor, workspace, displayName, version(ifVersion))
        return { workspace: workspaceMessage(changed) }
      },
    ),
    deleteWorkspace: unary(
      useCases,
      ({ workspace }) => workspace,
      async ({ workspace, ifVersion }, actor) => {
        await catalog.deleteWorkspace(actor, workspace, version(ifVersion))
        return {}
      },
    ),
  }
}

type GroupCalls = Pick<CatalogCalls, Extract<keyof CatalogCalls, `${string}Group` | 'listGroups'>>

function groupCalls(useCases: UseCases): GroupCalls {
  const { catalog } = useCases
  return {
    createGroup: unary(
      useCases,
      ({ group }) => group,
      async ({ group, displayName }, actor) => {
        const { workspace, name } = parseGroupPath(group)
        return { group: groupMessage(await catalog.createGroup(actor, workspace, name, displayName)) }
      },
    ),
    getGroup: unary(
      useCases,
      ({ group }) => group,
      async ({ group }) => {
        const { workspace, name } = parseGroupPath(group)
        return { group: groupMessage(await catalog.group(workspace, name)) }
      },
    ),
    listGroups: unary(
      useCases,
      ({ workspace }) => workspace,
      async (request) => {
        const collection = `groups:${checkName('workspace', request.workspace)}`
        const page = await catalog.store.listGroups(request.workspace, pageRequest(collection, request))
        return { groups: page.items.map(groupMessage), nextPageToken: pageToken(collection, page.next) }
      },
    ),
    updateGroup: unary(
      useCases,
      ({ group }) => group,
      async ({ group, displayName, ifVersion }, actor) => {
        const { workspace, name } = parseGroupPath(group)
        const changed = await catalog.updateGroup(actor, workspace, name, displayName, version(ifVersion))
        return { group: groupMessage(changed) }
      },
    ),
    deleteGroup: unary(
      useCases,
      ({ group }) => group,
      async ({ group, ifVersion }, actor) => {
        const { workspace, name } = parseGroupPath(group)
        await catalog.deleteGroup(actor, workspace, name, version(ifVersion))
        return {}
      },
    ),
  }
}

type TagCalls = Pick<CatalogCalls, Extract<keyof CatalogCalls, `${string}Tag` | 'listTags'>>

function tagCalls(useCases: UseCases): TagCalls {
  const { catalog } = useCases
  return {
    createTag: unary(
      useCases,
      ({ tag }) => tag,
      async (request, actor) => ({
        tag: tagMessage(await catalog.createTag(actor, parseTagPath(request.tag), tagRequest(request))),
      }),
    ),
    getTag: unary(
      useCases,
      ({ tag }) => tag,
      async ({ tag }) => ({
        tag: tagMessage(await catalog.tag(parseTagPath(tag))),
      }),
    ),
    listTags: unary(
      useCases,
      ({ group }) => group,
      async (request) => {
        const { workspace, name } = parseGroupPath(request.group)
        const collection = `tags:${request.group}`
        const page = await catalog.store.listTags(workspace, name, pageRequest(collection, request))
        return { tags: page.items.map(tagMessage), nextPageToken: pageToken(collection, page.next) }
      },
    ),
    updateTag: unary(
      useCases,
      ({ tag }) => tag,
      async (request, actor) => {
        const ref = parseTagPath(request.tag)
        const changed = await catalog.updateTag(actor, ref, tagRequest(request), version(request.ifVersion))
        return { tag: tagMessage(changed) }
      },
    ),
    deleteTag: unary(
      useCases,
      ({ tag }) => tag,
      async ({ tag, ifVersion }, actor) => {
        await catalog.deleteTag(actor, parseTagPath(tag), version(ifVersion))
        return {}
      },
    ),
  }
}
