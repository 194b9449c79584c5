import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { SystemRandom } from '../../service/adapters/system/system-random.ts'
import { loadConfig } from '../../service/config/load.ts'
import { IdBatch } from '../../service/core/id-batch.ts'
import type { Tag } from '../../service/core/tag.ts'
import { openStore } from '../../service/open-store.ts'
import { type Service, startUseCases } from '../../service/start-use-cases.ts'
import { batchNumbers } from '../fixtures/batch-numbers.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'

export interface DataCentreOptions {
  readonly dc: number
  readonly databaseUrl: string
  readonly etcd: readonly string[]
  /** The same for the data centres of one installation. */
  readonly prefix: string
}

/** A process of a data centre on real servers, in this process; wired as in production but for its listeners. */
export interface DataCentre {
  readonly dc: number
  readonly service: Service
  readonly log: RecordedLog
  /** The tag as this process serves it now; undefined while it has not loaded it. */
  live(path: string): Tag | undefined
  /** Takes IDs as a request would. */
  take(path: string, count: number): Promise<readonly bigint[]>
  stop(): Promise<void>
}

export async function startDataCentre(options: DataCentreOptions): Promise<DataCentre> {
  const { dc, databaseUrl, etcd, prefix } = options
  const config = loadConfig(undefined, {
    IDGEN_DATACENTER_ID: String(dc),
    IDGEN_DATABASE_URL: databaseUrl,
    IDGEN_DATABASE_POOL_MAX: '10',
    IDGEN_DATABASE_POOL_MIN: '1',
    IDGEN_ETCD_ENDPOINTS: etcd.join(','),
    IDGEN_ETCD_PREFIX: prefix,
  })
  const log = new RecordedLog()
  const instance = `dc${dc}/${process.pid}`
  await using starting = new AsyncDisposableStack()
  const store = await openStore(config, log, instance)
  starting.defer(() => store.close())
  const world = { clock: new SystemClock(), random: new SystemRandom(), log, instance }
  const service = await startUseCases(config, { ...store, ...world })
  starting.defer(() => service.stop())
  const stack = starting.move()
  const { directory, generate } = service.useCases
  return {
    dc,
    service,
    log,
    live: (path) => directory.peek(path)?.tag,
    take: async (path, count) => {
      const batch = new IdBatch()
      await generate.take(await directory.resolve(path), count, batch)
      return batchNumbers(batch)
    },
    stop: () => stack.disposeAsync(),
  }
}
