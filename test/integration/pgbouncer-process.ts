import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { boundToUs, endAtExit } from '../fixtures/bound-child.ts'
import { freePort } from '../fixtures/free-ports.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'

/** Where Debian's package puts it. */
const PROGRAM = '/usr/sbin/pgbouncer'

export const HAS_PGBOUNCER = existsSync(PROGRAM)

/** A PgBouncer in front of a database, which lends a connection to the server for one transaction at a time. */
export class PgbouncerProcess {
  /** The database, through it. */
  readonly url: string
  readonly #end: () => Promise<void>

  private constructor(url: string, end: () => Promise<void>) {
    this.url = url
    this.#end = end
  }

  /** `connections`: to the server, for all clients together. */
  static async start(database: string, connections: number): Promise<PgbouncerProcess> {
    const folder = temporaryFolder('idgen-pgbouncer-')
    const port = await freePort()
    const config = join(folder, 'pgbouncer.ini')
    await writeFile(config, configuration(new URL(database), port, connections))
    // As root it runs as another user, who must read this.
    await chmod(folder, 0o755)
    const { file, args } = boundToUs({ file: PROGRAM, args: [...(isRoot() ? ['-u', 'nobody'] : []), config] })
    const child = spawn(file, [...args], { stdio: 'ignore' })
    const pid = child.pid ?? -1
    const exited = once(child, 'exit')
    endAtExit.remember(pid)
    const url = new URL(database)
    url.port = String(port)
    await until('PgBouncer answers', () => answers(url.href))
    return new PgbouncerProcess(url.href, async () => {
      child.kill('SIGKILL')
      await exited
      endAtExit.forget(pid)
    })
  }

  stop(): Promise<void> {
    return this.#end()
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Whoever reaches it is let in: it listens on loopback, and shows the server the user and password given here. */
function configuration(database: URL, port: number, connections: number): string {
  const user = decodeURIComponent(database.username)
  const password = decodeURIComponent(database.password)
  return [
    '[databases]',
    `* = host=${database.hostname} port=${database.port} user=${user} password='${password}'`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = any',
    'pool_mode = transaction',
    `default_pool_size = ${connections}`,
    '',
  ].join('\n')
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}
