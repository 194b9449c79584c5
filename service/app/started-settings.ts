import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { KeptSetting, KeptSettings, SettingsStore } from '../ports/settings-store.ts'
import type { AuditTrail } from './audit-trail.ts'
import { withinDeadline } from './deadline.ts'

export interface StartedSettingsOptions {
  readonly store: SettingsStore
  readonly audit: Pick<AuditTrail, 'record' | 'flush'>
  readonly clock: Clock
  readonly log: Log
  readonly dc: number
  /** What a key holds that the process before did not know. */
  readonly defaults: KeptSettings
}

/**
 * Compares what a process starts with with what its data centre was last started with, and puts the difference into
 * the audit log: once, by the first of many that start with it (docs/decisions/0044).
 */
export class StartedSettings {
  readonly #options: StartedSettingsOptions

  constructor(options: StartedSettingsOptions) {
    this.#options = options
  }

  /** Never rejects, and ends in time: that the start could not be compared keeps nobody from IDs. */
  async begin(settings: KeptSettings): Promise<void> {
    const { clock, log } = this.#options
    const compared = this.#unlessAway(() => this.#compare(settings))
    await withinDeadline(clock, BEGIN_MAX_MS, 'the settings of the last start', compared).catch(
      (late: unknown) => log.warn({ why: String(late) }, NOT_COMPARED),
    )
  }

  /** Settings that came into force, and onto record, while the process runs: no change for the next start. */
  async keep(changed: KeptSettings): Promise<void> {
    await this.#unlessAway(async () => {
      const { store, dc } = this.#options
      const found = await store.find(dc)
      if (found === undefined || this.#differing(found.settings, changed).length === 0) return true
      const next = { settings: { ...found.settings, ...changed }, owed: found.owed }
      return await store.replace(dc, found.version, next)
    })
  }

  /** @returns false: another process was first with a write, and it must be looked again */
  async #compare(settings: KeptSettings): Promise<boolean> {
    const { store, dc, audit } = this.#options
    const found = await store.find(dc)
    const last = found?.settings ?? {}
    const isOther = found === undefined || this.#differing(last, settings).length > 0
    // Whoever wrote it has had its time to put it on record and to say so: it has ended meanwhile.
    const isDue = found?.owed !== undefined && found.ageMs > OWED_MAX_MS
    if (!isOther && !isDue) return true
    // What is owed is put on record here too, however young: another start that ends early must find the oldest of it.
    const before = found?.owed ?? last
    // Keys that only a later version knows stay: its next process would take their absence for a change.
    const next = { ...last, ...settings }
    const version = found?.version ?? 0
    if (!(await store.replace(dc, version, { settings: next, owed: before }))) return false
    const values = {
      // What went and came back: the way there may be on record, so the way back has to be.
      ...this.#steps(last, settings),
      ...this.#steps(before, settings),
    }
    if (Object.keys(before).length === 0)
      audit.record({ actor: 'start', action: 'settings.begin', subject: 'settings', detail: { values } })
    else if (Object.keys(values).length > 0)
      audit.record({
        actor: 'start',
        action: 'settings.change',
        subject: 'settings',
        detail: { values, needsRestart: [] },
      })
    if (await audit.flush()) await this.#settle(version + 1, next)
    return true
  }

  /** `recorded` is on record. Who wrote since `version` has put more there or owes it, but only from there on. */
  async #settle(version: number, recorded: KeptSettings): Promise<void> {
    const { store, dc } = this.#options
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const found = await store.find(dc)
      if (found?.owed === undefined) return
      const isAll = found.version === version || this.#differing(recorded, found.settings).length === 0
      const next = { settings: found.settings, owed: isAll ? undefined : recorded }
      if (await store.replace(dc, found.version, next)) return
    }
  }

  #steps(before: KeptSettings, settings: KeptSettings): Record<string, unknown> {
    const paths = this.#differing(before, settings)
    return Object.fromEntries(paths.map((path) => [path, this.#step(path, before, settings)]))
  }

  #step(
    path: string,
    before: KeptSettings,
    settings: KeptSettings,
  ): Record<'before' | 'after', KeptSetting['shown'] | undefined> {
    const { defaults } = this.#options
    return { before: (before[path] ?? defaults[path])?.shown, after: settings[path]?.shown }
  }

  #differing(before: KeptSettings, after: KeptSettings): string[] {
    // Another key makes other marks of the same secrets.
    const comparable = before[MARKING_KEY]?.mark === (after[MARKING_KEY] ?? before[MARKING_KEY])?.mark
    return Object.keys(after).filter((path) => {
      const [was, is] = [before[path] ?? this.#options.defaults[path], after[path]]
      if (was?.shown !== is?.shown) return true
      return (comparable || path === MARKING_KEY) && was?.mark !== is?.mark
    })
  }

  async #unlessAway(attempt: () => Promise<boolean>): Promise<void> {
    const { log } = this.#options
    try {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) if (await attempt()) return
      log.warn({ why: 'too many processes write them' }, NOT_COMPARED)
    } catch (thrown) {
      log.warn({ why: String(thrown) }, NOT_COMPARED)
    }
  }
}

const NOT_COMPARED = 'settings could not be compared with those of the last start'
/** Its mark shows whether marks were made with the same key. */
const MARKING_KEY = 'audit.key'
/** Far above what a database that answers takes; listeners wait for it. */
export const BEGIN_MAX_MS = 5000
/** A flush takes a second at most while the database answers; after a minute whoever owes it has ended. */
export const OWED_MAX_MS = 60_000
/** Each try is lost to one that won: with as many processes that start at one moment the last one sees no difference. */
const TRIES_MAX = 20
