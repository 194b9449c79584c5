import { readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import { IdgenError } from '../../core/errors.ts'
import type { ClusterFolder } from './cluster-folder.ts'
import { processAlive } from './process-alive.ts'

interface Owner {
  readonly pid: number
  readonly host: string
  /** The pid namespace: containers may share a host name and still not see each other's processes. */
  readonly space?: string
}

/**
 * Makes this process the only user of the folder: a session lock in the server, held as long as `session` lives.
 * Two processes on one embedded database would be safe for IDs, but the first to stop would take the server away.
 *
 * The owner file is for people, and for one case that the lock cannot see: a container on another host name that
 * uses the same volume would not find the other one's server process and would start a second server on its files.
 * @throws IDGEN_DATA_FOLDER_IN_USE
 */
export async function takeFolder(session: Client, cluster: ClusterFolder): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
    const { rows } = await session.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
      LOCK,
    ])
    if (rows[0]?.taken === true) break
    const owner = await readOwner(cluster)
    // The session of a process that was just killed ends a moment after it.
    const ended = owner !== undefined && (await isHere(owner)) && !processAlive(owner.pid)
    if (!ended || waitedMs >= LAST_OWNER_MS) throw inUse(cluster, owner)
    await delay(RETRY_MS)
  }
  const owner: Owner = { pid: process.pid, host: hostname(), space: await pidSpace() }
  await writeFile(cluster.ownerFile, `${JSON.stringify(owner)}\n`)
}

/** Before any server is started. @throws IDGEN_DATA_FOLDER_IN_USE when another host shows signs of life */
export async function refuseOtherHost(cluster: ClusterFolder): Promise<void> {
  const owner = await readOwner(cluster)
  if (owner === undefined || (await isHere(owner))) return
  const seen = await stat(cluster.ownerFile).catch(() => undefined)
  if (seen !== undefined && Date.now() - seen.mtimeMs < SIGN_OF_LIFE_MS) throw inUse(cluster, owner)
}

/** Shows every few seconds that this process still uses the folder. */
export function keepShowing(cluster: ClusterFolder): Disposable {
  const timer = setInterval(() => {
    const now = new Date()
    // A missing file only costs other hosts the warning; the lock in the server is what counts.
    utimes(cluster.ownerFile, now, now).catch(() => {})
  }, SIGN_OF_LIFE_MS / 3)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

export async function forgetOwner(cluster: ClusterFolder): Promise<void> {
  await rm(cluster.ownerFile, { force: true })
}

/** Whether the process that wrote the owner file runs on this machine. */
export async function ownerLives(cluster: ClusterFolder): Promise<boolean> {
  const owner = await readOwner(cluster)
  return owner !== undefined && (await isHere(owner)) && processAlive(owner.pid)
}

/** Whether its process id means the same process here. */
async function isHere(owner: Owner): Promise<boolean> {
  return owner.host === hostname() && (owner.space === undefined || owner.space === (await pidSpace()))
}

/** Names the pid namespace and the boot it belongs to; '' where the system has none. */
async function pidSpace(): Promise<string> {
  const space = await readlink('/proc/self/ns/pid').catch(() => '')
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')
  return space === '' ? '' : `${space} ${boot.trim()}`
}

async function readOwner(cluster: ClusterFolder): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(cluster.ownerFile, 'utf8')) as Owner
  } catch {
    return undefined
  }
}

function inUse(cluster: ClusterFolder, owner: Owner | undefined): IdgenError {
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on ${owner.host}`
  return new IdgenError(
    'IDGEN_DATA_FOLDER_IN_USE',
    `The data folder ${cluster.folder} belongs to ${who}, which is running. Stop it, or give this process a folder of its own with IDGEN_DATA_DIR, or let both use one PostgreSQL server with IDGEN_DATABASE_URL.`,
  )
}

/** Any number of our own: advisory locks are one space per database, and this session is alone in `postgres`. */
const LOCK = 4_711_202_600
const RETRY_MS = 50
const LAST_OWNER_MS = 3000
const SIGN_OF_LIFE_MS = 15_000
