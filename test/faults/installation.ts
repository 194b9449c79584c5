import type { TestContext } from 'node:test'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { type EtcdCluster, testEtcd } from '../integration/etcd-server.ts'
import { RedisProcess } from '../integration/redis-process.ts'
import { type Cleanup, faultFolder, smallDisk } from './fault-folder.ts'
import { PostgresPair } from './postgres-pair.ts'
import { ServiceNetwork, type Store } from './service-network.ts'
import { leaveWorkerIds } from './worker-ids.ts'

export interface InstallationOptions {
  /** The data centre of each service; default two services in data centre 0 and one in 1. */
  readonly dcs?: readonly number[]
  /** Default 1. */
  readonly etcdMembers?: 0 | 1 | 3
  /** Size of a file system for PostgreSQL alone; default: it shares the disk of everybody. */
  readonly diskMegabytes?: number
  /** How many worker ids there are in data centre 0; default: all 256. Needs etcd. */
  readonly workerIds?: number
  /** Of every service, above what is set here. */
  readonly environment?: Readonly<Record<string, string>>
  /** What a single service has besides; `folder` is this installation's own. */
  readonly environmentOf?: (index: number, folder: string) => Readonly<Record<string, string>>
}

/**
 * Real servers and real services, each service with a network of its own to every store:
 *
 *     services ──▶ network (proxies) ──▶ PostgreSQL (with a standby where asked for), etcd, Redis
 */
export class Installation {
  readonly dcs: readonly number[]
  readonly folder: string
  readonly postgres: PostgresPair
  /** undefined: PostgreSQL grants time, and lost commits are outside the promise. */
  readonly etcd: EtcdCluster | undefined
  readonly redis: RedisProcess
  readonly networks: readonly ServiceNetwork[]
  /** Changes when one is started again; index as in `dcs`. */
  readonly services: ServiceProcess[] = []
  /** Those that were ended on purpose: anybody else who ends has crashed. */
  readonly ended = new Set<ServiceProcess>()
  /** Every process there was. */
  readonly launched: ServiceProcess[] = []
  readonly #options: InstallationOptions

  private constructor(
    options: InstallationOptions,
    stores: Pick<Installation, 'folder' | 'postgres' | 'etcd' | 'redis'>,
    networks: readonly ServiceNetwork[],
  ) {
    this.#options = options
    this.dcs = options.dcs ?? [0, 0, 1]
    this.folder = stores.folder
    this.postgres = stores.postgres
    this.etcd = stores.etcd
    this.redis = stores.redis
    this.networks = networks
  }

  /** Everything is up when this resolves, and ends with the test. */
  static async start(test: TestContext, options: InstallationOptions = {}): Promise<Installation> {
    const ending = new AsyncDisposableStack()
    test.after(() => ending.disposeAsync())
    const t: Cleanup = { after: (fn) => ending.defer(async () => void (await fn())) }
    const folder = await faultFolder(t)
    const { diskMegabytes, dcs = [0, 0, 1], etcdMembers = 1 } = options
    if (diskMegabytes !== undefined && !smallDisk(t, folder, diskMegabytes))
      throw new CannotMount('this user may not mount a tmpfs')
    const postgres = await PostgresPair.start(t, folder)
    const etcd = etcdMembers === 0 ? undefined : await testEtcd({ members: etcdMembers })
    if (etcd !== undefined) t.after(() => etcd.close())
    if (options.workerIds !== undefined) await leaveWorkerIds(etcd, 0, options.workerIds)
    const redis = await RedisProcess.start(false)
    t.after(() => redis.kill())
    const urls = { postgres: postgres.url, etcd: etcd?.endpoints ?? [], redis: redis.url }
    const networks = await Promise.all(dcs.map(() => ServiceNetwork.start(urls)))
    t.after(() => Promise.all(networks.map((network) => network.close())))
    const made = new Installation(options, { folder, postgres, etcd, redis }, networks)
    t.after(() => made.#killAll())
    const begin = async (index: number): Promise<void> => {
      made.services[index] = await made.launch(index)
    }
    // The first migrates the database; the others find it ready, which is what a rollout does.
    const [first = 0, ...others] = dcs.keys()
    await begin(first)
    await Promise.all(others.map(begin))
    return made
  }

  /** One more process in the place of `index`, which is not put into `services`. */
  async launch(index: number): Promise<ServiceProcess> {
    const environment = {
      ...SERVICE_ENVIRONMENT,
      ...this.networks[index]?.environment(),
      IDGEN_DATACENTER_ID: String(this.dcs[index]),
      IDGEN_SERVER_NODE_NAME: `service-${index}`,
      ...this.#options.environment,
      ...this.#options.environmentOf?.(index, this.folder),
    }
    const service = await startService(environment)
    this.launched.push(service)
    return service
  }

  service(index: number): ServiceProcess {
    const service = this.services[index]
    if (service === undefined) throw new Error(`there is no service ${index}`)
    return service
  }

  network(index: number): ServiceNetwork {
    const network = this.networks[index]
    if (network === undefined) throw new Error(`there is no network ${index}`)
    return network
  }

  /** Cuts or heals the network of every service to one store. */
  setAll(store: Store, mode: 'pass' | 'hold' | 'drop'): void {
    for (const network of this.networks) network.set(store, mode)
  }

  /** Ends a service on purpose. */
  async end(service: ServiceProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.ended.add(service)
    await service.stop(signal)
  }

  /** Processes that ended though nobody ended them, with the last they said. */
  async crashed(): Promise<string[]> {
    const states = await Promise.all(
      this.launched
        .filter((service) => !this.ended.has(service))
        .map(async (service) => {
          const code = await Promise.race([service.exited, Promise.resolve('running' as const)])
          if (code === 'running') return undefined
          const words = service.log.slice(-5).map((line) => JSON.stringify(line))
          return `process ${service.pid} ended by itself (exit code ${code}):\n${words.join('\n')}`
        }),
    )
    return states.filter((state) => state !== undefined)
  }

  async #killAll(): Promise<void> {
    await Promise.all(this.launched.map((service) => this.end(service, 'SIGKILL')))
  }
}

/** Only root may mount; the scenario is skipped with this as its reason. */
export class CannotMount extends Error {}

export const ADMIN_KEY = 'faults-admin-key'

const SERVICE_ENVIRONMENT = {
  IDGEN_AUTH_ADMIN_KEY: ADMIN_KEY,
  IDGEN_DATABASE_POOL_MAX: '10',
  IDGEN_DATABASE_POOL_MIN: '1',
  IDGEN_SERVER_RESP_ENABLED: 'true',
  // With Redis clients the default is a thread for each processor, of each of several services here.
  IDGEN_SERVER_THREADS: '1',
} as const
