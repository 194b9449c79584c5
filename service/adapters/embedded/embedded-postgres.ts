import { mkdir, readFile, realpath } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { IdgenError } from '../../core/errors.ts'
import type { Log } from '../../ports/log.ts'
import { ClusterFolder } from './cluster-folder.ts'
import { forgetOwner, keepShowing, ownerLives, refuseOtherHost, takeFolder } from './folder-owner.ts'
import {
  awaitCollected,
  findPostmaster,
  type Postmaster,
  startPostmaster,
  stopPostmaster,
} from './postmaster.ts'
import { processAlive } from './process-alive.ts'
import { chooseAccount, type ServerAccount } from './server-account.ts'
import { findServerBinaries, type ServerBinaries, unavailable } from './server-binaries.ts'

export interface EmbeddedOptions {
  /** Holds everything; made when missing. One process at a time. */
  readonly folder: string
  readonly log: Log
}

export interface EmbeddedPostgres {
  /** For PostgresDatabase; carries the password, so it is never logged. */
  readonly url: string
  /** The server's parent process. */
  readonly pid: number
  /**
   * Resolves, at most once, when the folder is no longer ours: the server died or ended our session. Another process
   * may use the folder from then on, so the caller stops issuing and ends.
   */
  readonly lost: Promise<IdgenError>
  /** Shuts the server down; waits at most 20 s. Close the pools first: their sessions would be ended. Idempotent. */
  stop(): Promise<void>
}

/**
 * A real PostgreSQL server in one folder, for a first try, development and tests: started here, adopted when an
 * earlier process was killed and left it behind, and stopped with this process.
 * @throws IDGEN_EMBEDDED_UNAVAILABLE, IDGEN_DATA_FOLDER_IN_USE
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options)
  } catch (thrown) {
    if (thrown instanceof IdgenError) throw thrown
    // Mostly EACCES: the folder was made by another user, who would have to start idgen.
    throw unavailable(`${(thrown as Error).message} (folder ${options.folder})`, thrown)
  }
}

async function start({ folder, log }: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const cluster = await openFolder(folder)
  const binaries = findServerBinaries()
  const account = await chooseAccount(binaries, cluster.folder, cluster.data)
  await refuseOtherHost(cluster)
  await cluster.ensureCluster(binaries, account)
  const { postmaster, session, ours } = await connectOrStart(cluster, binaries, account)
  try {
    await takeFolder(session, cluster)
    await ensureDatabase(session)
  } catch (thrown) {
    await session.end().catch(() => {})
    // Refused means that another process adopted the server in this moment: it is his to stop.
    if (ours && !(thrown instanceof IdgenError)) await stopPostmaster(postmaster, STOP_DEADLINE_MS)
    throw thrown
  }
  log.info({ folder: cluster.folder, port: postmaster.port, adopted: !ours }, 'embedded database is ready')
  return handle(cluster, postmaster, session, log)
}

/**
 * The URL of the server that a living idgen runs on this folder, for commands that work beside it; undefined when
 * there is none (also when a killed process left its server behind: the next start adopts that). Changes nothing.
 */
export async function runningEmbeddedUrl(folder: string): Promise<string | undefined> {
  const path = await realpath(folder).catch(() => undefined)
  if (path === undefined) return undefined
  const cluster = new ClusterFolder(path)
  const postmaster = (await ownerLives(cluster)) ? await findPostmaster(cluster) : undefined
  return postmaster && urlOf(postmaster.port, await cluster.password(), 'idgen')
}

/** Held while the folder is ours; `postgres` is the database that holds the lock, `idgen` the one with the tables. */
function handle(
  cluster: ClusterFolder,
  postmaster: Postmaster,
  session: Session,
  log: Log,
): EmbeddedPostgres {
  const lost = Promise.withResolvers<IdgenError>()
  const shown = keepShowing(cluster)
  let stopping: Promise<void> | undefined
  session.once('end', () => {
    if (stopping !== undefined) return
    const text = `The embedded database in ${cluster.folder} ended its session with this process; see ${cluster.logFile}.`
    lost.resolve(new IdgenError('IDGEN_STORE_UNAVAILABLE', text))
  })
  const stop = async (): Promise<void> => {
    shown[Symbol.dispose]()
    // The lock is given up by the server's end, not before: otherwise another process could adopt a server that is
    // just about to stop.
    const ended = await stopPostmaster(postmaster, STOP_DEADLINE_MS)
    if (!ended) log.error({ pid: postmaster.pid }, 'embedded database did not stop; the next start adopts it')
    // A server that hangs never says goodbye.
    await Promise.race([session.end().catch(() => {}), delay(GOODBYE_MS)])
    await forgetOwner(cluster)
  }
  return {
    url: urlOf(postmaster.port, session.password, 'idgen'),
    pid: postmaster.pid,
    lost: lost.promise,
    stop: () => (stopping ??= stop()),
  }
}

async function openFolder(folder: string): Promise<ClusterFolder> {
  await mkdir(folder, { recursive: true })
  return new ClusterFolder(await realpath(folder))
}

/** A session in the server of this folder: of the one that runs, else of one that is started now. */
async function connectOrStart(
  cluster: ClusterFolder,
  binaries: ServerBinaries,
  account: ServerAccount,
): Promise<{ postmaster: Postmaster; session: Session; ours: boolean }> {
  const password = await cluster.password()
  let fault = ''
  // A try is lost when the port was taken meanwhile, when another process started a server in the same moment, or
  // when the server found is just shutting down.
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const running = await findPostmaster(cluster)
    if (running === undefined) await awaitCollected(cluster)
    const postmaster = running ?? (await startPostmaster(cluster, binaries, account))
    const session = await connect(postmaster, password)
    if (session instanceof pg.Client) return { postmaster, session, ours: running === undefined }
    fault = session.fault
    if (processAlive(postmaster.pid) && running === undefined) {
      await stopPostmaster(postmaster, STOP_DEADLINE_MS)
      break
    }
  }
  const printed = await readFile(cluster.logFile, 'utf8').catch(() => '')
  throw unavailable(`the server does not start (${fault}): ${printed.slice(-1000).trim()}`)
}

type Session = pg.Client & { readonly password: string }

/** Tries until the server takes a session, refuses our password, ends, or READY_DEADLINE_MS have passed. */
async function connect(
  postmaster: Postmaster,
  password: string,
): Promise<Session | { readonly fault: string }> {
  let fault = 'it did not answer in time'
  for (let waitedMs = 0; waitedMs < READY_DEADLINE_MS; waitedMs += POLL_MS) {
    const session = new pg.Client({
      connectionString: urlOf(postmaster.port, password, 'postgres'),
      application_name: 'idgen folder lock',
      keepAlive: true,
    })
    // 'end' follows and is what the handle listens to; without a listener Node ends the process.
    session.on('error', () => {})
    try {
      await session.connect()
      return Object.assign(session, { password })
    } catch (thrown) {
      fault = (thrown as Error).message
      if ((thrown as { code?: unknown }).code === WRONG_PASSWORD) return { fault }
    }
    if (!processAlive(postmaster.pid)) return { fault }
    await delay(POLL_MS)
  }
  return { fault }
}

async function ensureDatabase(session: pg.Client): Promise<void> {
  const { rowCount } = await session.query("SELECT 1 FROM pg_database WHERE datname = 'idgen'")
  if (rowCount === 0) await session.query('CREATE DATABASE idgen')
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://idgen:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
}

const ATTEMPTS_MAX = 5
const GOODBYE_MS = 1000
const POLL_MS = 20
/** A server that was killed under load replays up to max_wal_size before it answers. */
const READY_DEADLINE_MS = 60_000
const STOP_DEADLINE_MS = 20_000
/** SQLSTATE invalid_password: some other server has the port. */
const WRONG_PASSWORD = '28P01'
