import type { FastifyInstance } from 'fastify'
import type { ManageCatalog } from '../app/manage-catalog.ts'
import type { Group } from '../ports/catalog-store.ts'
import { entityRoutes } from './entity-routes.ts'
import { CHANGE_NAMED_SCHEMA, CREATE_NAMED_SCHEMA, GROUP_SCHEMA } from './entity-schemas.ts'
import type { NamedBody } from './workspace-routes.ts'

export function groupRoutes(app: FastifyInstance, catalog: ManageCatalog): void {
  entityRoutes<Group, NamedBody>(app, {
    noun: 'group',
    schema: GROUP_SCHEMA,
    collectionUrl: '/v1/workspaces/:workspace/groups',
    createSchema: CREATE_NAMED_SCHEMA,
    changeSchema: CHANGE_NAMED_SCHEMA,
    notFound: ['IDGEN_GROUP_NOT_FOUND', 'IDGEN_WORKSPACE_NOT_FOUND'],
    list: async ({ workspace }, page) => {
      // An empty page for a misspelt workspace would look like an empty workspace.
      await catalog.workspace(workspace)
      return catalog.store.listGroups(workspace, page)
    },
    find: ({ workspace, group }) => catalog.group(workspace, group),
    create: (actor, { workspace, group }, body) =>
      catalog.createGroup(actor, workspace, group, body.displayName ?? ''),
    update: async (actor, { workspace, group }, body, ifVersion) => {
      const displayName = body.displayName ?? (await catalog.group(workspace, group)).displayName
      return catalog.updateGroup(actor, workspace, group, displayName, ifVersion)
    },
    remove: (actor, { workspace, group }, ifVersion) =>
      catalog.deleteGroup(actor, workspace, group, ifVersion),
    view: groupView,
  })
}

function groupView({ workspace, name, displayName, version, createdAt, updatedAt }: Group): object {
  return { workspace, name, displayName, version, createdAt, updatedAt }
}
