import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { scrapedMetrics } from '../fixtures/scraped-metrics.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import type { AuditReceiver } from './audit-receiver.ts'
import { HEADERS, ids, makeTag, post } from './embedded-service.ts'

/** Of the ten of snowflake.renewEvery: late enough to leave most of the minute to the alerts, early enough to come before the renewal. */
const NEAR_SECONDS = 7
/** Records that alerts of the test are: more than half of the 500 that wait at most. */
const RECORDS = 300

/** Does to a real process with etcd what the alerts about its time are about, and what those about its audit receiver are. */
export class TimeAlertCauses {
  readonly #service: ServiceProcess
  readonly #receiver: AuditReceiver
  readonly #ended = new AbortController()
  #allocating: Promise<void> | undefined

  constructor(service: ServiceProcess, receiver: AuditReceiver) {
    this.#service = service
    this.#receiver = receiver
  }

  /** A tag that allocates again and again: only allocations ask the witness. */
  async prepare(): Promise<void> {
    const step = { base: 100, min: 100, max: 100 }
    await makeTag(this.#service, 'watched', { chain: ['segment'], step })
    await ids(this.#service, 'watched')
    this.#allocating = this.#allocate()
  }

  /**
   * Cuts when a renewal is near, so that the grant ends soon: as often as the renewal was quicker after all, what was cut is
   * mended, and the next one is waited for.
   */
  async untilRenewalIsNear(cut: () => () => void): Promise<void> {
    const age = async (): Promise<number> =>
      (await scrapedMetrics(this.#service)).get('idgen_worker_lease_age_seconds{slot="0"}') ??
      assert.fail('no worker id')
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      await until('an old renewal', async () => (await age()) >= NEAR_SECONDS)
      const mend = cut()
      if ((await age()) >= NEAR_SECONDS) return
      mend()
    }
    assert.fail('each renewal was quicker')
  }

  /** The receiver takes nothing of it, and says that it never will. */
  async recordWhatIsRefused(): Promise<void> {
    this.#receiver.always = { status: 400 }
    await this.#record(1)
    await until('refused records', async () => {
      const metrics = await scrapedMetrics(this.#service)
      return (metrics.get('idgen_audit_otlp_records_total{outcome="refused"}') ?? 0) > 0
    })
    this.#receiver.always = 'hang'
  }

  async recordMoreThanHalf(): Promise<void> {
    await this.#record(RECORDS)
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#allocating
  }

  /** Alerts, since each of them is a record. */
  async #record(count: number): Promise<void> {
    const alerts = Array.from({ length: count }, () => ({ status: 'firing', labels: { alertname: 'Many' } }))
    const body = JSON.stringify({ alerts })
    const answer = await fetch(`${this.#service.httpOrigin}/v1/audit/alerts`, {
      method: 'POST',
      headers: HEADERS,
      body,
    })
    assert.ok(answer.ok, await answer.text())
  }

  async #allocate(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await post(this.#service, '/v1/workspaces/w/groups/g/tags/watched/ids', { count: 100 }).catch(
        (thrown: unknown) => {
          // It ends with the service.
          assert.ok(thrown instanceof TypeError, String(thrown))
        },
      )
      await delay(300)
    }
  }
}

const TRIES_MAX = 5
