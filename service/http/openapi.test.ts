import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { OPENAPI_FILE, openapiText } from '../../scripts/openapi.ts'
import { HttpApi } from '../../test/fixtures/http-api.ts'
import { ERRORS } from '../core/errors.ts'

interface Parameter {
  readonly in: string
  readonly name: string
  readonly required?: boolean
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly required: boolean }
  readonly responses: Readonly<Record<string, Response>>
}

interface Response {
  readonly description: string
  readonly content?: object
  readonly headers?: Readonly<Record<string, object>>
}

interface Document {
  readonly openapi: string
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Readonly<Record<string, unknown>>>> }
}

async function served(t: TestContext): Promise<{ api: HttpApi; document: Document }> {
  const api = await HttpApi.start(t)
  const { body } = await api.expect(200, 'GET', '/openapi.json')
  return { api, document: body as unknown as Document }
}

function operations(document: Document): [path: string, method: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
  )
}

test('docs/openapi.json is what the routes say', async () => {
  assert.equal(await readFile(OPENAPI_FILE, 'utf8'), await openapiText(), 'run scripts/openapi.ts')
})

test('the document lists every route', async (t) => {
  const { document } = await served(t)
  assert.equal(document.openapi, '3.1.0')
  assert.deepEqual(
    operations(document)
      .map(([path, method]) => `${method} ${path}`)
      .sort(),
    ROUTES.sort(),
  )
})

test('every route of the document answers, and every one but the probes needs a key', async (t) => {
  const { api, document } = await served(t)
  for (const [path, method] of operations(document)) {
    const url = path.replaceAll(/\{\w+\}/g, 'x')
    const answer = await api.call(method.toUpperCase(), url, { key: '' })
    assert.equal(answer.status, path.endsWith('z') ? 200 : 401, `${method} ${path}`)
  }
})

test('with limits.headers answers say what is left where the document has it, and nowhere else', async (t) => {
  const { api, document } = await served(t)
  const off = { perKey: 0, perTag: 0, burst: 1000, wrongKeys: 0 }
  api.memory.useCases.rates.configure({ ...off, perAddress: 1000, headers: true })
  for (const [path, method, { responses }] of operations(document))
    for (const key of [undefined, '']) {
      const url = path.replaceAll(/\{\w+\}/g, 'x')
      const { status, headers } = await api.call(method.toUpperCase(), url, key === undefined ? {} : { key })
      const documented = Object.keys(responses[status]?.headers ?? {}).map((name) => name.toLowerCase())
      for (const name of ['ratelimit', 'ratelimit-policy'])
        assert.equal(name in headers, documented.includes(name), `${method} ${path} ${status} ${name}`)
    }
  // Every one that may be refused says so of all its answers.
  for (const [path, method, { responses }] of operations(document))
    for (const [status, { headers = {} }] of Object.entries(responses))
      assert.equal('RateLimit' in headers, '429' in responses, `${method} ${path} ${status}`)
})

test('the document lists every problem code', async (t) => {
  const { document } = await served(t)
  const code = (document.components.schemas['Problem'] as { properties: { code: { enum: string[] } } })
    .properties.code
  assert.deepEqual(code.enum, Object.keys(ERRORS))
})

test('every operation is named once, sorted under a tag, and says what each answer means', async (t) => {
  const { document } = await served(t)
  const names = new Set<string>()
  const tags = new Set(document.tags.map(({ name }) => name))
  for (const [path, method, { operationId, summary, tags: own, responses, parameters = [] }] of operations(
    document,
  )) {
    assert.ok(!names.has(operationId), operationId)
    names.add(operationId)
    assert.ok(summary.length > 5, operationId)
    for (const tag of own) assert.ok(tags.has(tag), tag)
    for (const [status, { description }] of Object.entries(responses)) {
      assert.match(status, /^[2345]\d\d$/)
      assert.ok(description !== '' && description !== 'Default Response', `${method} ${path} ${status}`)
    }
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    const declared = parameters.filter((parameter) => parameter.in === 'path')
    assert.deepEqual(
      declared.map(({ name }) => name),
      inPath,
    )
    assert.ok(declared.every(({ required }) => required === true))
  }
})

test('only to ask for IDs and to rotate a key the body may be left out', async (t) => {
  const { document } = await served(t)
  for (const [path, method, { requestBody }] of operations(document))
    assert.equal(
      requestBody?.required,
      /\/(?:ids|stream|rotate)$/.test(path) ? false : takesBody(method),
      path,
    )
})

function takesBody(method: string): true | undefined {
  return method === 'get' || method === 'delete' ? undefined : true
}

test('every reference of the document leads somewhere, and every component is used', async (t) => {
  const { document } = await served(t)
  const references = new Set(
    [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1]),
  )
  assert.deepEqual(
    [...references].sort(),
    Object.entries(document.components)
      .filter(([kind]) => kind !== 'securitySchemes')
      .flatMap(([kind, all]) => Object.keys(all).map((name) => `#/components/${kind}/${name}`))
      .sort(),
  )
})

const ENTITY_URLS = [
  '/v1/workspaces',
  '/v1/workspaces/{workspace}/groups',
  '/v1/workspaces/{workspace}/groups/{group}/tags',
]
const ITEMS = ['workspace', 'group', 'tag']
const ROUTES = [
  'get /livez',
  'get /readyz',
  'get /status',
  'get /v1/ids/{id}',
  'get /v1/nodes',
  'post /v1/workspaces/{workspace}/groups/{group}/tags/{tag}/ids',
  'post /v1/workspaces/{workspace}/groups/{group}/tags/{tag}/ids/stream',
  'post /v1/audit/alerts',
  'get /v1/audit',
  'get /v1/audit/export',
  'get /v1/declarations',
  ...['get', 'put', 'delete'].map(
    (method) => `${method} /v1/workspaces/{workspace}/groups/{group}/tags/{tag}/declaration`,
  ),
  'get /v1/keys',
  'post /v1/keys',
  'post /v1/keys/{key}/rotate',
  'get /v1/keys/{key}',
  'put /v1/keys/{key}',
  'delete /v1/keys/{key}',
  ...ENTITY_URLS.flatMap((url, i) => [
    `get ${url}`,
    `post ${url}`,
    ...['get', 'put', 'patch', 'delete'].map((method) => `${method} ${url}/{${ITEMS[i]}}`),
  ]),
]
