import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import type { Cleanup } from './fault-folder.ts'
import { PostgresCluster } from './postgres-cluster.ts'

/**
 * PostgreSQL as an installation has it: a primary, an asynchronous streaming standby, and one address for the
 * services, which fails over.
 *
 *     services ──▶ address (proxy) ──▶ primary ──▶ replication (proxy) ──▶ standby
 *                        └─ after failOver ──────────────────────────────────▲
 */
export class PostgresPair {
  /** Where services connect: spoil it to cut the network, it follows a failover. */
  readonly address: TcpProxy
  readonly #folder: string
  readonly #replication: TcpProxy
  #primary: PostgresCluster
  #standby: PostgresCluster | undefined
  #backups = 0

  private constructor(
    folder: string,
    primary: PostgresCluster,
    proxies: { address: TcpProxy; replication: TcpProxy },
  ) {
    this.#folder = folder
    this.#primary = primary
    this.address = proxies.address
    this.#replication = proxies.replication
  }

  /** A running primary without a standby, stopped after the test. */
  static async start(t: Cleanup, folder: string): Promise<PostgresPair> {
    const primary = await PostgresCluster.create(folder, 'primary')
    const target = { host: '127.0.0.1', port: primary.port }
    const proxies = {
      address: await TcpProxy.start(target),
      replication: await TcpProxy.start(target),
    }
    const pair = new PostgresPair(folder, primary, proxies)
    t.after(() => pair.close())
    await primary.start()
    return pair
  }

  /** For services. */
  get url(): string {
    return this.address.through(this.#primary.url)
  }

  get primary(): PostgresCluster {
    return this.#primary
  }

  /** A standby out of a base backup, streaming when this resolves. */
  async addStandby(): Promise<void> {
    const copy = await this.backup()
    await this.#primary.addFile(copy, 'standby.signal', '')
    const standby = await PostgresCluster.fromCopy(copy, this.#folder, `standby-${this.#backups}`)
    this.#standby = standby
    const upstream = `host=127.0.0.1 port=${this.#replication.port} user=idgen application_name=standby`
    await standby.start({ primary_conninfo: upstream, wal_retrieve_retry_interval: '200ms' })
    await this.#untilCaughtUp()
  }

  /** From now on the standby receives nothing, and the primary commits without it: replication is asynchronous. */
  loseCommits(): void {
    this.#replication.set('drop', 'to-client')
  }

  /** Kills the primary, promotes the standby and leads the address to it. */
  async failOver(): Promise<void> {
    const standby = this.#standby
    if (standby === undefined) throw new Error('addStandby first')
    await this.#primary.kill()
    await standby.ask((client) => client.query('SELECT pg_promote(true, 30)'))
    this.#lead(standby)
    this.#standby = undefined
  }

  /** A base backup of now; returns its folder. */
  async backup(): Promise<string> {
    this.#backups += 1
    const copy = join(this.#folder, `backup-${this.#backups}`)
    await this.#primary.copyTo(copy)
    return copy
  }

  /**
   * Puts an older base backup in the place of the primary, which is killed: the same system identifier. `same`: its
   * files are simply started, and crash recovery keeps the timeline. `new`: recovered as point-in-time recovery does
   * it, which begins a timeline.
   */
  async restore(copy: string, timeline: 'same' | 'new'): Promise<void> {
    await this.#primary.kill()
    const restored = await PostgresCluster.fromCopy(copy, this.#folder, `restored-${this.#backups}`)
    this.#backups += 1
    if (timeline === 'new') {
      await restored.addFile(restored.data, 'recovery.signal', '')
      await restored.start({ restore_command: 'false', recovery_target_action: 'promote' })
      await this.#untilWritable(restored)
    } else await restored.start()
    const before = this.#primary
    this.#lead(restored)
    await rm(before.data, { recursive: true, force: true })
  }

  /** Kills the primary and starts it again on its own files. */
  async killAndStart(): Promise<void> {
    await this.#primary.kill()
    await this.#primary.start()
  }

  async close(): Promise<void> {
    this.#primary.thaw()
    await Promise.all([this.#primary.kill(), this.#standby?.kill()])
    await Promise.all([this.address.close(), this.#replication.close()])
  }

  #lead(cluster: PostgresCluster): void {
    this.#primary = cluster
    const target = { host: '127.0.0.1', port: cluster.port }
    for (const proxy of [this.address, this.#replication]) proxy.point(target)
    this.#replication.set('pass')
    // What still hangs on the old primary has no server any more; it must not wait for its keepalive.
    this.address.reset()
  }

  async #untilCaughtUp(): Promise<void> {
    await this.#poll(this.#primary, "SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'")
  }

  async #untilWritable(cluster: PostgresCluster): Promise<void> {
    await this.#poll(cluster, 'SELECT 1 WHERE NOT pg_is_in_recovery()')
  }

  async #poll(cluster: PostgresCluster, question: string): Promise<void> {
    await cluster.ask(async (client) => {
      for (let attempt = 0; attempt < POLLS_MAX; attempt += 1) {
        if ((await client.query(question)).rowCount === 1) return
        await client.query(`SELECT pg_sleep(${POLL_S})`)
      }
      throw new Error(`never true: ${question}`)
    })
  }
}

const POLL_S = 0.05
/** Half a minute; a second is what it takes. */
const POLLS_MAX = 600
