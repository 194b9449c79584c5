import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { boundToUs, endAtExit } from '../fixtures/bound-child.ts'
import { leftOut } from '../fixtures/left-out.ts'
import { removeFolder, temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'

const run = promisify(execFile)
/** Where Debian's packages mariadb-server-core and mariadb-client put them; neither has a service that it would start. */
const [SERVER, INSTALL_DB, DUMP] = ['/usr/sbin/mariadbd', '/usr/bin/mariadb-install-db', '/usr/bin/mysqldump']

/** Why a test that needs one is left out; false where it is there. */
export const withoutMariadb = [SERVER, INSTALL_DB, DUMP].every((program) => existsSync(program))
  ? false
  : leftOut('MariaDB is missing: scripts/install-servers.sh installs mariadb-server-core and mariadb-client')

/** A new data folder takes four seconds and a start one; the rest is for a machine that is busy. */
const START_LIMIT_MS = 240_000
/** The largest dump here is that of its own tables, two megabytes. */
const OUTPUT_MAX_BYTES = 16 * 1024 * 1024

/** A MariaDB server in a temporary folder, reached by a socket alone, which ends with the test. */
export class MariadbProcess {
  /** For MYSQL_HOME: it holds a my.cnf by which `mysql` and `mysqldump` without arguments reach this server as its root. */
  readonly home: string
  /** Their one argument where MYSQL_HOME is not wanted. */
  readonly #defaults: string

  private constructor(home: string) {
    this.home = home
    this.#defaults = `--defaults-file=${join(home, 'my.cnf')}`
  }

  static async start(t: TestContext): Promise<MariadbProcess> {
    const home = temporaryFolder('idgen-mariadb-')
    const data = `--datadir=${join(home, 'data')}`
    // A log of 8 MB instead of 96, and no pages of names; as root it has to be told that root is meant.
    const small = ['--no-defaults', data, '--innodb-log-file-size=8M', '--innodb-buffer-pool-size=16M']
    const options = process.getuid?.() === 0 ? [...small, '--user=root'] : small
    const made = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve']
    await run(INSTALL_DB, [...options, ...made], { timeout: START_LIMIT_MS })
    const socket = join(home, 'socket')
    await writeFile(join(home, 'my.cnf'), `[client]\nuser=root\nsocket=${socket}\n`)
    const served = ['--skip-networking', `--socket=${socket}`, `--pid-file=${join(home, 'pid')}`]
    const { file, args } = boundToUs({ file: SERVER, args: [...options, ...served] })
    const child = spawn(file, [...args], { stdio: 'ignore' })
    const pid = child.pid ?? -1
    const exited = once(child, 'exit')
    endAtExit.remember(pid)
    t.after(async () => {
      child.kill('SIGKILL')
      await exited
      endAtExit.forget(pid)
      await removeFolder(home)
    })
    const server = new MariadbProcess(home)
    await until('MariaDB answers', () => server.#answers(), START_LIMIT_MS)
    return server
  }

  /** Runs statements and gives back what they print, without headings. @throws with what the server said */
  async sql(statements: string): Promise<string> {
    return (await this.#client('mysql', ['--batch', '--skip-column-names', `--execute=${statements}`])).trim()
  }

  dump(...args: readonly string[]): Promise<string> {
    return this.#client('mysqldump', args)
  }

  async #client(program: string, args: readonly string[]): Promise<string> {
    const limits = { timeout: START_LIMIT_MS, maxBuffer: OUTPUT_MAX_BYTES }
    // What it dumps is text of any kind, but not what is read here as the name of a tag.
    return (await run(program, [this.#defaults, '--default-character-set=utf8mb4', ...args], limits)).stdout
  }

  #answers(): Promise<boolean> {
    return this.sql('SELECT 1').then(
      () => true,
      () => false,
    )
  }
}
