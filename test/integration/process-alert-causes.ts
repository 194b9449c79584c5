import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { scrapedMetrics } from '../fixtures/scraped-metrics.ts'
import { authority, type SelfSigned, selfSigned } from '../fixtures/self-signed.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { until } from '../fixtures/until.ts'
import { HEADERS } from './embedded-service.ts'

/** Redis clients that the process takes at once. */
export const RESP_CONNECTIONS = 4
/** More than the ten of the rules. */
const REFUSED = 20
/** Of one client at once: four times the 25 that he may have in each of two threads. */
const MANAGED = 200
/** Twice the quarter of a second of the rule, at least every 15 s, which is as long as a reading lasts. */
const STANDSTILL_MS = 600
const STANDSTILL_EVERY_MS = 4000
const HOUR_MS = 3_600_000

interface Files {
  readonly cert: string
  readonly key: string
  /** That there is one ends a thread (thread-fault.ts). */
  readonly fault: string
}

/** Does to a real process what the alerts about processes are about. */
export class ProcessAlertCauses {
  readonly #files: Files
  readonly #sockets: Socket[] = []
  readonly #ended = new AbortController()
  #standstills: Promise<void> | undefined
  service: ServiceProcess | undefined

  constructor(files: Files) {
    this.#files = files
  }

  /** A third of its life is left. */
  async showGoodCertificate(): Promise<void> {
    await this.#show(selfSigned('good'))
  }

  /** As one that nobody renewed: ten hours are left of more than two days. */
  async showCertificateThatEnds(): Promise<void> {
    await this.#show(authority('ca').sign('ends', [], { endMs: Date.now() + 10 * HOUR_MS }))
  }

  /** It stands still again and again, as one does that others leave too little of the processor. */
  takeProcessorAway(): void {
    this.#standstills = this.#standStill()
  }

  async giveProcessorBack(): Promise<void> {
    this.#ended.abort()
    await this.#standstills
  }

  async endThread(): Promise<void> {
    await writeFile(this.#files.fault, '')
    await until('a thread that ended', async () => (await this.#counted('idgen_thread_deaths_total')) === 1)
  }

  async connectTooOften(): Promise<void> {
    const name = 'idgen_connections_refused_total{protocol="resp",reason="full"}'
    await until('connections that are refused', async () => {
      const socket = connect(this.#service.respPort ?? 0, '127.0.0.1')
      this.#sockets.push(socket)
      socket.on('error', () => {})
      await Promise.race([once(socket, 'connect'), once(socket, 'close')])
      return (await this.#counted(name)) >= REFUSED
    })
  }

  /** As a script does that lists everything at the same time. */
  async manageTooMuch(): Promise<void> {
    const name = 'idgen_thread_unpassed_total{reason="address"}'
    const list = async (): Promise<void> => {
      const answer = await fetch(`${this.#service.httpOrigin}/v1/workspaces`, { headers: HEADERS })
      await answer.arrayBuffer()
    }
    await until('management that is refused', async () => {
      await Promise.all(Array.from({ length: MANAGED }, list))
      return (await this.#counted(name)) >= REFUSED
    })
  }

  async close(): Promise<void> {
    await this.giveProcessorBack()
    for (const socket of this.#sockets) socket.destroy()
    await this.service?.stop('SIGKILL')
  }

  async #standStill(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      this.#service.pause()
      await delay(STANDSTILL_MS)
      this.#service.resume()
      await delay(STANDSTILL_EVERY_MS)
    }
  }

  /** The key first: half of a new pair is none, and the process waits for the other half. */
  async #show({ cert, key }: SelfSigned): Promise<void> {
    await writeFile(this.#files.key, key)
    await writeFile(this.#files.cert, cert)
  }

  async #counted(series: string): Promise<number> {
    return (await scrapedMetrics(this.#service)).get(series) ?? assert.fail(series)
  }

  get #service(): ServiceProcess {
    return this.service ?? assert.fail('it was not started')
  }
}
