import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GrpcApi } from '../../test/fixtures/grpc-api.ts'
import { CatalogServiceService as Catalog } from '../../test/fixtures/grpc-stubs.ts'
import { Algorithm } from './generated/idgen/v1/algorithm.ts'
import { type CreateTagRequest } from './generated/idgen/v1/catalog_service.ts'

const DEFAULT_CHAIN = [Algorithm.SEGMENT, Algorithm.SNOWFLAKE, Algorithm.UUID_V7, Algorithm.UUID_V4]

test('a workspace is made, read, listed, changed at a version and deleted', async (t) => {
  const api = await GrpcApi.start(t)
  const made = await api.call(Catalog.createWorkspace, { workspace: 'acme', displayName: 'Acme' })
  assert.equal(made.workspace?.version, 1)
  assert.equal(made.workspace.displayName, 'Acme')
  assert.ok(made.workspace.createdAt instanceof Date)
  assert.deepEqual((await api.call(Catalog.getWorkspace, { workspace: 'acme' })).workspace, made.workspace)
  await api.refuses('IDGEN_ALREADY_EXISTS', Catalog.createWorkspace, { workspace: 'acme', displayName: '' })
  const change = { workspace: 'acme', displayName: 'ACME', ifVersion: 1 }
  assert.equal((await api.call(Catalog.updateWorkspace, change)).workspace?.version, 2)
  await api.refuses('IDGEN_VERSION_MISMATCH', Catalog.updateWorkspace, change)
  await api.refuses('IDGEN_VERSION_MISMATCH', Catalog.deleteWorkspace, { workspace: 'acme', ifVersion: 1 })
  await api.call(Catalog.deleteWorkspace, { workspace: 'acme', ifVersion: 2 })
  await api.refuses('IDGEN_WORKSPACE_NOT_FOUND', Catalog.getWorkspace, { workspace: 'acme' })
})

test('a group is made, read, listed, changed and deleted, and holds its workspace', async (t) => {
  const api = await GrpcApi.start(t)
  await api.refuses('IDGEN_WORKSPACE_NOT_FOUND', Catalog.createGroup, { group: 'acme/shop', displayName: '' })
  await api.call(Catalog.createWorkspace, { workspace: 'acme', displayName: '' })
  const { group } = await api.call(Catalog.createGroup, { group: 'acme/shop', displayName: 'Shop' })
  assert.equal(group?.group, 'acme/shop')
  assert.deepEqual((await api.call(Catalog.getGroup, { group: 'acme/shop' })).group, group)
  await api.refuses('IDGEN_NOT_EMPTY', Catalog.deleteWorkspace, { workspace: 'acme', ifVersion: 0 })
  const changed = await api.call(Catalog.updateGroup, { group: 'acme/shop', displayName: 'S', ifVersion: 0 })
  assert.equal(changed.group?.displayName, 'S')
  await api.call(Catalog.deleteGroup, { group: 'acme/shop', ifVersion: 0 })
  await api.refuses('IDGEN_GROUP_NOT_FOUND', Catalog.getGroup, { group: 'acme/shop' })
  for (const wrong of ['', 'acme', 'acme/shop/x', 'acme/SHOP'])
    await api.refuses('IDGEN_NAME_INVALID', Catalog.getGroup, { group: wrong })
})

test('a tag with nothing but a path has the defaults, and says all of them', async (t) => {
  const api = await withGroup(await GrpcApi.start(t))
  const { tag } = await api.call(Catalog.createTag, draft({ tag: 'acme/shop/orders' }))
  assert.deepEqual(tag?.chain, DEFAULT_CHAIN)
  assert.deepEqual(tag.step, { base: 1000, min: 100, max: 1_000_000 })
  assert.deepEqual(tag.space, { startAt: '1', cellSize: String(2 ** 32), dcCount: 8, format: undefined })
  assert.deepEqual((await api.call(Catalog.getTag, { tag: 'acme/shop/orders' })).tag, tag)
})

test('a tag takes a chain, bounds and a number space; an update changes only what it names', async (t) => {
  const api = await withGroup(await GrpcApi.start(t))
  const { tag } = await api.call(
    Catalog.createTag,
    draft({
      tag: 'acme/shop/orders',
      displayName: 'Orders',
      chain: [Algorithm.SEGMENT, Algorithm.UUID_V4],
      step: { base: 10 },
      space: { startAt: '9000000000000000', cellSize: '1000000', dcCount: 1 },
    }),
  )
  assert.deepEqual(tag?.chain, [Algorithm.SEGMENT, Algorithm.UUID_V4])
  assert.deepEqual(tag.step, { base: 10, min: 10, max: 1_000_000 })
  assert.equal(tag.space?.startAt, '9000000000000000')
  const update = { tag: 'acme/shop/orders', algorithm: Algorithm.UNSPECIFIED, chain: [], ifVersion: 1 }
  const changed = await api.call(Catalog.updateTag, { ...update, step: { max: 20 } })
  assert.deepEqual(changed.tag, {
    ...tag,
    step: { base: 10, min: 10, max: 20 },
    version: 2,
    updatedAt: changed.tag?.updatedAt,
  })
  const cleared = await api.call(Catalog.updateTag, {
    ...update,
    displayName: '',
    ifVersion: 2,
    step: undefined,
  })
  assert.equal(cleared.tag?.displayName, '', 'an empty text that was given is not the same as none')
  await api.call(Catalog.deleteTag, { tag: 'acme/shop/orders', ifVersion: 3 })
  await api.refuses('IDGEN_TAG_NOT_FOUND', Catalog.getTag, { tag: 'acme/shop/orders' })
})

test('what a tag may not have is told field by field', async (t) => {
  const api = await withGroup(await GrpcApi.start(t))
  const tag = 'acme/shop/orders'
  const wrong: [CreateTagRequest, string[]][] = [
    [draft({ tag, chain: [Algorithm.UUID_V4, Algorithm.SEGMENT] }), ['chain']],
    [draft({ tag, chain: [Algorithm.UNSPECIFIED] }), ['chain']],
    [draft({ tag, chain: Array.from({ length: 5000 }, () => Algorithm.SEGMENT) }), ['chain']],
    [draft({ tag, algorithm: 99 as Algorithm }), ['algorithm']],
    [draft({ tag, step: { min: 20, base: 10, max: 5 } }), ['step.min', 'step.base']],
    [draft({ tag, space: { dcCount: 9 } }), ['space.dc_count']],
    [draft({ tag, space: { startAt: '18446744073709551615' } }), ['space.start_at', 'space']],
    [draft({ tag, displayName: 'x'.repeat(201) }), ['display_name']],
  ]
  for (const [request, fields] of wrong) {
    const told = await api.refuses('IDGEN_REQUEST_INVALID', Catalog.createTag, request)
    assert.deepEqual(told.fields, fields)
  }
})

test('lists come in pages that name the next one', async (t) => {
  const api = await withGroup(await GrpcApi.start(t))
  const names = Array.from({ length: 7 }, (_, i) => `acme/shop/t${i}`)
  for (const tag of names) await api.call(Catalog.createTag, draft({ tag }))
  const seen: string[] = []
  let pageToken = ''
  do {
    const page = await api.call(Catalog.listTags, { group: 'acme/shop', pageSize: 3, pageToken })
    assert.ok(page.tags.length <= 3)
    seen.push(...page.tags.map(({ tag }) => tag))
    pageToken = page.nextPageToken
  } while (pageToken !== '')
  assert.deepEqual(seen, names)
  const { groups } = await api.call(Catalog.listGroups, { workspace: 'acme', pageSize: 0, pageToken: '' })
  assert.deepEqual(
    groups.map(({ group }) => group),
    ['acme/shop'],
  )
  const { workspaces } = await api.call(Catalog.listWorkspaces, { pageSize: 0, pageToken: '' })
  assert.deepEqual(
    workspaces.map(({ workspace }) => workspace),
    ['acme'],
  )
  await api.refuses('IDGEN_REQUEST_INVALID', Catalog.listWorkspaces, { pageSize: 1001, pageToken: '' })
  await api.refuses('IDGEN_CURSOR_INVALID', Catalog.listWorkspaces, { pageSize: 1, pageToken: 'x' })
})

test('the catalogue needs the scope manage and stays within the part of the key', async (t) => {
  const api = await withGroup(await GrpcApi.start(t))
  const issuer = await api.key(['issue'])
  const limited = await api.key(['manage'], 'acme')
  const page = { pageSize: 0, pageToken: '' }
  await api.refuses('IDGEN_FORBIDDEN', Catalog.getWorkspace, { workspace: 'acme' }, { key: issuer })
  await api.refuses('IDGEN_FORBIDDEN', Catalog.listWorkspaces, page, { key: limited })
  const other = { workspace: 'acme2', displayName: '' }
  await api.refuses('IDGEN_FORBIDDEN', Catalog.createWorkspace, other, { key: limited })
  await api.call(Catalog.createTag, draft({ tag: 'acme/shop/orders' }), { key: limited })
  await api.refuses('IDGEN_UNAUTHENTICATED', Catalog.getWorkspace, { workspace: 'acme' }, { key: '' })
})

async function withGroup(api: GrpcApi): Promise<GrpcApi> {
  await api.call(Catalog.createWorkspace, { workspace: 'acme', displayName: '' })
  await api.call(Catalog.createGroup, { group: 'acme/shop', displayName: '' })
  return api
}

function draft(fields: Partial<CreateTagRequest>): CreateTagRequest {
  return {
    tag: '',
    displayName: '',
    algorithm: Algorithm.UNSPECIFIED,
    chain: [],
    step: undefined,
    space: undefined,
    ...fields,
  }
}
