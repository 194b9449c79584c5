import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { processAlive } from './process-alive.ts'
import { runProgram } from './run-program.ts'
import type { ServerAccount } from './server-account.ts'
import { type ServerBinaries, unavailable } from './server-binaries.ts'

/**
 * Where everything of the embedded database lies.
 *
 *     <folder>/postgres/            ours, 0711: the server's user must pass through
 *       data/                       the cluster; belongs to the server's user
 *       password                    ours, 0600
 *       owner                       which process uses it now (folder-owner.ts)
 *       server.log                  of the present server, begun anew at each start
 *     <folder>/postgres.new-<pid>-… a cluster that is being made
 */
export class ClusterFolder {
  readonly folder: string
  readonly home: string
  readonly data: string
  readonly logFile: string
  readonly ownerFile: string

  constructor(folder: string) {
    this.folder = folder
    this.home = join(folder, 'postgres')
    this.data = join(this.home, 'data')
    this.logFile = join(this.home, 'server.log')
    this.ownerFile = join(this.home, 'owner')
  }

  async password(): Promise<string> {
    return (await readFile(join(this.home, 'password'), 'utf8')).trim()
  }

  /**
   * Makes the cluster unless there is one. It is made beside its place and renamed whole, so that a start that was
   * killed half way leaves nothing that looks like a database, and of two first starts one wins.
   * @throws IDGEN_EMBEDDED_UNAVAILABLE
   */
  async ensureCluster(binaries: ServerBinaries, account: ServerAccount): Promise<void> {
    await this.#removeLeftovers()
    if (await exists(this.home)) return await this.#checkVersion(binaries, account)
    const fresh = join(this.folder, `postgres.new-${process.pid}-${randomBytes(4).toString('hex')}`)
    try {
      await this.#initialise(fresh, binaries, account)
      await rename(fresh, this.home)
    } catch (thrown) {
      await rm(fresh, { recursive: true, force: true })
      // ENOTEMPTY, EEXIST: another process was faster, and its cluster is as good as ours.
      if (!(await exists(this.home))) throw thrown
    }
  }

  async #initialise(fresh: string, binaries: ServerBinaries, account: ServerAccount): Promise<void> {
    const password = randomBytes(24).toString('base64url')
    const data = join(fresh, 'data')
    // initdb must read the password as the server's user; the copy that stays is ours alone.
    const handover = join(fresh, 'handover')
    const pwfile = join(handover, 'password')
    for (const path of [fresh, data, handover]) await mkdir(path, { mode: path === fresh ? 0o711 : 0o700 })
    for (const path of [join(fresh, 'password'), pwfile])
      await writeFile(path, `${password}\n`, { mode: 0o600 })
    if (account.uid !== undefined && account.gid !== undefined)
      for (const path of [data, handover, pwfile]) await chown(path, account.uid, account.gid)
    const args = ['-D', data, '-U', 'idgen', '-A', 'scram-sha-256', `--pwfile=${pwfile}`]
    const made = await runProgram(
      account.launch(binaries.initdb, [...args, '-E', 'UTF8', '--locale=C', '--data-checksums']),
      INITDB_DEADLINE_MS,
    )
    if (made.code !== 0) throw unavailable(`initdb failed: ${made.output}`)
    await rm(handover, { recursive: true })
  }

  async #checkVersion(binaries: ServerBinaries, account: ServerAccount): Promise<void> {
    const major = (await readFile(join(this.data, 'PG_VERSION'), 'utf8').catch(() => '')).trim()
    const { output } = await runProgram(account.launch(binaries.postgres, ['--version']), 20_000)
    if (output.includes(` ${major}.`)) return
    throw unavailable(
      `${this.data} was made by PostgreSQL ${major || '(unknown)'} and the installed server is ${output}; move the folder away, or dump it with the old version of idgen and load it again`,
    )
  }

  /** Half-made clusters of processes that are gone; those of living ones are being worked on. */
  async #removeLeftovers(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      const pid = /^postgres\.new-(\d+)-[0-9a-f]+$/.exec(name)?.[1]
      if (pid !== undefined && !processAlive(Number(pid)))
        await rm(join(this.folder, name), { recursive: true, force: true })
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

/** 0.4 s on a quiet machine, 16 s were seen on a loaded one. */
const INITDB_DEADLINE_MS = 120_000
