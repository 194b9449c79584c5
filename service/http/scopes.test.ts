import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpApi } from '../../test/fixtures/http-api.ts'
import { SCOPES, type Scope } from '../ports/api-key-store.ts'
import { openapiDocument } from './openapi.ts'

interface Row {
  readonly may: readonly Scope[]
  readonly body?: object
  readonly query?: string
}

const READERS = ['issue', 'manage', 'audit'] as const
const read = { may: READERS } satisfies Row
const issue = { may: ['issue'] } satisfies Row
const manage = { may: ['manage'] } satisfies Row
const audit = { may: ['audit'] } satisfies Row

const OWNER = { cluster: 'c', namespace: 'a', name: 'b', uid: 'u', createdAt: '2026-01-02T03:04:05.000Z' }

/** Every route that wants a key: who may use it, and what it is asked with so that only the scope decides. */
const ROWS: Readonly<Record<string, Row>> = {
  // Not in the OpenAPI document.
  'GET /docs': read,
  'GET /openapi.json': read,
  status: read,
  decodeId: read,
  listNodes: read,
  issueIds: issue,
  streamIds: issue,
  listWorkspaces: manage,
  createWorkspace: { ...manage, body: { name: 'other' } },
  getWorkspace: manage,
  putWorkspace: { ...manage, body: {} },
  updateWorkspace: { ...manage, body: { displayName: 'x' } },
  deleteWorkspace: manage,
  listGroups: manage,
  createGroup: { ...manage, body: { name: 'other' } },
  getGroup: manage,
  putGroup: { ...manage, body: {} },
  updateGroup: { ...manage, body: { displayName: 'x' } },
  deleteGroup: manage,
  listTags: manage,
  createTag: { ...manage, body: { name: 'other', algorithm: 'segment' } },
  getTag: manage,
  putTag: { ...manage, body: { algorithm: 'segment' } },
  updateTag: { ...manage, body: { displayName: 'x' } },
  deleteTag: manage,
  listDeclarations: manage,
  getDeclaration: manage,
  putDeclaration: { ...manage, body: { owner: OWNER, generation: 1, spec: {} } },
  deleteDeclaration: { ...manage, query: '?uid=u' },
  rotateApiKey: manage,
  listApiKeys: manage,
  createApiKey: { ...manage, body: { name: 'other', scopes: ['issue'] } },
  putApiKey: { ...manage, body: { name: 'other', scopes: ['issue'], sha256: 'a'.repeat(64) } },
  getApiKey: manage,
  revokeApiKey: manage,
  listAuditRecords: audit,
  exportAuditRecords: audit,
  recordAlerts: { may: ['alert'], body: { alerts: [] } },
}

/** They want no key. */
const OPEN: readonly string[] = ['livez', 'readyz']
const PLACES: Readonly<Record<string, string>> = {
  workspace: 'acme',
  group: 'shop',
  tag: 'segment',
  id: '1',
  key: 'aaaaaaaaaaaa',
}

interface Route {
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly url: string
}

function routesOf(api: HttpApi): Route[] {
  const { paths } = openapiDocument(api.app) as {
    paths: Record<string, Record<string, { operationId: string }>>
  }
  const told = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId: name }]) => ({
      name,
      method: method.toUpperCase() as Route['method'],
      url: path.replaceAll(/\{(\w+)\}/g, (_, part: string) => PLACES[part] ?? part),
    })),
  )
  const hidden = ['/docs', '/openapi.json'].map((url) => ({
    name: `GET ${url}`,
    method: 'GET' as const,
    url,
  }))
  return [...told, ...hidden].filter(({ name }) => !OPEN.includes(name))
}

test('each route lets in the scopes that it is for, and no others: a key for alerts reads nothing', async (t) => {
  const seen: string[] = []
  for (const scope of SCOPES) {
    const api = await HttpApi.withTags(t)
    const { text: key } = await api.memory.useCases.keys.create(
      { actor: 'test', traceId: undefined },
      { name: scope, scopes: [scope], within: '', expiresAt: undefined },
    )
    for (const { name, method, url } of routesOf(api)) {
      const row = ROWS[name]
      assert.ok(row !== undefined, `${name} has no row: say who may use it`)
      seen.push(name)
      const { body, query = '' } = row
      const { status, text } = await api.call(method, `${url}${query}`, { key, ...(body && { body }) })
      const what = `${scope}: ${method} ${url} ${status} ${text.slice(0, 300)}`
      if (row.may.includes(scope)) assert.ok(![400, 401, 403, 415].includes(status), what)
      else assert.equal(status, 403, what)
    }
  }
  assert.deepEqual(
    Object.keys(ROWS).filter((name) => !seen.includes(name)),
    [],
  )
})
