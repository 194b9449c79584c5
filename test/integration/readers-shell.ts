import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { ROOT } from '../../scripts/docs/documents.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { LEAF_TABLE, TINYID_TABLES } from './foreign-tables.ts'
import { MariadbProcess, withoutMariadb } from './mariadb-process.ts'
import { testDatabase } from './postgres-server.ts'

/** A page is a dozen calls of a second at most; the rest is for a machine that is busy. */
const LIMIT_MS = 150_000

/** The service that the pages speak of, with all protocols and those of other systems. */
export interface Walked {
  readonly service: ServiceProcess
  readonly data: string
  readonly database: string
  /** It may do everything. */
  readonly key: string
  /** By this in MYSQL_HOME, mysql and mysqldump reach a MariaDB with the tables of Leaf and tinyid; undefined: there is none. */
  readonly mysqlHome: string | undefined
}

export async function walkedService(t: TestContext): Promise<Walked> {
  const database = await testDatabase()
  const data = join(temporaryFolder('idgen-walked-'), 'data')
  const service = await startService(
    {
      IDGEN_DATABASE_URL: database.url,
      IDGEN_DATA_DIR: data,
      IDGEN_SERVER_RESP_ENABLED: 'true',
      IDGEN_SERVER_THREADS: '1',
      IDGEN_AUTH_ADMIN_KEY: LEAF_KEY,
      // What docs/migration.md exports before a start.
      IDGEN_SERVER_COMPATIBILITY_LEAF: 'true',
      IDGEN_SERVER_COMPATIBILITY_LEAF_KEY: LEAF_KEY,
      IDGEN_SERVER_COMPATIBILITY_TINYID: 'true',
      IDGEN_SERVER_COMPATIBILITY_GROUP: 'shop/ids',
    },
    ['--quickstart'],
  )
  t.after(async () => {
    await service.stop('SIGTERM')
    await database.drop()
  })
  await made(join(data, 'quickstart-key'))
  const key = readFileSync(join(data, 'quickstart-key'), 'utf8').trim()
  return { service, data, database: database.url, key, mysqlHome: await oldServices(t) }
}

/** What somebody moves away from. */
async function oldServices(t: TestContext): Promise<string | undefined> {
  if (withoutMariadb !== false) return undefined
  const server = await MariadbProcess.start(t)
  await server.sql(LEAF_TABLE + TINYID_TABLES)
  // Its maximum lies a margin below 2^53: the page imports all keys of a shop that uses up no numbers.
  await server.sql("DELETE FROM leaf.leaf_alloc WHERE biz_tag = 'odd.tag'")
  return server.home
}

const LEAF_KEY = 'key-of-callers-that-send-none'

/** A shell in a reader's folder beside the service; runs the blocks, and gives back what each printed. */
export async function readersShell(
  { service, data, database, key, mysqlHome }: Walked,
  path: string,
  tool: string | undefined,
): Promise<(blocks: readonly string[]) => Promise<string[]>> {
  const folder = temporaryFolder('idgen-reader-')
  await symlink(join(ROOT, 'bin'), join(folder, 'bin'))
  await symlink(join(ROOT, 'proto'), join(folder, 'proto'))
  await symlink(data, join(folder, 'data'))
  await FILES[path]?.(folder)
  const env = {
    ...process.env,
    PATH: [folder, join(ROOT, 'bin'), dirname(tool ?? '/'), process.env['PATH']].join(delimiter),
    IDGEN_DATA_DIR: data,
    IDGEN_DATABASE_URL: database,
    // A command that found the database in five seconds at a reader's found it later on two busy processors.
    IDGEN_DATABASE_POOL_ACQUIRE_TIMEOUT: '1m',
    IDGEN_KEY: key,
    ...(mysqlHome !== undefined && { MYSQL_HOME: mysqlHome }),
  }
  return async (blocks) => {
    const script = blocks.map((block) => `${addressed(block, service)}\necho; echo '${MARK}'`).join('\n')
    const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', script], {
      cwd: folder,
      env,
      timeout: LIMIT_MS,
    })
    const [out, err, code] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      new Promise((resolve) => child.on('close', resolve)),
    ])
    const outputs = out.split(`\n${MARK}\n`)
    assert.equal(code, 0, `block ${outputs.length} failed: ${blocks[outputs.length - 1]}\n${out}\n${err}`)
    return outputs
  }
}

/** What a reader has by the time a page is read. */
const FILES: Readonly<Record<string, (folder: string) => Promise<void>>> = {
  'docs/alerts.md': (folder) => copyFile(join(ROOT, 'alerts/idgen.yaml'), join(folder, 'idgen.yaml')),
  // The ports of the service are taken: doctor would call them so, with the exit code 1.
  'docs/health.md': (folder) => writeFile(join(folder, 'idgen.yaml'), FREE_PORTS),
}

const FREE_PORTS = `server:
  http: { port: 0 }
  grpc: { port: 0 }
  metrics: { port: 0 }
`

/** Written right after the service listens. */
async function made(file: string): Promise<void> {
  await until(`${file} is made`, () => existsSync(file))
}

const MARK = '-- the end of a block --'

/** The ports of a document are those of a first start; the test's own are free ones. */
function addressed(block: string, service: ServiceProcess): string {
  return block
    .replaceAll('http://localhost:8080', service.httpOrigin)
    .replaceAll('http://localhost:9464', service.metricsOrigin)
    .replaceAll('localhost:50051', service.grpcAddress)
    .replaceAll('-p 6399', `-h 127.0.0.1 -p ${service.respPort}`)
}
