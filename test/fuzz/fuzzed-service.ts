import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { TestContext } from 'node:test'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { RespLoad } from '../fixtures/resp-load.ts'
import { portOf, RespService } from '../fixtures/resp-service.ts'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { Prng } from '../simulation/world/prng.ts'
import { FUZZ_MS, IS_LONG, SEED, SHORT_CASES } from './fuzz-form.ts'

/** A real service under bad input, with polite clients beside whose every ID is counted. */
export class FuzzedService {
  readonly service: ServiceProcess
  readonly key: string
  readonly issued = new IssuedIds()
  readonly #polite: RespLoad

  private constructor(service: ServiceProcess, key: string) {
    this.service = service
    this.key = key
    this.#polite = new RespLoad({
      port: portOf(service),
      tags: ['orders', 'uuids'],
      key,
      issued: this.issued,
      issuer: 'the service',
      connections: 2,
    })
  }

  static async start(t: TestContext): Promise<FuzzedService> {
    // One thread beside the main one: what a connection does to it is seen by all.
    const { world, service } = await RespService.start(t, {
      IDGEN_SERVER_THREADS: '1',
      // A database that got no CPU for a second is refused as it should be, and no fault of what was sent.
      IDGEN_SEGMENT_REFILL_DEADLINE: '60s',
      IDGEN_SERVER_GENERATE_DEADLINE: '60s',
    })
    const fuzzed = new FuzzedService(service, world.key)
    // Whatever a case finds: they would go on asking, and the test would never end.
    t.after(() => fuzzed.#polite.stop())
    await fuzzed.#polite.start()
    return fuzzed
  }

  /**
   * One case after the other, each from a seed of its own, as long as the form says; then everything that has to hold of
   * the service. Returns how many there were. @throws naming the seed that replays the case
   */
  async tryCases(oneCase: (chance: Prng) => Promise<void>): Promise<number> {
    const beforeMb = await this.#residentMb()
    const startMs = performance.now()
    let cases = 0
    const goesOn = (): boolean => (IS_LONG ? performance.now() - startMs < FUZZ_MS : cases < SHORT_CASES)
    for (; goesOn(); cases += 1) {
      const seed = SEED + cases
      try {
        await oneCase(new Prng(seed))
        this.#refuseFaults()
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed} replays this`, { cause: error })
      }
    }
    await this.#verify(beforeMb)
    return cases
  }

  async #verify(beforeMb: number): Promise<void> {
    await this.#polite.stop()
    assert.equal(this.#polite.errors, 0, [...this.#polite.codes].join())
    assert.ok(this.#polite.answers > 100, `polite clients had ${this.#polite.answers} answers only`)
    this.issued.verify()
    this.#refuseFaults()
    const afterMb = await this.#residentMb()
    assert.ok(afterMb - beforeMb < GROWTH_MAX_MB, `${beforeMb} MB before, ${afterMb} MB after`)
    assert.equal(await this.service.stop('SIGTERM'), 0)
  }

  /** A fault of ours is logged as an error, and a crash ends the process. */
  #refuseFaults(): void {
    const errors = this.service.log.filter(({ level }) => level === 'error' || level === 'fatal')
    assert.deepEqual(errors, [])
    assert.ok(
      this.service.log.every(({ text }) => text === undefined),
      'it wrote what is no log',
    )
  }

  /** 0 where the system does not say. */
  async #residentMb(): Promise<number> {
    const status = await readFile(`/proc/${this.service.pid}/status`, 'utf8').catch(() => '')
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
  }
}

/** What V8 leaves lying between two collections of a heap under load; a leak of a kilobyte a case is more in minutes. */
const GROWTH_MAX_MB = 150
