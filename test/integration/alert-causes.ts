import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { RespCalls } from '../fixtures/resp-calls.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { KEY, makeTag, post } from './embedded-service.ts'

/** A second of what is asked for on an ordinary day. */
export const ORDINARY_PER_SECOND = 100

/** Does to a real service what the alerts of are about. */
export class AlertCauses {
  readonly #service: ServiceProcess
  readonly #calls = new RespCalls(KEY, 30_000)
  #ordinary: Promise<void> | undefined
  #failing: Promise<void> | undefined
  #ordinaryEnds = false
  #failingEnds = false

  constructor(service: ServiceProcess) {
    this.#service = service
  }

  async prepare(): Promise<void> {
    const fixed = (numbers: number): object => ({ base: numbers, min: numbers, max: numbers })
    const tags = {
      ordinary: { chain: ['segment'], step: fixed(100_000) },
      slow: { chain: ['segment'], step: fixed(100) },
      failing: { chain: ['segment'], step: fixed(100) },
      moving: { chain: ['segment', 'uuid-v7'], step: fixed(100) },
      short: { chain: ['segment'], step: fixed(1000) },
    }
    for (const [name, settings] of Object.entries(tags)) {
      await makeTag(this.#service, name, settings)
      await this.#ask(name, 1)
    }
  }

  /** Ordinary calls, until `callersLeave`; the first seconds of a day are made up for at once. */
  async callersCome(madeUpForSeconds: number): Promise<void> {
    // One second's worth after the other: all at once would keep the thread busy for longer than an ordinary caller waits.
    for (let second = 0; second < madeUpForSeconds; second += 1)
      await this.#ordinaryCalls(ORDINARY_PER_SECOND)
    this.#ordinary = this.#eachSecond(
      () => this.#ordinaryEnds,
      () => this.#ordinaryCalls(ORDINARY_PER_SECOND),
    )
  }

  async callersLeave(): Promise<void> {
    this.#ordinaryEnds = true
    await this.#ordinary
  }

  /** Each of these waits for twenty allocations, one after the other. */
  async askForWhatTakesLong(): Promise<void> {
    for (let round = 0; round < 15; round += 1)
      await Promise.all(Array.from({ length: 10 }, () => this.#ask('slow', 2000)))
  }

  /** Without its database the service has nothing to answer these with. */
  askForWhatFails(): void {
    this.#failing = this.#eachSecond(
      () => this.#failingEnds,
      async () => {
        for (let times = 0; times < 10; times += 1)
          assert.equal((await this.#answer('failing', 1000)).status, 503)
      },
    )
  }

  async stopFailing(): Promise<void> {
    this.#failingEnds = true
    await this.#failing
  }

  /** A tag that has no numbers left goes on with the next algorithm of its chain. */
  async drain(): Promise<void> {
    await this.#ask('moving', 1000)
  }

  /** Takes all but a twentieth of a segment of what is in memory. */
  async leaveLittle(): Promise<void> {
    const text = await (await fetch(`${this.#service.metricsOrigin}/metrics`)).text()
    const left = 1000 * Number(/^idgen_segment_left_ratio\{tag="w\/g\/short"\} (.*)$/m.exec(text)?.[1])
    await this.#ask('short', Math.round(left) - 50)
  }

  async close(): Promise<void> {
    this.#ordinaryEnds = true
    this.#failingEnds = true
    await Promise.allSettled([this.#ordinary, this.#failing])
    this.#calls.close()
  }

  async #ordinaryCalls(count: number): Promise<void> {
    await this.#calls.ask(this.#respPort, 'w/g/ordinary', count, false)
  }

  async #eachSecond(ended: () => boolean, act: () => Promise<void>): Promise<void> {
    while (!ended()) {
      await act()
      await delay(1000)
    }
  }

  async #ask(tag: string, count: number): Promise<void> {
    const { status, body } = await this.#answer(tag, count)
    assert.equal(status, 200, JSON.stringify(body))
  }

  #answer(tag: string, count: number): ReturnType<typeof post> {
    return post(this.#service, `/v1/workspaces/w/groups/g/tags/${tag}/ids`, { count })
  }

  get #respPort(): number {
    return this.#service.respPort ?? 0
  }
}
