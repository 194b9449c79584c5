import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ClusterFolder } from '../../service/adapters/embedded/cluster-folder.ts'
import { startEmbeddedPostgres } from '../../service/adapters/embedded/embedded-postgres.ts'
import { processAlive } from '../../service/adapters/embedded/process-alive.ts'
import { findServerBinaries } from '../../service/adapters/embedded/server-binaries.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'

/** In node_modules, so that it goes with the server's programs. */
const CACHE = join(import.meta.dirname, '../../node_modules/.cache')

/**
 * A cluster in `folder` that startEmbeddedPostgres only has to start: a copy of one that was made once in this checkout.
 * Eighty test files begin with a server of their own; initdb costs each 0.8 s of processor time, a copy 0.1 s.
 *
 * All copies have one system identifier and one password. So no test may have two of them: it takes the second from initdb.
 */
export async function initialiseCluster(folder: string, cache = CACHE): Promise<void> {
  const { home } = new ClusterFolder(folder)
  const kept = join(cache, keptName())
  if ((await isUsedNow(kept)) && (await copied(kept, home))) return
  const server = await startEmbeddedPostgres({ folder, log: new RecordedLog() })
  await server.stop()
  // Where nothing can be kept, each makes its own.
  await keep(home, kept, cache).catch(() => undefined)
}

/** Another one when the programs change, what initdb is told, or who may read the files. */
function keptName(): string {
  const { postgres } = findServerBinaries()
  const { size, mtimeMs } = statSync(postgres)
  const source = readFileSync(join(import.meta.dirname, '../../service/adapters/embedded/cluster-folder.ts'))
  const hash = createHash('sha256').update(source)
  hash.update(JSON.stringify([postgres, size, mtimeMs, process.getuid?.()]))
  return `${PREFIX}${hash.digest('hex').slice(0, 16)}`
}

/** Its time says when it was used last. @returns false when there is none */
async function isUsedNow(kept: string): Promise<boolean> {
  const now = new Date()
  return await utimes(kept, now, now).then(
    () => true,
    () => false,
  )
}

/** Whole, and only then under its name: several test files may be at it at once, and any may be killed. */
async function keep(home: string, kept: string, cache: string): Promise<void> {
  // A server that did not stop leaves this file, and a cluster that is no longer as it was made.
  if (existsSync(join(home, 'data/postmaster.pid'))) return
  await mkdir(cache, { recursive: true })
  for (const name of await readdir(cache)) {
    const maker = new RegExp(`^${HALF}(\\d+)-`).exec(name)?.[1]
    const path = join(cache, name)
    const isOld = name.startsWith(PREFIX) && path !== kept && (await unusedForMs(path)) > UNUSED_MS
    if (isOld || (maker !== undefined && !processAlive(Number(maker))))
      await rm(path, { recursive: true, force: true })
  }
  const half = join(cache, `${HALF}${process.pid}-${randomBytes(4).toString('hex')}`)
  if (!(await copied(home, half))) return
  // ENOTEMPTY: another one was faster.
  await rename(half, kept).catch(() => rm(half, { recursive: true, force: true }))
}

/** Zero for one that somebody else has removed. */
async function unusedForMs(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  )
}

/** With owners and modes, as the server wants them. @returns false, with nothing left of it, when it could not be done */
async function copied(from: string, to: string): Promise<boolean> {
  try {
    await promisify(execFile)('cp', ['-a', from, to], { timeout: COPY_LIMIT_MS })
    return true
  } catch {
    await rm(to, { recursive: true, force: true })
    return false
  }
}

const PREFIX = 'postgres-cluster-'
const HALF = 'postgres-half-cluster-'
/** Another checkout may share the folder, with programs of its own: one that is copied while it is removed would be half a cluster. */
const UNUSED_MS = 3_600_000
/** 60 MB take a tenth of a second; then the disk is full or busy, and initdb does it. */
const COPY_LIMIT_MS = 60_000
