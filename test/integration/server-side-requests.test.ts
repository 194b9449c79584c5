// Runs beside others: it counts connections to a port of its own, and no time decides.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Scope } from '../../service/grpc/generated/idgen/v1/key_service.ts'
import { callGrpc, grpcSessionFrom } from '../fixtures/calls-from-address.ts'
import { freePort } from '../fixtures/free-ports.ts'
import {
  AuditServiceService,
  CatalogServiceService,
  HealthService,
  IdServiceService,
  KeyServiceService,
  NodeServiceService,
} from '../fixtures/grpc-stubs.ts'
import { connected, exchanged } from '../fixtures/loopback-socket.ts'
import { command } from '../fixtures/resp-desk.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { UiMember } from '../fixtures/ui-member.ts'
import { uiRoutes } from '../fixtures/ui-route-list.ts'
import { until } from '../fixtures/until.ts'
import { PATIENT } from './odd-inputs.ts'
import { requestsWith } from './openapi-requests.ts'

/**
 * A service calls nobody whom a client names (server-side request forgery): the address of somebody who listens stands in
 * every text that a client may write, over every protocol, and nobody comes.
 */

/** Somebody who must not be called. */
class Listener {
  /** What each connection said, in the order in which they came. */
  readonly heard: string[] = []
  readonly port: number

  private constructor(port: number) {
    this.port = port
  }

  static async start(t: TestContext): Promise<Listener> {
    // A reserved one: a client of a test beside this one may still turn to a port that the system gave out before.
    const listener = new Listener(await freePort())
    const server = createServer().listen(listener.port, '127.0.0.1')
    await once(server, 'listening')
    server.on('connection', (socket) => {
      const at = listener.heard.push('') - 1
      socket.on('data', (bytes: Buffer) => {
        listener.heard[at] = `${listener.heard[at] ?? ''}${bytes.toString('latin1')}`
      })
      socket.on('error', () => undefined)
      t.after(() => socket.destroy())
    })
    t.after(() => server.close())
    return listener
  }

  get host(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Where it listens, as a client would name it; `where` tells from what place it was taken. */
  url(where: string): string {
    return `http://${this.host}/${where}`
  }
}

interface Stage {
  readonly service: ServiceProcess
  readonly key: string
  readonly listener: Listener
}

test('nobody is called whom a client names, over HTTP, gRPC, RESP and the admin pages', {
  timeout: 300_000,
}, async (t) => {
  const { world, service } = await RespService.start(t, PATIENT)
  const listener = await Listener.start(t)
  const on = { service, key: world.key, listener }
  await t.test('in the head of a request', () => inHeads(on))
  await t.test('in every text of the OpenAPI document', () => inDocumentedTexts(on))
  await t.test('in the forms and links of the admin pages', (inner) => inPages(inner, on))
  await t.test('in the messages and metadata of gRPC', () => inGrpc(on))
  await t.test('in the commands of Redis clients', () => inCommands(on))
  // What it began it has begun by now.
  assert.equal(await service.stop('SIGTERM'), 0)
  // Connections are taken in their order, so any other one has been counted before this one, which shows that they are.
  const mine = await connected(t, listener.port)
  mine.write(MINE)
  await until('the connection of this test is counted', () => listener.heard.includes(MINE))
  assert.deepEqual(listener.heard, [MINE])
})

const MINE = 'this is the test itself'

/** Names by which a server may be told where to turn. */
const HEADERS = [
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-original-url',
  'x-rewrite-url',
  'x-real-ip',
  'x-client-ip',
  'true-client-ip',
  'forwarded',
  'via',
  'referer',
  'origin',
  'from',
  'link',
  'destination',
  'user-agent',
  'traceparent',
  'tracestate',
  'baggage',
  'x-api-key',
  'x-request-id',
  'idgen-client-dc',
  'x-callback-url',
  'x-webhook-url',
]

async function inHeads({ service, key, listener }: Stage): Promise<void> {
  const { host, port } = listener
  const url = listener.url('head')
  const close = `authorization: Bearer ${key}\r\nconnection: close\r\n\r\n`
  const heads = [
    `GET ${url} HTTP/1.1\r\nhost: ${host}`,
    `POST ${url} HTTP/1.1\r\nhost: x\r\ncontent-length: 0`,
    `GET //${host}/v1/nodes HTTP/1.1\r\nhost: x`,
    `GET /@${host} HTTP/1.1\r\nhost: x`,
    `CONNECT ${host} HTTP/1.1\r\nhost: ${host}`,
    `OPTIONS * HTTP/1.1\r\nhost: ${host}`,
    ...['/', '/ui', '/v1/nodes', '/metrics', '/readyz', `/metrics?target=${url}`, `/probe?target=${url}`].map(
      (path) => `GET ${path} HTTP/1.1\r\nhost: ${host}`,
    ),
    ...HEADERS.flatMap((name) =>
      [url, host].map((value) => `GET /v1/nodes HTTP/1.1\r\nhost: x\r\n${name}: ${value}`),
    ),
    `POST /v1/workspaces HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\ncontent-type: message/external-body; access-type=URL; URL="${url}"`,
    `GET /v1/nodes HTTP/1.1\r\nhost: x\r\nexpect: ${url}`,
    `GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nsec-websocket-key: x\r\norigin: ${url}`,
  ]
  for (const origin of [service.httpOrigin, service.metricsOrigin])
    for (const head of heads) {
      const answer = await exchanged(origin, `${head}\r\n${close}`)
      assert.doesNotMatch(answer, /^HTTP\/1\.1 500/, head)
      assert.doesNotMatch(answer, new RegExp(`^location: (?:https?:)?//127\\.0\\.0\\.1:${port}`, 'im'), head)
    }
}

const KNOWN = { workspace: 'demo', group: 'load', tag: 'orders', id: '1', key: 'abcdefghij12' }

async function inDocumentedTexts({ service, key, listener }: Stage): Promise<void> {
  const url = listener.url('text')
  const requests = requestsWith(url, KNOWN)
  assert.ok(requests.length > 150, `${requests.length} requests`)
  for (const { where, method, path, headers, body } of requests) {
    const response = await fetch(`${service.httpOrigin}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, ...(body !== undefined && JSON_BODY), ...headers },
      // The test is not to go there either.
      redirect: 'manual',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    assert.notEqual(response.status, 500, `${where}: ${text}`)
  }
  // They were not all refused.
  const response = await fetch(`${service.httpOrigin}/v1/workspaces/demo`, {
    headers: { authorization: `Bearer ${key}` },
  })
  assert.equal(((await response.json()) as { displayName: string }).displayName, url)
}

const JSON_BODY = { 'content-type': 'application/json' }

async function inPages(t: TestContext, { service, key, listener }: Stage): Promise<void> {
  const url = listener.url('page')
  const member = await UiMember.signIn(service.httpOrigin, key)
  const routes = (await uiRoutes(t)).map((route) => route.split(' ') as [string, string])
  const paths = (wanted: string, values: Readonly<Record<string, string>>): string[] =>
    routes
      .filter(([method]) => method === wanted)
      .map(([, path]) =>
        path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(values[name] ?? '')),
      )
  const names = new Set(['back', 'key', 'name', 'displayName'])
  for (const path of paths('GET', KNOWN)) {
    const page = await (await member.get(path)).text()
    for (const [, name = ''] of page.matchAll(/ name="(\w+)"/g)) names.add(name)
  }
  names.delete('csrf')
  assert.ok(names.size > 20, [...names].join())
  const everywhere = [...names].map((name) => [name, url] as const)
  const links = paths('GET', KNOWN).map(
    (path) => `${path}?${new URLSearchParams(Object.fromEntries(everywhere))}`,
  )
  const nowhere = Object.fromEntries(Object.keys(KNOWN).map((name) => [name, url]))
  const answers = [
    ...(await inTurn([...links, ...paths('GET', nowhere)], (path) => member.get(path))),
    ...(await inTurn([...paths('POST', KNOWN), ...paths('POST', nowhere)], (path) =>
      member.send(path, everywhere),
    )),
    await member.send('/ui/keys', [
      ['name', url],
      ['scope', 'issue'],
    ]),
  ]
  for (const answer of answers) {
    assert.notEqual(answer.status, 500, answer.url)
    const location = new URL(answer.headers.get('location') ?? '/', service.httpOrigin)
    assert.equal(location.origin, service.httpOrigin, answer.url)
  }
  assert.equal(answers.at(-1)?.status, 200)
}

async function inTurn(
  paths: readonly string[],
  ask: (path: string) => Promise<Response>,
): Promise<readonly Response[]> {
  const answers: Response[] = []
  for (const path of paths) {
    const answer = await ask(path)
    await answer.arrayBuffer()
    answers.push(answer)
  }
  return answers
}

const METHODS = [
  IdServiceService,
  CatalogServiceService,
  KeyServiceService,
  AuditServiceService,
  NodeServiceService,
  HealthService,
].flatMap((stubs) => Object.values<{ readonly path: string }>(stubs).map(({ path }) => path))
/** It would go on for as long as its client likes. */
const WATCH = HealthService.watch.path
const REFLECTION = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
/** The highest number of a field that any request of ours has, and some. */
const FIELDS = 12

async function inGrpc({ service, key, listener }: Stage): Promise<void> {
  const url = listener.url('grpc')
  const session = grpcSessionFrom(service.grpcAddress)
  const ask = async (
    path: string,
    message: Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string> => {
    const { status = 'none', said } = await callGrpc(session, { path, message, key, headers })
    assert.notEqual(status, 'none', path)
    assert.doesNotMatch(said, /A fault of this server/, path)
    return status
  }
  for (const path of [...METHODS, REFLECTION]) {
    const headers: Readonly<Record<string, string>> = path === WATCH ? { 'grpc-timeout': '50m' } : {}
    for (let field = 1; field <= FIELDS; field += 1)
      await ask(path, Buffer.concat([Buffer.from([(field << 3) | 2, url.length]), Buffer.from(url)]), headers)
  }
  const { createWorkspace } = CatalogServiceService
  const workspace = createWorkspace.requestSerialize({ workspace: 'planted-grpc', displayName: url })
  assert.equal(await ask(createWorkspace.path, workspace), '0')
  const { createKey } = KeyServiceService
  const draft = { name: url, scopes: [Scope.ISSUE], within: '', expiresAt: undefined }
  assert.equal(await ask(createKey.path, createKey.requestSerialize(draft)), '0')
  const { generate } = IdServiceService
  const message = generate.requestSerialize({ tag: 'demo/load/orders' })
  for (const name of [...HEADERS, 'grpc-timeout', ':authority'])
    for (const value of [url, listener.host]) await ask(generate.path, message, { [name]: value })
  session.close()
}

async function inCommands({ service, key, listener }: Stage): Promise<void> {
  const { host, port } = listener
  const url = listener.url('command')
  const commands: readonly (readonly string[])[] = [
    ['REPLICAOF', '127.0.0.1', String(port)],
    ['SLAVEOF', '127.0.0.1', String(port)],
    ['MIGRATE', '127.0.0.1', String(port), 'demo/load/orders', '0', '1000'],
    ['CLUSTER', 'MEET', '127.0.0.1', String(port)],
    ['FAILOVER', 'TO', '127.0.0.1', String(port)],
    ['SENTINEL', 'MONITOR', 'x', '127.0.0.1', String(port), '1'],
    ['PSYNC', '?', '-1'],
    ['REPLCONF', 'ip-address', '127.0.0.1', 'listening-port', String(port)],
    ['MODULE', 'LOAD', url],
    ['CONFIG', 'SET', 'replicaof', `127.0.0.1 ${port}`],
    ['CONFIG', 'GET', url],
    ['EVAL', `return redis.call('REPLICAOF','127.0.0.1','${port}')`, '0'],
    ['DEBUG', 'RELOAD', url],
    ['SUBSCRIBE', url],
    ['AUTH', url],
    ['AUTH', url, key],
    ['HELLO', '3', 'AUTH', url, key, 'SETNAME', url],
    ['CLIENT', 'SETNAME', url],
    ['CLIENT', 'SETINFO', 'lib-name', url],
    ['PING', url],
    ['ECHO', url],
    ['SELECT', url],
    ['INFO', url],
    ['COMMAND', 'DOCS', url],
    ['INCR', url],
    ['INCR', host],
    ['INCRBY', url, url],
    ['IDGEN.NEXT', url],
    ['IDGEN.RUNS', url, '10'],
    ['IDGEN.DC', url],
    ['IDGEN.NODES', url],
    ['IDGEN.TRACE', url],
    ['GET', url, 'HTTP/1.1'],
    [url],
  ]
  for (const words of commands) {
    const sent = [['AUTH', key], words, ['QUIT']].map((one) => command(...one)).join('')
    const answer = await exchanged(`http://127.0.0.1:${portOf(service)}`, sent, 30_000)
    assert.match(answer, /^\+OK\r\n.+\r\n/, words.join(' '))
    assert.doesNotMatch(answer, /IDGEN_INTERNAL/, words.join(' '))
  }
}
