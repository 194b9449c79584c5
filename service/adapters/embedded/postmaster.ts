import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile, readlink, realpath } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterFolder } from './cluster-folder.ts'
import { processAlive, processListed } from './process-alive.ts'
import { SERVER_ENVIRONMENT } from './run-program.ts'
import type { ServerAccount } from './server-account.ts'
import type { ServerBinaries } from './server-binaries.ts'

/** The server's parent process. */
export interface Postmaster {
  readonly pid: number
  readonly port: number
}

/**
 * The server that runs on this folder now, whoever started it: an idgen that was killed leaves its server behind.
 * Reads postmaster.pid (line 1 process id, 2 data folder, 4 port); a file that was left by a crash or names a
 * process id that something else has by now gives undefined.
 */
export async function findPostmaster(cluster: ClusterFolder): Promise<Postmaster | undefined> {
  const recorded = await readPidFile(cluster)
  if (recorded === undefined || !processAlive(recorded.pid)) return undefined
  return (await worksIn(recorded.pid, cluster.data)) ? recorded : undefined
}

/**
 * Waits until the process in postmaster.pid, if it has ended, was collected by its parent: until then a new server
 * takes it for alive and refuses to start. (The file must stay: the new server finds in it whether children of the
 * old one still have the data open.)
 */
export async function awaitCollected(cluster: ClusterFolder): Promise<void> {
  const pid = (await readPidFile(cluster))?.pid
  if (pid === undefined) return
  for (let waitedMs = 0; waitedMs < COLLECTED_DEADLINE_MS; waitedMs += POLL_MS) {
    if (processAlive(pid) || !processListed(pid)) return
    await delay(POLL_MS)
  }
}

/** Starts a server on a free port. It may end at once: ask `processAlive`, and the log says why. */
export async function startPostmaster(
  cluster: ClusterFolder,
  binaries: ServerBinaries,
  account: ServerAccount,
): Promise<Postmaster> {
  const port = await freePort()
  const settings = { ...SETTINGS, port: String(port) }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const { file, args, uid, gid } = account.launch(binaries.postgres, ['-D', cluster.data, ...options])
  // A file, not a pipe: the server may outlive this process and must still have somewhere to write.
  const log = openSync(cluster.logFile, 'w', 0o600)
  try {
    const child = spawn(file, [...args], {
      cwd: '/',
      // Its own session: Ctrl-C in the terminal must reach idgen only, which drains before it stops the server.
      detached: true,
      stdio: ['ignore', log, log],
      env: SERVER_ENVIRONMENT,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    })
    child.unref()
    const started = Promise.withResolvers<void>()
    child.once('spawn', started.resolve)
    child.once('error', started.reject)
    await started.promise
    return { pid: child.pid ?? 0, port }
  } finally {
    closeSync(log)
  }
}

/**
 * Fast shutdown (SIGINT: open sessions are ended, everything is written). Waits up to `deadlineMs` for the end.
 * @returns whether the server has ended
 */
export async function stopPostmaster(postmaster: Postmaster, deadlineMs: number): Promise<boolean> {
  try {
    process.kill(postmaster.pid, 'SIGINT')
  } catch {
    return !processAlive(postmaster.pid)
  }
  for (let waitedMs = 0; waitedMs < deadlineMs; waitedMs += POLL_MS) {
    if (!processAlive(postmaster.pid)) return true
    await delay(POLL_MS)
  }
  return !processAlive(postmaster.pid)
}

async function readPidFile(cluster: ClusterFolder): Promise<Postmaster | undefined> {
  const lines = (await readFile(`${cluster.data}/postmaster.pid`, 'utf8').catch(() => '')).split('\n')
  const pid = Number(lines[0])
  const port = Number(lines[3])
  return Number.isInteger(pid) && pid > 1 && Number.isInteger(port) && port > 0 ? { pid, port } : undefined
}

/** The server changes into its data folder. Where /proc is missing the connection with our password must decide. */
async function worksIn(pid: number, data: string): Promise<boolean> {
  if (process.platform !== 'linux') return true
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined)
  return folder !== undefined && folder === (await realpath(data))
}

async function freePort(): Promise<number> {
  const server = createServer()
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Small (about 40 MB), local, and never less durable than the default. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // Three processes with small pools in tests; a process alone uses far fewer.
  max_connections: '200',
  shared_buffers: '16MB',
  huge_pages: 'off',
  io_method: 'sync',
  jit: 'off',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  wal_level: 'minimal',
  max_wal_senders: '0',
  min_wal_size: '32MB',
  max_wal_size: '256MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
} as const

const POLL_MS = 20
/** The init process of a machine collects within moments; one that never does needs a restart of its container. */
const COLLECTED_DEADLINE_MS = 15_000
