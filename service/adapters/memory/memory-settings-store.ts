import { IdgenError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SettingsEntry, SettingsStore } from '../../ports/settings-store.ts'

/** Shared by all that are handed the same one. */
export class MemorySettingsStore implements SettingsStore {
  /** Nobody can reach the store now. */
  isAway = false
  readonly #clock: Clock
  readonly #entries = new Map<number, Omit<SettingsEntry, 'ageMs'> & { readonly atMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async find(dc: number): Promise<SettingsEntry | undefined> {
    this.#enter()
    const entry = this.#entries.get(dc)
    if (entry === undefined) return undefined
    const { atMs, ...rest } = entry
    return { ...rest, ageMs: this.#clock.nowMs() - atMs }
  }

  async replace(
    dc: number,
    version: number,
    { settings, owed }: Pick<SettingsEntry, 'settings' | 'owed'>,
  ): Promise<boolean> {
    this.#enter()
    if ((this.#entries.get(dc)?.version ?? 0) !== version) return false
    this.#entries.set(dc, { version: version + 1, settings, owed, atMs: this.#clock.nowMs() })
    return true
  }

  #enter(): void {
    if (this.isAway) throw new IdgenError('IDGEN_STORE_UNAVAILABLE', 'The database cannot be reached.')
  }
}
