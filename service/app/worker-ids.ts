import type { Trouble } from './readiness.ts'
import type { TimeGrantKeeper } from './time-grant-keeper.ts'

/** Of one worker id, milliseconds: as grantLeftMs, grantAgeMs and renewalLateMs of TimeGrantKeeper. */
export interface GrantTimes {
  readonly leftMs: number
  readonly ageMs: number | undefined
  readonly lateMs: number | undefined
}

/**
 * The worker ids of this process (server.workerIds), each with a keeper and a cursor of its own. One that is lost is
 * asked for again by its keeper; the others stamp on meanwhile (core/joined-cursors.ts).
 */
export class WorkerIds {
  readonly #keepers: readonly TimeGrantKeeper[]

  /** `keepers`: at least one. */
  constructor(keepers: readonly TimeGrantKeeper[]) {
    this.#keepers = keepers
  }

  /** In the order of the keepers; undefined: not held now. */
  get held(): readonly (number | undefined)[] {
    return this.#keepers.map(({ worker }) => worker)
  }

  /** Why each has no usable grant, or undefined: a renewal that failed is no such reason while the grant lasts. */
  get faults(): readonly (string | undefined)[] {
    return this.#keepers.map(({ fault }) => fault)
  }

  /** Of each, milliseconds; for metrics. */
  get grants(): readonly GrantTimes[] {
    return this.#keepers.map(({ grantLeftMs, grantAgeMs, renewalLateMs }) => ({
      leftMs: grantLeftMs,
      ageMs: grantAgeMs,
      lateMs: renewalLateMs,
    }))
  }

  /** As TimeGrantKeeper.clockAheadMs, of the keeper that is furthest off. */
  get clockAheadMs(): number | undefined {
    const compared = this.#keepers.map(({ clockAheadMs }) => clockAheadMs).filter((ms) => ms !== undefined)
    return compared.toSorted((a, b) => Math.abs(b) - Math.abs(a))[0]
  }

  /** What people should know of them: without all of them there are no snowflakes, without some fewer, and one that is not renewed ends. */
  troubles(): readonly Trouble[] {
    const faults = this.faults.filter((fault) => fault !== undefined)
    const [why] = faults
    if (why === undefined) return this.#unrenewed()
    const wanted = this.#keepers.length
    if (faults.length === wanted) return [{ what: 'snowflake', why }]
    const usable = wanted - faults.length
    return [{ what: 'snowflake', why: `only ${usable} of ${wanted} worker ids stamp: ${why}` }]
  }

  #unrenewed(): readonly Trouble[] {
    const why = this.#keepers.map(({ renewalFault }) => renewalFault).find((fault) => fault !== undefined)
    return why === undefined ? [] : [{ what: 'time grant', why: `it is not renewed: ${why}` }]
  }

  /** As TimeGrantKeeper.start; side by side, as stores give two that ask at once two different ids. */
  async start(): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.start()))
  }

  /** As TimeGrantKeeper.extendNow, of those that cannot stamp; of all where that is none. */
  async extendNow(): Promise<void> {
    const short = this.#keepers.filter(({ fault }) => fault !== undefined)
    const asked = short.length > 0 ? short : this.#keepers
    await Promise.all(asked.map((keeper) => keeper.extendNow()))
  }

  /** As TimeGrantKeeper.stop. */
  async stop(quiet?: Promise<void>): Promise<void> {
    await Promise.all(this.#keepers.map((keeper) => keeper.stop(quiet)))
  }
}
