import assert from 'node:assert/strict'
import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import { PostgresDatabase } from '../../service/adapters/postgres/database.ts'
import { migrate } from '../../service/adapters/postgres/migrate.ts'
import { PostgresCatalogStore } from '../../service/adapters/postgres/postgres-catalog-store.ts'
import { PostgresSegmentLedger } from '../../service/adapters/postgres/postgres-segment-ledger.ts'
import { RedisBlockCache } from '../../service/adapters/redis/redis-block-cache.ts'
import type { RedisClient } from '../../service/adapters/redis/redis-client.ts'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { SystemRandom } from '../../service/adapters/system/system-random.ts'
import { BlockExchange } from '../../service/app/block-exchange.ts'
import { SegmentAllocator } from '../../service/app/segment-allocator.ts'
import { SegmentWitness } from '../../service/app/segment-witness.ts'
import { SharedBlocks } from '../../service/app/shared-blocks.ts'
import type { BlockList } from '../../service/ports/block-cache.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { type EtcdCluster, testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'
import { redisClient, untilWell } from './redis-clients.ts'

/** Numbers of one segment. */
export const STEP = 20
const TTL_MS = 600_000
/** The machine is busy with other tests; what a deadline does is tested on clocks that stand still. */
const DEADLINE_MS = 2000

/** A database and an etcd, with what processes open of them. */
export class RealStores {
  readonly database: PostgresDatabase
  readonly etcd: EtcdCluster
  readonly #drop: () => Promise<void>
  readonly #clients: RedisClient[] = []
  readonly #coordinators: EtcdCoordinator[] = []
  #tags = 0

  private constructor(database: PostgresDatabase, etcd: EtcdCluster, drop: () => Promise<void>) {
    this.database = database
    this.etcd = etcd
    this.#drop = drop
  }

  static async start(): Promise<RealStores> {
    const [testing, etcd] = await Promise.all([testDatabase(), testEtcd()])
    const database = new PostgresDatabase({ url: testing.url, log: SILENT, poolMin: 0, poolMax: 20 })
    const stores = new RealStores(database, etcd, () => testing.drop())
    await migrate(database.kysely)
    const catalog = new PostgresCatalogStore(database)
    await catalog.createWorkspace('w', '')
    await catalog.createGroup('w', 'g', '')
    return stores
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close()
    await Promise.all(this.#coordinators.map((coordinator) => coordinator.close()))
    await this.database.close()
    await Promise.all([this.#drop(), this.etcd.close()])
  }

  track(client: RedisClient): RedisClient {
    this.#clients.push(client)
    return client
  }

  newCoordinator(): EtcdCoordinator {
    const { endpoints } = this.etcd
    const options = { endpoints, prefix: '/idgen', timeoutMs: DEADLINE_MS, log: SILENT }
    const coordinator = new EtcdCoordinator(options)
    this.#coordinators.push(coordinator)
    return coordinator
  }

  newStore(): SegmentAllocator {
    const coordinator = this.newCoordinator()
    return new SegmentAllocator({
      ledger: new PostgresSegmentLedger(this.database, { instance: 'test', history: true }),
      witness: new SegmentWitness({ coordinator, clock: new SystemClock(), deadlineMs: DEADLINE_MS }),
    })
  }

  /** The blocks of a new tag in data centre 3. */
  async newList(): Promise<BlockList> {
    this.#tags += 1
    const tag = await new PostgresCatalogStore(this.database).createTag({
      workspace: 'w',
      group: 'g',
      name: `t${this.#tags}`,
      displayName: '',
      chain: ['segment'],
      step: { base: STEP, min: 1, max: 1000 },
      space: { startAt: 1, cellSize: 2 ** 32, dcCount: 8 },
    })
    return { tagId: tag.id, generation: tag.generation, dc: 3 }
  }

  /** Allocations the database has logged of the tag. */
  async allocations({ tagId }: BlockList): Promise<number> {
    const rows = await this.database.kysely
      .selectFrom('segment_allocations')
      .select(({ fn }) => fn.countAll<number>().as('n'))
      .where('tag_id', '=', tagId)
      .execute()
    return Number(rows[0]?.n)
  }
}

export interface CentreOptions {
  readonly endpoints: readonly string[]
  readonly cluster?: boolean
  readonly ttlMs?: number
  /** Numbers granted to processes that ran before. */
  readonly counts?: Map<number, number>
}

interface Instance {
  readonly client: RedisClient
  readonly blocks: SharedBlocks
}

/** Four processes of one data centre that share segment blocks of one tag through a Redis, and every number they got. */
export class DataCentre {
  readonly list: BlockList
  readonly instances: readonly Instance[]
  /** How often each number was granted. */
  readonly #counts: Map<number, number>
  readonly #clients: readonly RedisClient[]
  readonly #store: SegmentAllocator
  readonly #exchange: BlockExchange

  constructor(stores: RealStores, list: BlockList, options: CentreOptions) {
    const { endpoints, cluster = false, ttlMs = TTL_MS, counts = new Map<number, number>() } = options
    this.list = list
    this.#counts = counts
    this.#store = stores.newStore()
    const open = () => stores.track(redisClient(endpoints, cluster, { timeoutMs: 150 }))
    const parts = (client: RedisClient) => ({
      cache: new RedisBlockCache(client),
      coordinator: stores.newCoordinator(),
      clock: new SystemClock(),
      random: new SystemRandom(),
      log: SILENT,
      ttlMs,
      deadlineMs: DEADLINE_MS,
    })
    this.instances = Array.from({ length: 4 }, () => {
      const client = open()
      return { client, blocks: new SharedBlocks({ ...parts(client), store: stores.newStore(), blocks: 8 }) }
    })
    const client = open()
    this.#exchange = new BlockExchange(parts(client))
    this.#clients = [...this.instances.map((one) => one.client), client]
  }

  get hits(): number {
    return this.instances.reduce((sum, { blocks }) => sum + blocks.hits, 0)
  }

  /** Puts `blocks` segments aside at once. */
  async stock(blocks: number): Promise<void> {
    const { tagId, dc, generation } = this.list
    const grant = await this.#store.allocate(tagId, dc, blocks * STEP, generation)
    await this.#exchange.putAside(this.list, grant, STEP)
  }

  /** All instances take `each` segments at the same time; an error of any of them fails the test. */
  async take(each: number): Promise<void> {
    const { tagId, dc, generation } = this.list
    await Promise.all(
      this.instances.map(async ({ blocks }) => {
        let last = 0
        for (let i = 0; i < each; i += 1) {
          const { lo, hi } = await blocks.allocate(tagId, dc, STEP, generation)
          assert.ok(lo >= last, 'numbers of one process only grow')
          last = hi
          for (let n = lo; n < hi; n += 1) this.#counts.set(n, (this.#counts.get(n) ?? 0) + 1)
        }
      }),
    )
  }

  async well(): Promise<void> {
    await untilWell(...this.#clients)
  }

  /** Every number was granted once, and so many were. */
  check(taken: number): void {
    const repeated = [...this.#counts].filter(([, count]) => count > 1).map(([number]) => number)
    assert.deepEqual(repeated, [], 'numbers granted more than once')
    assert.ok(this.#counts.size >= taken * STEP, `${this.#counts.size} numbers`)
  }
}
