import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { scrapedMetrics } from '../fixtures/scraped-metrics.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { HEADERS, ids, makeTag, post } from './embedded-service.ts'

/** One connection of four waits for the lock for ten seconds, until it is given up: all others wait for a minute. */
const LOCKED_TAGS = 32
/** In all twice the 100 that IdgenRequestsWait asks for: those of tags that were given up come again a moment later. */
const CALLERS_EACH = 8
/** Of a caller who is limited: longer than between two rounds (limits.settleEvery). */
const LIMITED_EVERY_MS = 2500
/** Of 9,999 serials of the year. */
const OF_THE_DATE = 8500

/** Does to a real service what the alerts about its stores are about. */
export class StoreAlertCauses {
  readonly #service: ServiceProcess
  readonly #hand: pg.Client
  readonly #ended = new AbortController()
  readonly #callers: Promise<void>[] = []

  constructor(service: ServiceProcess, databaseUrl: string) {
    this.#service = service
    this.#hand = new pg.Client(databaseUrl)
  }

  async prepare(): Promise<void> {
    await this.#hand.connect()
    // It is ended with its database.
    this.#hand.on('error', () => {})
    const steps = { base: 100, min: 100, max: 100 }
    for (let tag = 0; tag < LOCKED_TAGS; tag += 1) {
      await makeTag(this.#service, `locked-${tag}`, { chain: ['segment'], step: steps })
      await ids(this.#service, `locked-${tag}`)
    }
    await makeTag(this.#service, 'limited', { chain: ['uuid-v4'] })
    // A year, which ends during a test more rarely than a day.
    const space = { dcCount: 1, format: { reset: 'year', width: 4 } }
    await makeTag(this.#service, 'dated', { chain: ['segment'], step: steps, space })
    // Rounds that have nothing to tell to Redis lie between those that have.
    this.#callers.push(this.#again(async () => void (await this.#asked('limited', 1)), LIMITED_EVERY_MS))
    await until('a round that was told to Redis', async () => {
      const metrics = await scrapedMetrics(this.#service)
      return (metrics.get('idgen_rate_settlements_total{outcome="settled"}') ?? 0) > 0
    })
  }

  async useNearlyAllOfTheDate(): Promise<void> {
    for (let used = 0; used < OF_THE_DATE; used += 500) await ids(this.#service, 'dated', 500)
  }

  /** As a migration by hand does it, or an index that is made without CONCURRENTLY. */
  async lockSegments(): Promise<void> {
    await this.#hand.query('BEGIN')
    await this.#hand.query('LOCK TABLE segments IN ACCESS EXCLUSIVE MODE')
  }

  /** Each asks for more than lies in memory. */
  async askForWhatIsLocked(): Promise<void> {
    for (let tag = 0; tag < LOCKED_TAGS; tag += 1)
      for (let caller = 0; caller < CALLERS_EACH; caller += 1)
        this.#callers.push(this.#again(async () => void (await this.#asked(`locked-${tag}`, 1000)), 500))
    await until('callers that wait for a connection', async () => {
      const metrics = await scrapedMetrics(this.#service)
      return (metrics.get('idgen_database_pool_waiting') ?? 0) >= LOCKED_TAGS / 2
    })
  }

  /** Alerts, since each of them is a record; they wait behind the requests for a connection. */
  async recordMoreThanHalf(): Promise<void> {
    await until('a queue that is more than half full', async () => {
      const alerts = Array.from({ length: 150 }, () => ({ status: 'firing', labels: { alertname: 'Many' } }))
      const body = JSON.stringify({ alerts })
      await fetch(`${this.#service.httpOrigin}/v1/audit/alerts`, { method: 'POST', headers: HEADERS, body })
      return ((await scrapedMetrics(this.#service)).get('idgen_audit_queued') ?? 0) > 100
    })
  }

  /** After the service has ended. */
  async close(): Promise<void> {
    this.#ended.abort()
    await Promise.allSettled(this.#callers)
    await this.#hand.end()
  }

  async #again(act: () => Promise<void>, pauseMs: number): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await act().catch((thrown: unknown) => {
        // It ends with the service.
        assert.ok(thrown instanceof TypeError, String(thrown))
      })
      await delay(pauseMs)
    }
  }

  async #asked(tag: string, count: number): Promise<number> {
    return (await post(this.#service, `/v1/workspaces/w/groups/g/tags/${tag}/ids`, { count })).status
  }
}
