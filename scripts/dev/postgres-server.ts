import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../service/adapters/embedded/embedded-postgres.ts'
import { PinoLog } from '../../service/adapters/telemetry/pino-log.ts'
import { DEV_FOLDER } from './places.ts'

/** The PostgreSQL of the local development environment: a process of its own, so that idgen can be stopped beside it. */
const server = await startEmbeddedPostgres({
  folder: join(DEV_FOLDER, 'postgres'),
  log: new PinoLog('info', { instance: 'dev' }),
})
writeFileSync(join(DEV_FOLDER, 'postgres-url'), server.url, { mode: 0o600 })
const stop = new Promise<void>((resolve) => {
  process.once('SIGTERM', () => resolve())
  process.once('SIGINT', () => resolve())
})
const lost = await Promise.race([stop, server.lost])
if (lost !== undefined) throw lost
await server.stop()
