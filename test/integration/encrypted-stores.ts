import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from 'node:tls'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../service/adapters/embedded/embedded-postgres.ts'
import { boundToUs } from '../fixtures/bound-child.ts'
import { freePort, freePorts } from '../fixtures/free-ports.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import type { Authority, SelfSigned } from '../fixtures/self-signed.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { etcdPrograms } from './etcd-programs.ts'
import { redisServerProgram } from './redis-process.ts'

/** PostgreSQL, etcd and Redis, each a real server that shows `certificate` and speaks nothing but TLS to who asks for it. */
export interface EncryptedStores {
  /** Without sslmode. */
  readonly databaseUrl: string
  readonly etcdUrl: string
  /** Another etcd, which takes only who shows a certificate that `clients` signed. */
  readonly closedEtcdUrl: string
  readonly redisUrl: string
  /** Sessions of PostgreSQL with TLS and without, but for the one that asks and those of the fixture itself. */
  sessions(): Promise<{ encrypted: number; plain: number }>
}

export async function encryptedStores(
  t: TestContext,
  certificate: SelfSigned,
  clients: Authority,
): Promise<EncryptedStores> {
  const folder = temporaryFolder('idgen-encrypted-')
  // The database server runs as another user.
  await chmod(folder, 0o711)
  const ends: Ends = []
  t.after(async () => {
    for (const end of ends) await end()
  })
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }
  const clientsFile = join(folder, 'clients.crt')
  await writeFile(files.cert, certificate.cert)
  await writeFile(files.key, certificate.key)
  await writeFile(clientsFile, clients.cert)
  const etcdUrl = await encryptedEtcd(ends, join(folder, 'etcd'), files)
  const closedEtcdUrl = await encryptedEtcd(ends, join(folder, 'closed-etcd'), files, [
    '--client-cert-auth',
    `--trusted-ca-file=${clientsFile}`,
  ])
  const redisPort = await freePort()
  await started(ends, redisServerProgram(), redisPort, [
    ...options({ port: '0', 'tls-port': String(redisPort), bind: '127.0.0.1', save: '' }),
    ...options({ 'tls-cert-file': files.cert, 'tls-key-file': files.key, 'tls-auth-clients': 'no' }),
  ])
  const postgres = await encryptedPostgres(ends, join(folder, 'postgres'), certificate)
  return {
    ...postgres,
    etcdUrl,
    closedEtcdUrl,
    redisUrl: `rediss://127.0.0.1:${redisPort}`,
  }
}

async function encryptedEtcd(
  ends: Ends,
  folder: string,
  files: { readonly cert: string; readonly key: string },
  more: readonly string[] = [],
): Promise<string> {
  const [port = 0, peerPort = 0] = await freePorts(2)
  await started(ends, etcdPrograms().etcd, port, [
    `--data-dir=${folder}`,
    `--listen-client-urls=https://127.0.0.1:${port}`,
    `--advertise-client-urls=https://127.0.0.1:${port}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
    `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
    `--cert-file=${files.cert}`,
    `--key-file=${files.key}`,
    ...more,
  ])
  return `https://127.0.0.1:${port}`
}

function options(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => [`--${name}`, value])
}

type Ends = (() => Promise<void>)[]

/** Ended with the test; resolves when it answers a handshake. */
async function started(ends: Ends, file: string, port: number, args: readonly string[]): Promise<void> {
  const bound = boundToUs({ file, args })
  const child = spawn(bound.file, [...bound.args], { stdio: 'ignore' })
  ends.push(() => ended(child))
  for (let waitedMs = 0; waitedMs < START_LIMIT_MS; waitedMs += 50) {
    if (child.exitCode !== null) break
    if (await shakesHands(port)) return
    await pause(50)
  }
  throw new Error(`${file} did not start (exit code ${child.exitCode})`)
}

const START_LIMIT_MS = 60_000

async function shakesHands(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  const shaken = await once(socket, 'secureConnect').then(
    () => true,
    () => false,
  )
  socket.destroy()
  return shaken
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
}

async function encryptedPostgres(
  ends: Ends,
  folder: string,
  certificate: SelfSigned,
): Promise<Pick<EncryptedStores, 'databaseUrl' | 'sessions'>> {
  const server = await startEmbeddedPostgres({ folder, log: new RecordedLog() })
  ends.push(() => server.stop())
  const ask = async <R extends pg.QueryResultRow>(
    statement: string,
    values: unknown[] = [],
  ): Promise<R[]> => {
    const client = new pg.Client({ connectionString: server.url })
    await client.connect()
    try {
      return (await client.query<R>(statement, values)).rows
    } finally {
      await client.end()
    }
  }
  const [shown] = await ask<{ data_directory: string }>('SHOW data_directory')
  const data = shown?.data_directory ?? ''
  const { uid, gid } = await stat(data)
  for (const [name, text] of [
    ['server.crt', certificate.cert],
    ['server.key', certificate.key],
  ] as const) {
    await writeFile(join(data, name), text)
    // It takes a key only that is its own and nobody else's to read.
    await chmod(join(data, name), 0o600)
    await chown(join(data, name), uid, gid)
  }
  await ask('ALTER SYSTEM SET ssl = on')
  await ask('SELECT pg_reload_conf()')
  const [begun] = await ask<{ at: Date }>('SELECT now() AS at')
  return {
    databaseUrl: server.url,
    async sessions() {
      const [counts] = await ask<{ encrypted: number; plain: number }>(SESSIONS, [begun?.at])
      return { encrypted: counts?.encrypted ?? 0, plain: counts?.plain ?? 0 }
    },
  }
}

const SESSIONS = `
  SELECT count(*) FILTER (WHERE ssl)::int AS encrypted, count(*) FILTER (WHERE NOT ssl)::int AS plain
  FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
  WHERE backend_type = 'client backend' AND application_name LIKE 'idgen%' AND backend_start > $1 AND pid <> pg_backend_pid()`
