import type { BlockSnapshot } from '../../../service/adapters/memory/memory-block-cache.ts'
import type {
  CoordinationSnapshot,
  MemoryCoordination,
} from '../../../service/adapters/memory/memory-coordination.ts'
import { parseWitness } from '../../../service/app/segment-witness.ts'
import { parseTime } from '../../../service/app/worker-record.ts'
import { witnessKey, workerTimeKey } from '../../../service/core/coordination-keys.ts'
import type { PostgresCluster } from '../stores/postgres-cluster.ts'
import { type PostgresState, timeOf } from '../stores/postgres-state.ts'
import { type LedgerTag, rowOf } from '../stores/sim-ledger.ts'
import { type BlockChecks, nonceOf } from './block-checks.ts'
import type { SegmentChecks } from './segment-checks.ts'
import type { StampChecks } from './stamp-checks.ts'

export interface PromiseLimitsOptions {
  readonly etcd: MemoryCoordination
  readonly tags: readonly LedgerTag[]
  readonly dcs: readonly number[]
  readonly workers: number
  readonly clusterOf: (dc: number) => PostgresCluster
  readonly segments: SegmentChecks
  readonly stamps: StampChecks
  readonly blocks: BlockChecks
  /** The earliest wall clock of a data centre: nobody begins to stamp before it. */
  readonly earliestClock: (dc: number) => number
  /** Every process of the data centre reached PostgreSQL at its last try, and still would. */
  readonly copiesReached: (dc: number) => boolean
}

/**
 * The limits of the promise (design.md section 2): a fault is let through only if afterwards everything that somebody
 * may hold is still known to a store that is asked. As `Remembers` in docs/proofs/witness.tla:
 *
 *     segments   every number that is out lies below the ceiling in etcd, or below row or ceiling in every server
 *     time       every window lies below its time in etcd, or below its copy in every server; and while only the copies
 *                know, PostgreSQL answers ("used while PostgreSQL was away and etcd restored" is outside)
 *     blocks     a block that was taken is repeated by Redis, or its record by a restored etcd; never both
 */
export class PromiseLimits {
  readonly #options: PromiseLimitsOptions
  /** By `dc/worker`: what etcd had granted when it was restored, though nobody may have used it yet. */
  readonly #forgotten = new Map<string, number>()

  constructor(options: PromiseLimitsOptions) {
    this.#options = options
  }

  /** May the servers of a cluster come to these states? */
  mayLosePostgres(cluster: PostgresCluster, after: readonly PostgresState[]): boolean {
    const etcd = this.#options.etcd.snapshot()
    return cluster.dcs.every((dc) => this.#segmentsKnown(dc, etcd, after) && this.#timeKnown(dc, etcd, after))
  }

  mayRestoreEtcd(backup: CoordinationSnapshot, caches: readonly BlockSnapshot[]): boolean {
    const { dcs, clusterOf, copiesReached } = this.#options
    const now = this.#options.etcd.snapshot()
    return (
      dcs.every((dc) => {
        const states = clusterOf(dc).servers.map(({ state }) => state)
        if (!this.#segmentsKnown(dc, backup, states) || !this.#timeKnown(dc, backup, states)) return false
        return !this.#forgetsTime(dc, now, backup) || copiesReached(dc)
      }) && this.#blocksKnown(backup, caches)
    )
  }

  /** Called before the restore: what only the copies know after it. */
  restoring(backup: CoordinationSnapshot): void {
    const now = this.#options.etcd.snapshot()
    for (const dc of this.#options.dcs)
      for (let worker = 0; worker < this.#options.workers; worker += 1) {
        const key = `${dc}/${worker}`
        const grantedMs = Math.max(timeIn(now, dc, worker), this.#forgotten.get(key) ?? 0)
        if (grantedMs > timeIn(backup, dc, worker)) this.#forgotten.set(key, grantedMs)
      }
  }

  /** Only the copies know how far some worker id of the data centre was used: nobody may miss them now. */
  copiesMustAnswer(dc: number): boolean {
    if (this.#options.workers === 0) return false
    const { stamps, workers, earliestClock, etcd } = this.#options
    const now = etcd.snapshot()
    const clockMs = earliestClock(dc)
    for (let worker = 0; worker < workers; worker += 1) {
      const usedMs = Math.max(stamps.usedUntil(dc, worker), this.#forgotten.get(`${dc}/${worker}`) ?? 0)
      if (usedMs > clockMs - CLOCK_MARGIN_MS && usedMs > timeIn(now, dc, worker)) return true
    }
    return false
  }

  /** May Redis have these blocks again? */
  mayRepeatBlocks(dump: BlockSnapshot): boolean {
    const records = recordsOf(this.#options.etcd.snapshot())
    return noncesOf(dump).every((nonce) => !this.#options.blocks.isTaken(nonce) || !records.has(nonce))
  }

  #segmentsKnown(dc: number, etcd: CoordinationSnapshot, servers: readonly PostgresState[]): boolean {
    return this.#options.tags.every((tag) => {
      const out = this.#options.segments.highest(tag.id, dc)
      const record = etcd.entries.get(witnessKey(tag.generation, dc))?.entry.value
      if (record !== undefined && out <= parseWitness(record).ceiling) return true
      return servers.every((state) => {
        const row = rowOf(state, `${tag.id}/${dc}`, tag, dc)
        return out <= Math.max(row.nextValue, row.ceiling)
      })
    })
  }

  #timeKnown(dc: number, etcd: CoordinationSnapshot, servers: readonly PostgresState[]): boolean {
    for (let worker = 0; worker < this.#options.workers; worker += 1) {
      // What a restored etcd forgot may be used as soon as its copy was written.
      const forgottenMs = this.#forgotten.get(`${dc}/${worker}`) ?? 0
      const { servers: now } = this.#options.clusterOf(dc)
      const copiedMs = Math.max(...now.map(({ state }) => timeOf(state, dc, worker).untilMs))
      const usedMs = Math.max(this.#options.stamps.usedUntil(dc, worker), Math.min(forgottenMs, copiedMs))
      if (usedMs <= timeIn(etcd, dc, worker)) continue
      if (!servers.every((state) => usedMs <= timeOf(state, dc, worker).untilMs)) return false
    }
    return true
  }

  #forgetsTime(dc: number, before: CoordinationSnapshot, after: CoordinationSnapshot): boolean {
    for (let worker = 0; worker < this.#options.workers; worker += 1) {
      const usedMs = Math.max(timeIn(before, dc, worker), this.#options.stamps.usedUntil(dc, worker))
      if (usedMs > timeIn(after, dc, worker)) return true
    }
    return false
  }

  #blocksKnown(backup: CoordinationSnapshot, caches: readonly BlockSnapshot[]): boolean {
    const cached = new Set(caches.flatMap(noncesOf))
    const { blocks } = this.#options
    return [...recordsOf(backup)].every(
      (nonce) => !blocks.isTaken(nonce) || (blocks.pops(nonce) <= 1 && !cached.has(nonce)),
    )
  }
}

function timeIn(etcd: CoordinationSnapshot, dc: number, worker: number): number {
  const text = etcd.entries.get(workerTimeKey(dc, worker))?.entry.value
  return text === undefined ? 0 : (parseTime(text)?.untilMs ?? 0)
}

function recordsOf(etcd: CoordinationSnapshot): ReadonlySet<string> {
  const nonces = new Set<string>()
  for (const [key, { entry }] of etcd.entries)
    if (key.startsWith('/blocks/')) nonces.add(nonceOf(entry.value))
  return nonces
}

function noncesOf(dump: BlockSnapshot): string[] {
  return [...dump.values()].flatMap((kept) => kept.map(({ block }) => block.nonce))
}

/** Clocks drift between two looks at them, by less than this in a run. */
const CLOCK_MARGIN_MS = 5000
