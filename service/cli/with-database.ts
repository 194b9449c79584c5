import { runningEmbeddedUrl } from '../adapters/embedded/embedded-postgres.ts'
import type { PostgresDatabase } from '../adapters/postgres/database.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import { type Config } from '../config/keys.ts'
import { instanceName } from '../instance-name.ts'
import { commandConfig } from '../open-config.ts'
import { databaseServer, openDatabase } from '../open-store.ts'
import type { Log } from '../ports/log.ts'

/**
 * Opens the configured database for one command and closes it again. With the embedded default, a service that runs
 * on the same folder is used as it is; otherwise the embedded server is started for the moment.
 */
export async function withDatabase(
  configFile: string | undefined,
  work: (database: PostgresDatabase, config: Config, url: string) => Promise<void>,
  log: Log = new PinoLog('warn', {}, process.stderr),
): Promise<void> {
  const config = await commandConfig(configFile, process.env, log)
  await using stack = new AsyncDisposableStack()
  const running = config.database.url === '' ? await runningEmbeddedUrl(config.data.dir) : undefined
  const { url } = running === undefined ? await databaseServer(config, log, stack) : { url: running }
  const database = openDatabase({ ...config, database: { ...config.database, pool: POOL } }, url, {
    log,
    instance: instanceName(config),
  })
  stack.defer(() => database.close())
  await work(database, config, url)
}

/** One command asks one thing at a time. */
const POOL = { max: 4, min: 0, acquireTimeout: 5000 }
