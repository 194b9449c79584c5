import { IdgenError } from '../core/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyUseStore } from '../ports/key-use-store.ts'
import type { Log } from '../ports/log.ts'
import type { Authenticator } from './authenticator.ts'
import { Repeat } from './repeat.ts'

export interface KeyUsageOptions {
  readonly store: KeyUseStore
  readonly authenticator: Pick<Authenticator, 'takeUses'>
  readonly clock: Clock
  readonly log: Log
}

/** Writes down when keys were last used: once a minute all of them together, so that no call waits for it. */
export class KeyUsage {
  readonly #options: KeyUsageOptions
  readonly #repeat: Repeat
  /** What could not be written yet. */
  #waiting = new Map<string, Date>()

  constructor(options: KeyUsageOptions) {
    this.#options = options
    this.#repeat = new Repeat(options.clock, WRITE_EVERY_MS, () => this.write())
  }

  start(): void {
    this.#repeat.start()
  }

  /** Writes what is left, with one try. */
  async stop(): Promise<void> {
    await this.#repeat.stop()
    await this.write()
  }

  /** Never rejects; what failed is written the next time. */
  async write(): Promise<void> {
    const { authenticator, store, log } = this.#options
    for (const [id, usedMs] of authenticator.takeUses())
      if (KEY_ID.test(id) && (this.#waiting.has(id) || this.#waiting.size < WAITING_MAX))
        this.#waiting.set(id, new Date(usedMs))
    if (this.#waiting.size === 0) return
    try {
      await store.note(this.#waiting)
      this.#waiting = new Map()
    } catch (thrown) {
      log.debug(
        { keys: this.#waiting.size, why: IdgenError.from(thrown).message },
        'last uses of keys not written',
      )
    }
  }
}

const WRITE_EVERY_MS = 60_000
/** While the database is away: 10 MB at most, and the rest is only told later. */
const WAITING_MAX = 100_000
/** Not the admin key, nor everybody. */
const KEY_ID = /^[a-z0-9]{12}$/
