import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Etcd3 } from 'etcd3'
import { Redis } from 'ioredis'
import { startOwnPostgres } from './own-postgres.ts'
import { serveIdgen } from './serving-idgen.ts'

/** A server that gives the next number to whoever asks, one number a request. */
export interface NumberServer {
  readonly name: string
  readonly promise: string
  readonly pid: number
  /** One ID; at most `CONNECTIONS` calls are under way. */
  readonly next: (caller: number) => Promise<unknown>
  end(): Promise<void>
}

/** Requests under way, each on a connection of its own where the protocol has no streams. */
export const CONNECTIONS = 16

/** Those that can be had here; the names of the others with what is missing. */
export async function startNumberServers(): Promise<{ servers: NumberServer[]; leftOut: string[] }> {
  const servers: NumberServer[] = []
  const leftOut: string[] = []
  const starts = [redisIncr, postgresNextval, etcdPut, idgenResp, idgenHttp]
  try {
    for (const start of starts) {
      const server = await start()
      if (typeof server === 'string') leftOut.push(server)
      else servers.push(server)
    }
    return { servers, leftOut }
  } catch (error) {
    for (const server of servers) await server.end()
    throw error
  }
}

async function redisIncr(): Promise<NumberServer | string> {
  const version = versionOf('redis-server', /v=([\d.]+)/)
  if (version === undefined) return 'Redis INCR: there is no redis-server (apt-get install redis-server)'
  const folder = mkdtempSync(join(tmpdir(), 'idgen-bench-redis-'))
  const port = await freePort()
  // Its default durability: a crash loses the counts since the last snapshot.
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder], {
    stdio: 'ignore',
  })
  const clients = respClients(port)
  await clients[0]?.ping()
  return {
    name: `Redis ${version} INCR`,
    promise: 'while no count is lost with a snapshot, a failover or an eviction',
    pid: child.pid ?? -1,
    next: async (caller) => clients[caller]?.incr('orders'),
    end: () => endChild(child, folder, () => clients.forEach((client) => client.disconnect())),
  }
}

async function postgresNextval(): Promise<NumberServer> {
  const postgres = await startOwnPostgres(CONNECTIONS)
  const { client, pid, version } = postgres
  await client.query('CREATE SEQUENCE orders')
  return {
    name: `PostgreSQL ${version} nextval`,
    promise: 'while no commit is lost with a failover or a restored backup',
    pid,
    next: () => client.query({ name: 'next', text: "SELECT nextval('orders')" }),
    end: () => postgres.end(),
  }
}

/** The version of a key after a put: a count that the whole cluster agrees upon. */
async function etcdPut(): Promise<NumberServer | string> {
  const program = process.env['IDGEN_TEST_ETCD'] ?? join(import.meta.dirname, '../.cache/servers/etcd')
  const version = existsSync(program) ? versionOf(program, /Version: ([\d.]+)/) : undefined
  if (version === undefined) return 'etcd put: there is no etcd (make servers builds it)'
  const folder = mkdtempSync(join(tmpdir(), 'idgen-bench-etcd-'))
  const [clientUrl, peerUrl] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`)
  const own = ['--data-dir', folder, '--log-level', 'error']
  const client = ['--listen-client-urls', `${clientUrl}`, '--advertise-client-urls', `${clientUrl}`]
  const peer = ['--listen-peer-urls', `${peerUrl}`, '--initial-advertise-peer-urls', `${peerUrl}`]
  const cluster = ['--initial-cluster', `default=${peerUrl}`]
  const child = spawn(program, [...own, ...client, ...peer, ...cluster], { stdio: 'ignore' })
  const etcd = new Etcd3({ hosts: `${clientUrl}` })
  await untilAnswers(() => etcd.put('orders').value('0').exec())
  return {
    name: `etcd ${version} put`,
    promise: 'always, while the data of a majority is kept',
    pid: child.pid ?? -1,
    next: () => etcd.put('orders').value('').exec(),
    end: () => endChild(child, folder, () => etcd.close()),
  }
}

async function idgenResp(): Promise<NumberServer> {
  const idgen = await serveIdgen({
    tags: 1,
    environment: { IDGEN_SERVER_THREADS: '1' },
  })
  const { service, key, tags } = idgen
  const clients = respClients(service.respPort ?? 0, key)
  return {
    name: 'idgen INCR',
    promise: 'always: from a granted segment',
    pid: service.pid,
    next: async (caller) => clients[caller]?.incr(tags[0] ?? ''),
    end: async () => {
      for (const client of clients) client.disconnect()
      await idgen.end()
    },
  }
}

async function idgenHttp(): Promise<NumberServer> {
  const idgen = await serveIdgen({
    tags: 1,
    environment: { IDGEN_SERVER_THREADS: '1' },
  })
  const { service, key, tags } = idgen
  const [workspace, group, tag] = (tags[0] ?? '').split('/')
  const url = `${service.httpOrigin}/v1/workspaces/${workspace}/groups/${group}/tags/${tag}/ids`
  const request = { method: 'POST', headers: { authorization: `Bearer ${key}` } }
  return {
    name: 'idgen HTTP',
    promise: 'always: from a granted segment',
    pid: service.pid,
    next: async () => {
      const response = await fetch(url, request)
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
      return response.text()
    },
    end: () => idgen.end(),
  }
}

function respClients(port: number, password?: string): Redis[] {
  const options = { port, retryStrategy: (times: number) => (times < RETRIES ? RETRY_MS : null) }
  return Array.from({ length: CONNECTIONS }, () => {
    const client = new Redis({ ...options, ...(password === undefined ? {} : { password }) })
    // Refused until the server listens.
    client.on('error', () => undefined)
    return client
  })
}

async function untilAnswers(call: () => Promise<unknown>): Promise<void> {
  for (let tried = 1; ; tried += 1)
    try {
      await call()
      return
    } catch (error) {
      if (tried === RETRIES) throw error
      await pause(RETRY_MS)
    }
}

async function endChild(child: ChildProcess, folder: string, closeClients: () => void): Promise<void> {
  closeClients()
  const exited = once(child, 'exit')
  child.kill()
  await exited
  rmSync(folder, { recursive: true, force: true })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

function versionOf(program: string, pattern: RegExp): string | undefined {
  try {
    return pattern.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[1]
  } catch {
    return undefined
  }
}

/** Ten seconds: what does not answer by then does not start. */
const RETRIES = 200
const RETRY_MS = 50
