import type { FastifyInstance } from 'fastify'
import type { ManageCatalog } from '../app/manage-catalog.ts'
import type { TagRequest } from '../app/tag-request.ts'
import type { Tag } from '../core/tag.ts'
import type { TagRef } from '../ports/catalog-store.ts'
import { entityRoutes, type Place } from './entity-routes.ts'
import { CHANGE_TAG_SCHEMA, CREATE_TAG_SCHEMA, TAG_SCHEMA } from './entity-schemas.ts'

export function tagRoutes(app: FastifyInstance, catalog: ManageCatalog): void {
  entityRoutes<Tag, TagRequest>(app, {
    noun: 'tag',
    schema: TAG_SCHEMA,
    collectionUrl: '/v1/workspaces/:workspace/groups/:group/tags',
    createSchema: CREATE_TAG_SCHEMA,
    changeSchema: CHANGE_TAG_SCHEMA,
    notFound: ['IDGEN_TAG_NOT_FOUND', 'IDGEN_GROUP_NOT_FOUND', 'IDGEN_WORKSPACE_NOT_FOUND'],
    list: async ({ workspace, group }, page) => {
      // An empty page for a misspelt group would look like an empty group.
      await catalog.group(workspace, group)
      return catalog.store.listTags(workspace, group, page)
    },
    find: (place) => catalog.tag(refOf(place)),
    create: (actor, place, body) => catalog.createTag(actor, refOf(place), body),
    update: (actor, place, body, ifVersion) => catalog.updateTag(actor, refOf(place), body, ifVersion),
    remove: (actor, place, ifVersion) => catalog.deleteTag(actor, refOf(place), ifVersion),
    view: tagView,
  })
}

export function refOf({ workspace, group, tag }: Place): TagRef {
  return { workspace, group, name: tag }
}

function tagView(tag: Tag): object {
  const { id, workspace, group, name, displayName, chain, step, space, version, createdAt, updatedAt } = tag
  return { id, workspace, group, name, displayName, chain, step, space, version, createdAt, updatedAt }
}
