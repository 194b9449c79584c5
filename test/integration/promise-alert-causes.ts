import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { EtcdCoordinator } from '../../service/adapters/etcd/etcd-coordinator.ts'
import { rangeKey, workersOf } from '../../service/core/coordination-keys.ts'
import { RespCalls } from '../fixtures/resp-calls.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { until } from '../fixtures/until.ts'
import { HEADERS, KEY, makeTag, post } from './embedded-service.ts'

const LAUNCHER = fileURLToPath(new URL('../../bin/idgen', import.meta.url))
const YEAR_MS = 365 * 86_400_000
/** All numbers of the tag that comes to its end. */
const SHORT = 20_000

interface Stores {
  /** Past the proxy: what is done by hand is done there. */
  readonly databaseUrl: string
  readonly etcdEndpoints: readonly string[]
  readonly etcdPrefix: string
}

/** Does to a real service with etcd what the alerts about its promise, its stores and its numbers are about. */
export class PromiseAlertCauses {
  readonly #service: ServiceProcess
  readonly #stores: Stores
  readonly #calls = new RespCalls(KEY, 30_000)
  readonly #hand: EtcdCoordinator

  constructor(service: ServiceProcess, stores: Stores) {
    this.#service = service
    this.#stores = stores
    const { etcdEndpoints: endpoints, etcdPrefix: prefix } = stores
    this.#hand = new EtcdCoordinator({ endpoints, prefix, timeoutMs: 5000, log: SILENT })
  }

  async prepare(): Promise<void> {
    const segments = { chain: ['segment'], step: { base: 1000, min: 1000, max: 1000 } }
    await makeTag(this.#service, 'restored', segments)
    await this.#ask('restored', 1)
    await this.#sql('CREATE TABLE backup AS SELECT * FROM segments')
    // More than what the witness takes for a segment that was burnt.
    await this.#ask('restored', 5000)
    for (const name of ['claimed', 'blind', 'busy']) {
      await makeTag(this.#service, name, segments)
      await this.#ask(name, 1)
    }
    await makeTag(this.#service, 'stamped', { chain: ['snowflake'] })
    await this.#ask('stamped', 1)
  }

  /** A tag with a layout of its own that ends in two years. */
  async makeLayoutThatEnds(): Promise<void> {
    const timeBits = 40
    const epochMs = Date.now() + 2 * YEAR_MS - 2 ** timeBits
    const space = { format: { snowflake: { epochMs, timeBits, sequenceBits: 10 } } }
    await makeTag(this.#service, 'ending', { chain: ['snowflake'], space })
    await this.#ask('ending', 1)
  }

  async useNearlyAllNumbers(): Promise<void> {
    const space = { startAt: 2 ** 53 - SHORT, cellSize: SHORT, dcCount: 1 }
    await makeTag(this.#service, 'short', {
      chain: ['segment'],
      step: { base: 1000, min: 1000, max: 1000 },
      space,
    })
    for (let times = 0; times < 10; times += 1) await this.#ask('short', (0.96 * SHORT) / 10)
  }

  async askOften(requests: number): Promise<void> {
    await this.#calls.ask(this.#service.respPort ?? 0, 'w/g/busy', requests, false)
  }

  /** By hand, as nobody should: the process finds at its next renewal that its worker id is not its own any more. */
  async takeWorkerIdAway(): Promise<void> {
    const { entries } = await this.#hand.list(workersOf(0))
    assert.ok(entries.length > 0)
    const change = entries.map(({ key }) => ({ delete: key }))
    await this.#hand.transact({ compare: [], change })
    await until('the loss', () => this.#counted('idgen_worker_events_total{event="lost"}'))
    await until('another worker id', async () => (await this.#answer('stamped')).status === 200)
  }

  async stampUntilRefused(): Promise<void> {
    await until('a refused stamp', async () => {
      await this.#answer('stamped')
      return await this.#counted('idgen_snowflake_rollbacks_total{level="refused"}')
    })
  }

  async restoreBackup(): Promise<void> {
    await this.#sql(`UPDATE segments s SET next_value = b.next_value, ceiling = b.ceiling FROM backup b
      WHERE s.tag_id = b.tag_id AND s.dc = b.dc`)
    await until('numbers that are skipped', async () => {
      await this.#ask('restored', 1000)
      return await this.#counted('idgen_database_history_changes_total{kind="regressed"}')
    })
  }

  /** What another database would have written that has a tag of the same name. */
  async claimNameElsewhere(): Promise<void> {
    const key = rangeKey('w/g/claimed')
    const { value = '' } = (await this.#hand.get(key)) ?? {}
    const other = value.replace('"startAt":1,', '"startAt":2,')
    assert.notEqual(other, value)
    await this.#hand.transact({ compare: [], change: [{ put: key, value: other }] })
  }

  /** Allocations that nobody watches over. */
  async allocateBlindly(): Promise<void> {
    await until('a blind grant', async () => {
      await this.#answer('blind', 5000)
      return await this.#counted('idgen_segment_grants_total{witness="blind"}')
    })
  }

  /** Alerts, since each of them is a record; without the database they wait until the queue is full. */
  async recordMoreThanFits(): Promise<void> {
    await until('a full queue', async () => {
      const alerts = Array.from({ length: 400 }, () => ({ status: 'firing', labels: { alertname: 'Many' } }))
      const body = JSON.stringify({ alerts })
      await fetch(`${this.#service.httpOrigin}/v1/audit/alerts`, { method: 'POST', headers: HEADERS, body })
      return await this.#counted('idgen_audit_dropped_total')
    })
  }

  async close(): Promise<void> {
    this.#calls.close()
    await this.#hand.close()
  }

  async #counted(series: string): Promise<boolean> {
    const text = await (await fetch(`${this.#service.metricsOrigin}/metrics`)).text()
    const line = text.split('\n').find((one) => one.startsWith(`${series} `))
    assert.ok(line !== undefined, series)
    return Number(line.slice(series.length)) > 0
  }

  async #sql(text: string): Promise<void> {
    const client = new pg.Client(this.#stores.databaseUrl)
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }

  async #ask(tag: string, count: number): Promise<void> {
    const { status, body } = await this.#answer(tag, count)
    assert.equal(status, 200, JSON.stringify(body))
  }

  #answer(tag: string, count = 1): ReturnType<typeof post> {
    return post(this.#service, `/v1/workspaces/w/groups/g/tags/${tag}/ids`, { count })
  }
}

/** One command of the CLI. @throws when it fails */
export async function idgen(args: readonly string[], environment: Record<string, string>): Promise<void> {
  const env = { ...process.env, ...environment }
  await promisify(execFile)(LAUNCHER, [...args], { env, timeout: 60_000 })
}
