import { workersOf, workerTimesOf } from '../core/coordination-keys.ts'
import { IdgenError } from '../core/errors.ts'
import type { Entry } from '../ports/coordinator.ts'
import { parseTime } from './worker-record.ts'

/** What is known of a data centre's worker ids: a hint, because it was not read in the transaction that takes one. */
export interface WorkerView {
  readonly dc: number
  /** Worker ids 0..workers-1 may be taken. */
  readonly workers: number
  readonly held: ReadonlySet<number>
  /** The greatest `until` any store remembers; a worker id that is not in it was never used. */
  readonly untilMs: ReadonlyMap<number, number>
}

export function workerView(
  dc: number,
  workers: number,
  holders: readonly Entry[],
  times: readonly Entry[],
  copies: ReadonlyMap<number, number>,
): WorkerView {
  const held = new Set(holders.map(({ key }) => Number(key.slice(workersOf(dc).length))))
  const untilMs = new Map(copies)
  for (const { key, value } of times) {
    const worker = Number(key.slice(workerTimesOf(dc).length))
    // A record nobody can read says nothing of what was used: that worker id is not taken.
    const until = parseTime(value)?.untilMs ?? Number.POSITIVE_INFINITY
    untilMs.set(worker, Math.max(until, untilMs.get(worker) ?? 0))
  }
  return { dc, workers, held, untilMs }
}

/**
 * Free worker ids in the order in which to try them: used longest ago first, never used ones before all. Among
 * equals `start` decides, which differs from process to process: a whole installation that starts at once would
 * otherwise ask for the same one.
 */
export function freeWorkers(view: WorkerView, nowMs: number, start: number): number[] {
  const { workers, held, untilMs } = view
  const until = (worker: number): number => untilMs.get(worker) ?? 0
  const rank = (worker: number): number => (worker + workers - (start % workers)) % workers
  return Array.from({ length: workers }, (_, worker) => worker)
    .filter((worker) => !held.has(worker) && until(worker) <= nowMs)
    .sort((a, b) => until(a) - until(b) || rank(a) - rank(b))
}

/** The refusal when none is free, with the time at which the first may be. */
export function noneFree(view: WorkerView, nowMs: number, leaseMs: number): IdgenError {
  const { dc, workers, held, untilMs } = view
  let waitMs = RETRY_MAX_MS
  let heldCount = 0
  for (let worker = 0; worker < workers; worker += 1) {
    const aheadMs = (untilMs.get(worker) ?? 0) - nowMs
    if (held.has(worker)) heldCount += 1
    waitMs = Math.min(waitMs, held.has(worker) ? Math.max(aheadMs, leaseMs) : aheadMs)
  }
  const why =
    heldCount === workers
      ? `all ${workers} are held by other processes`
      : `${heldCount} of ${workers} are held and the time of the others lies ahead of the stores' clock`
  return new IdgenError('IDGEN_WORKER_UNAVAILABLE', `Data centre ${dc} has no free worker id: ${why}.`, {
    retryAfterMs: Math.max(waitMs, RETRY_MIN_MS),
  })
}

/** A worker id that was free a moment ago is seldom free again at once. */
const RETRY_MIN_MS = 100
/** A holder may end earlier than its lease, so nobody waits for one longer than this. */
const RETRY_MAX_MS = 30_000
