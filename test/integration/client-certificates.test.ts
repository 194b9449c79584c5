// Runs beside others: what is taken back is refused after one second, and held to the three that the document says.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { credentials, Metadata } from '@grpc/grpc-js'
import { IdServiceClient } from '../fixtures/grpc-stubs.ts'
import { authority, type SelfSigned, selfSigned } from '../fixtures/self-signed.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { type TestDatabase, testDatabase } from './postgres-server.ts'

const ADMIN = 'client-certificates-admin-key'
const SERVER = selfSigned('server')
const OURS = authority('ours')
const NEXT = authority('next')
const STRANGERS = authority('strangers')
const BILLING = OURS.sign('billing', ['spiffe://example.org/billing'])
const OPS = OURS.sign('ops.example', [])
const CLIENTS = 'billing URI:spiffe://example.org/billing issue demo; ops CN:ops.example issue,manage,audit'
const IDS = '/v1/workspaces/demo/groups/load/tags/order/ids'
/**
 * As docs/client-certificates.md says. Two equal readings of the file half a second apart (POLL_EVERY_MS of config/watch.ts)
 * make one second; the other two are for a machine that is kept busy by others.
 */
const TAKEN_BACK_MS = 3000
/** Two looks at the file a second apart (adapters/system/certificate-files.ts), in each thread by itself; allows five. */
const AUTHORITY_MS = 5000
/** No call hangs for ever; a new connection over TLS took more than five seconds on a machine that ran three such files. */
const GRPC_LIMIT_MS = 20_000

for (const threads of ['1', '2'])
  describe(`a service with ${threads} thread(s) and an authority for its clients`, () => {
    let folder = ''
    let database: TestDatabase
    let service: ServiceProcess
    const clients: Client[] = []

    before(async () => {
      folder = temporaryFolder('idgen-clients-')
      database = await testDatabase()
      const [cert, key, clientCa] = ['tls.crt', 'tls.key', 'clients.crt'].map((name) => join(folder, name))
      await writeFile(String(cert), SERVER.cert)
      await writeFile(String(key), SERVER.key)
      await writeFile(String(clientCa), OURS.cert)
      await configure(CLIENTS)
      const environment = {
        IDGEN_DATABASE_URL: database.url,
        IDGEN_AUTH_ADMIN_KEY: ADMIN,
        IDGEN_SERVER_HTTPS_CERT: String(cert),
        IDGEN_SERVER_HTTPS_KEY: String(key),
        IDGEN_SERVER_HTTPS_CLIENT_CA: String(clientCa),
        IDGEN_SERVER_HTTPS_PORT: '0',
        IDGEN_SERVER_GRPC_TLS: 'true',
        IDGEN_SERVER_RESP_ENABLED: 'true',
        IDGEN_SERVER_RESP_TLS: 'true',
        IDGEN_SERVER_COMPATIBILITY_LEAF: 'true',
        IDGEN_SERVER_COMPATIBILITY_GROUP: 'demo/load',
        IDGEN_SERVER_THREADS: threads,
      }
      service = await startService(environment, ['--config', join(folder, 'idgen.yaml')])
      const admin = client(undefined)
      for (const [path, name] of [
        ['', 'demo'],
        ['/demo/groups', 'load'],
        ['/demo/groups/load/tags', 'order'],
      ])
        assert.equal((await admin.post(`/v1/workspaces${path}`, { name }, ADMIN)).status, 201)
    })

    after(async () => {
      for (const one of clients) one.close()
      await service?.stop('SIGTERM')
      await database?.drop()
    })

    const configure = (clients: string, refusedClients = ''): Promise<void> =>
      writeFile(join(folder, 'idgen.yaml'), JSON.stringify({ auth: { clients, refusedClients } }))

    function client(shown: SelfSigned | undefined): Client {
      const made = new Client(service, shown)
      clients.push(made)
      return made
    }

    it('gives IDs over every protocol to who shows a certificate that it knows, without a key', async () => {
      const billing = client(BILLING)
      for (let round = 0; round < 3; round += 1)
        assert.deepEqual(await billing.outcomes(), ['ID', 'ID', 'ID'], `round ${round}`)
      assert.deepEqual(await client(OPS).outcomes(), ['ID', 'ID', 'ID'])
    })

    it('lets it do what its scopes allow, and names it in refusals and in the audit log', async () => {
      const refused = await client(BILLING).post('/v1/workspaces', { name: 'more' })
      assert.equal(refused.status, 403)
      assert.match(refused.text, /client:billing/)
      const ops = client(OPS)
      assert.equal((await ops.post('/v1/workspaces', { name: `by-ops-${threads}` })).status, 201)
      let audit = ''
      for (let tries = 0; !audit.includes('client:ops'); tries += 1) {
        assert.ok(tries < 600, `the audit log does not show who it was: ${audit}`)
        audit = (await ops.get('/v1/audit?action=workspace.create')).text
        await pause(50)
      }
    })

    it('refuses who shows none, one that others signed, or one that nobody is known by', async () => {
      const nobody = ['IDGEN_UNAUTHENTICATED', 'UNAUTHENTICATED', 'NOAUTH']
      assert.deepEqual(await client(undefined).outcomes(), nobody)
      const forged = client(STRANGERS.sign('ops.example', ['spiffe://example.org/billing']))
      assert.deepEqual(await forged.outcomes(), nobody)
      assert.match((await forged.post(IDS, {})).text, /certificate is not accepted \(UNABLE_TO/)
      const unknown = client(OURS.sign('someone', ['spiffe://example.org/other']))
      assert.deepEqual(await unknown.outcomes(), nobody)
      assert.match(
        (await unknown.post(IDS, {})).text,
        /none of URI:spiffe:\/\/example.org\/other, CN:someone/,
      )
      assert.deepEqual(await client(selfSigned('ops.example')).outcomes(), nobody)
    })

    it('goes by the key where a caller sends one as well', async () => {
      const draft = { name: 'elsewhere', scopes: ['issue'], within: 'other' }
      const made = await client(undefined).post('/v1/keys', draft, ADMIN)
      const { key } = JSON.parse(made.text) as { key: string }
      assert.deepEqual(await client(OPS).outcomes(key), ['IDGEN_FORBIDDEN', 'PERMISSION_DENIED', 'NOPERM'])
      assert.deepEqual(await client(BILLING).outcomes(ADMIN), ['ID', 'ID', 'ID'])
      const wrong = ['IDGEN_UNAUTHENTICATED', 'UNAUTHENTICATED', 'WRONGPASS']
      assert.deepEqual(await client(OPS).outcomes('idg_wrong'), wrong)
      for (const guess of [
        'client-certificate-',
        `client-certificate-${'0'.repeat(32)} [9e15,["CN:ops.example"],null]`,
      ])
        assert.deepEqual(await client(undefined).outcomes(guess), wrong)
    })

    it('takes nothing of a browser that a page of another site leads, and a wrong or empty key for a key', async () => {
      const ops = client(OPS)
      const status = async (path: string, headers: Record<string, string>) =>
        (await ops.ask(path, headers)).status
      for (const path of [IDS, '/v1/workspaces']) {
        const method = path === IDS ? 'POST' : 'GET'
        const told = async (headers: Record<string, string>) => (await ops.ask(path, headers, method)).status
        assert.equal(await told({ 'sec-fetch-site': 'same-origin' }), 200, path)
        assert.equal(await told({ authorization: 'Basic eDp5' }), 200, path)
        assert.equal(await told({ 'sec-fetch-site': 'cross-site' }), 401, path)
        assert.equal(await told({ origin: 'https://evil.example' }), 401, path)
        assert.equal(await told({ authorization: 'Bearer ' }), 401, path)
      }
      assert.match((await ops.ask('/v1/workspaces', { origin: 'null' })).text, /Origin: null/)
      assert.equal(await status('/status', { authorization: 'Basic eDp5' }), 401)
      // The endpoints of other services know keys only.
      assert.equal(await status('/api/segment/get/order', {}), 401)
    })

    it('refuses a certificate from its end on, on connections that are open', async () => {
      const endMs = Math.ceil(Date.now() / 1000) * 1000 + 5000
      const brief = client(OURS.sign('ops.example', [], { endMs }))
      assert.deepEqual(await brief.outcomes(), ['ID', 'ID', 'ID'])
      await pause(endMs - Date.now() + 50)
      assert.deepEqual(await brief.outcomes(), ['IDGEN_UNAUTHENTICATED', 'UNAUTHENTICATED', 'NOAUTH'])
    })

    const withoutBilling = {
      'was taken out of the configuration': () => configure(CLIENTS.split('; ')[1] ?? ''),
      'is refused in it': () => configure(CLIENTS, 'URI:spiffe://example.org/billing'),
    }
    for (const [what, takeOut] of Object.entries(withoutBilling))
      it(`refuses within three seconds who ${what}, on open connections too`, async (t) => {
        const [billing, ops] = [client(BILLING), client(OPS)]
        assert.deepEqual(await billing.outcomes(), ['ID', 'ID', 'ID'])
        assert.deepEqual(await ops.outcomes(), ['ID', 'ID', 'ID'])
        await takeOut()
        const startMs = performance.now()
        while ((await billing.outcomes()).includes('ID')) {
          assert.ok(performance.now() - startMs < TAKEN_BACK_MS, 'it still gets IDs')
          await pause(50)
        }
        t.diagnostic(`refused ${Math.round(performance.now() - startMs)} ms after the change of the file`)
        assert.deepEqual(await ops.outcomes(), ['ID', 'ID', 'ID'])
        await configure(CLIENTS)
        while ((await billing.outcomes()).some((outcome) => outcome !== 'ID')) {
          assert.ok(performance.now() - startMs < 4 * TAKEN_BACK_MS, 'it gets no IDs again')
          await pause(50)
        }
      })

    it('believes another authority when its file says so, and the one before no more', async () => {
      assert.match(await respLine(service, BILLING, await sessionOf(service, BILLING)), /^:/)
      const session = await sessionOf(service, BILLING)
      await writeFile(join(folder, 'clients.crt'), NEXT.cert)
      const renewed = NEXT.sign('billing', ['spiffe://example.org/billing'])
      const startMs = performance.now()
      for (;;) {
        const fresh = client(renewed)
        if ((await fresh.outcomes()).every((outcome) => outcome === 'ID')) break
        fresh.close()
        assert.ok(performance.now() - startMs < AUTHORITY_MS, 'the new authority is not believed')
        await pause(200)
      }
      // Each thread reads the file by itself, and a connection comes to any of them.
      await pause(Math.max(0, startMs + AUTHORITY_MS - performance.now()))
      for (let round = 0; round < 5; round += 1) {
        const outcomes = await client(BILLING).outcomes()
        assert.deepEqual(outcomes, ['IDGEN_UNAUTHENTICATED', 'UNAUTHENTICATED', 'NOAUTH'])
        assert.match(await respLine(service, BILLING, session), /^-NOAUTH/, 'nor by a session of before')
      }
    })
  })

/** One client with a connection for each protocol. */
class Client {
  readonly #service: ServiceProcess
  readonly #agent: Agent
  readonly #grpc: IdServiceClient
  readonly #resp: TLSSocket

  constructor(service: ServiceProcess, shown: SelfSigned | undefined) {
    this.#service = service
    this.#agent = new Agent({ ...tlsOf(shown), keepAlive: true, maxSockets: 1 })
    const own = shown && ([Buffer.from(shown.key), Buffer.from(shown.cert)] as const)
    const secure = credentials.createSsl(Buffer.from(SERVER.cert), own?.[0], own?.[1])
    this.#grpc = new IdServiceClient(service.grpcAddress, secure)
    this.#resp = connect({ ...tlsOf(shown), port: service.respPort ?? 0, host: '127.0.0.1' })
    this.#resp.on('error', () => {})
  }

  /** Of one call for an ID each: HTTP, gRPC, RESP. */
  async outcomes(key?: string): Promise<string[]> {
    return await Promise.all([this.#overHttp(key), this.#overGrpc(key), this.#overResp(key)])
  }

  post(path: string, body: object, key?: string): Promise<{ status: number; text: string }> {
    return this.#send('POST', path, JSON.stringify(body), bearer(key))
  }

  get(path: string): Promise<{ status: number; text: string }> {
    return this.#send('GET', path, undefined, {})
  }

  ask(
    path: string,
    headers: Record<string, string>,
    method = 'GET',
  ): Promise<{ status: number; text: string }> {
    return this.#send(method, path, undefined, headers)
  }

  close(): void {
    this.#agent.destroy()
    this.#grpc.close()
    this.#resp.destroy()
  }

  async #overHttp(key: string | undefined): Promise<string> {
    const { status, text } = await this.post(IDS, {}, key)
    return status === 200 ? 'ID' : (/IDGEN_[A-Z_]+/.exec(text)?.[0] ?? text)
  }

  #overGrpc(key: string | undefined): Promise<string> {
    const metadata = new Metadata()
    if (key !== undefined) metadata.set('authorization', `Bearer ${key}`)
    const options = { deadline: Date.now() + GRPC_LIMIT_MS }
    return new Promise((resolve) => {
      this.#grpc.generate({ tag: 'demo/load/order' }, metadata, options, (error) =>
        resolve(error === null ? 'ID' : (/^\d+ (\w+)/.exec(error.message)?.[1] ?? error.message)),
      )
    })
  }

  async #overResp(key: string | undefined): Promise<string> {
    if (key !== undefined) {
      const answer = await respAnswer(this.#resp, 'AUTH', key)
      if (!answer.startsWith('+OK')) return /^-(\w+)/.exec(answer)?.[1] ?? answer
    }
    const answer = await respAnswer(this.#resp, 'INCR', 'demo/load/order')
    return answer.startsWith(':') ? 'ID' : (/^-(\w+)/.exec(answer)?.[1] ?? answer)
  }

  #send(
    method: string,
    path: string,
    body: string | undefined,
    more: Readonly<Record<string, string>>,
  ): Promise<{ status: number; text: string }> {
    const listening = this.#service.log.find(({ msg }) => msg === 'listening')
    const headers = {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...more,
    }
    return new Promise((resolve, reject) => {
      const port = Number(listening?.['httpsPort'])
      const asked = request(
        { host: '127.0.0.1', port, path, method, headers, agent: this.#agent },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (piece: string) => (text += piece))
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })
  }
}

function bearer(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}

function tlsOf(shown: SelfSigned | undefined) {
  return { ca: SERVER.cert, servername: 'localhost', ...(shown && { cert: shown.cert, key: shown.key }) }
}

async function respAnswer(socket: TLSSocket, ...words: readonly string[]): Promise<string> {
  const written = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  socket.write(`*${words.length}\r\n${written.join('')}`)
  const [piece] = (await once(socket, 'data')) as [Buffer]
  return piece.toString('latin1')
}

/** Of a connection on which that certificate was believed. */
async function sessionOf(service: ServiceProcess, shown: SelfSigned): Promise<Buffer> {
  const socket = connect({ ...tlsOf(shown), port: service.respPort ?? 0, host: '127.0.0.1' })
  const session = once(socket, 'session') as Promise<[Buffer]>
  assert.match(await respAnswer(socket, 'INCR', 'demo/load/order'), /^:/)
  const [ticket] = await session
  socket.destroy()
  return ticket
}

async function respLine(service: ServiceProcess, shown: SelfSigned, session: Buffer): Promise<string> {
  const socket = connect({ ...tlsOf(shown), session, port: service.respPort ?? 0, host: '127.0.0.1' })
  socket.on('error', () => {})
  const answer = await respAnswer(socket, 'INCR', 'demo/load/order')
  socket.destroy()
  return answer
}
