import type { TimeAuthority } from '../../ports/time-copy-store.ts'

/** As the table worker_times has it. */
export interface WorkerTimeRow {
  nonce: string | undefined
  revision: number
  untilMs: number
  /** untilMs as the hold found it: no release may go below. */
  heldFromMs: number
  leaseUntilMs: number
  holder: string
  /** The hold that wrote untilMs, where etcd grants time and this row is the copy. */
  copyNonce: string
}

interface DataCentre {
  readonly authority: TimeAuthority
  /** How often the authority was moved. */
  readonly moves: number
  readonly workers: readonly WorkerTimeRow[]
}

/** A backup: everything a restored store knows. */
export type WorkerTimesSnapshot = ReadonlyMap<number, DataCentre>

/**
 * The tables time_authority and worker_times, in memory, shared by the stores made on them: MemoryTimeGrantStore,
 * where the database grants time, and MemoryTimeCopyStore, where it keeps the copy.
 */
export class MemoryWorkerTimes {
  #dcs = new Map<number, DataCentre>()

  find(dc: number): DataCentre | undefined {
    return this.#dcs.get(dc)
  }

  /** The first who asks fixes store and layout of a data centre. */
  fix(dc: number, wanted: TimeAuthority): DataCentre {
    const known = this.#dcs.get(dc) ?? {
      authority: wanted,
      moves: 0,
      workers: Array.from({ length: WORKERS_MAX }, neverUsed),
    }
    this.#dcs.set(dc, known)
    return known
  }

  setAuthority(dc: number, authority: TimeAuthority): void {
    const known = this.#dcs.get(dc)
    if (known !== undefined) this.#dcs.set(dc, { ...known, authority, moves: known.moves + 1 })
  }

  /** As a backup taken now. */
  snapshot(): WorkerTimesSnapshot {
    return copied(this.#dcs)
  }

  restore(snapshot: WorkerTimesSnapshot): void {
    this.#dcs = copied(snapshot)
  }
}

/** The lease of nobody: before every time. */
export const FREE = Number.NEGATIVE_INFINITY

function neverUsed(): WorkerTimeRow {
  return {
    nonce: undefined,
    revision: 0,
    untilMs: 0,
    heldFromMs: 0,
    leaseUntilMs: FREE,
    holder: '',
    copyNonce: '',
  }
}

function copied(dcs: WorkerTimesSnapshot): Map<number, DataCentre> {
  return new Map(
    [...dcs].map(([dc, known]) => [
      dc,
      { ...known, workers: known.workers.map((worker) => ({ ...worker })) },
    ]),
  )
}

/** 8 bits of the snowflake layout. */
const WORKERS_MAX = 256
