import type { FastifyInstance } from 'fastify'
import type { ManageCatalog } from '../app/manage-catalog.ts'
import type { Workspace } from '../ports/catalog-store.ts'
import { entityRoutes } from './entity-routes.ts'
import { CHANGE_NAMED_SCHEMA, CREATE_NAMED_SCHEMA, WORKSPACE_SCHEMA } from './entity-schemas.ts'

export interface NamedBody {
  readonly displayName?: string
}

export function workspaceRoutes(app: FastifyInstance, catalog: ManageCatalog): void {
  entityRoutes<Workspace, NamedBody>(app, {
    noun: 'workspace',
    schema: WORKSPACE_SCHEMA,
    collectionUrl: '/v1/workspaces',
    createSchema: CREATE_NAMED_SCHEMA,
    changeSchema: CHANGE_NAMED_SCHEMA,
    notFound: ['IDGEN_WORKSPACE_NOT_FOUND'],
    list: (_place, page) => catalog.store.listWorkspaces(page),
    find: ({ workspace }) => catalog.workspace(workspace),
    create: (actor, { workspace }, body) => catalog.createWorkspace(actor, workspace, body.displayName ?? ''),
    update: async (actor, { workspace }, body, ifVersion) => {
      const displayName = body.displayName ?? (await catalog.workspace(workspace)).displayName
      return catalog.updateWorkspace(actor, workspace, displayName, ifVersion)
    },
    remove: (actor, { workspace }, ifVersion) => catalog.deleteWorkspace(actor, workspace, ifVersion),
    view: workspaceView,
  })
}

function workspaceView({ name, displayName, version, createdAt, updatedAt }: Workspace): object {
  return { name, displayName, version, createdAt, updatedAt }
}
