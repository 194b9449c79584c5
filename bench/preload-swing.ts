import { IdBatch } from '../service/core/id-batch.ts'
import { SegmentBuffer } from '../service/core/segment-buffer.ts'
import type { StepBounds } from '../service/core/tag.ts'

/** One tag of one instance whose rate jumps between two values, in virtual time. */
export interface Swing {
  readonly step: StepBounds
  /** As of the tag (preloadShareOf). */
  readonly preloadAt: number
  /** IDs a second, in turns. */
  readonly rates: readonly [number, number]
  /** How long each of them lasts. */
  readonly halfMs: number
  readonly durationMs: number
  /** From an allocation's begin to its end. */
  readonly allocationMs: (n: number) => number
}

export interface SwingOutcome {
  readonly issued: number
  readonly allocations: number
  /** Times a segment was used up and the next one was needed, and how often it was in memory. */
  readonly switches: number
  readonly ready: number
  /** Numbers that a crash at the end would burn. */
  readonly unused: number
}

/** Every millisecond takes what is due and asks for the next segment as the service does after a take. */
export function runSwing({ step, preloadAt, rates, halfMs, durationMs, allocationMs }: Swing): SwingOutcome {
  const buffer = new SegmentBuffer({ step, preloadAt })
  const batch = new IdBatch()
  let granted = 0
  let allocations = 0
  let arrives = Number.POSITIVE_INFINITY
  let size = 0
  let due = 0
  for (let ms = 0; ms < durationMs; ms += 1) {
    if (ms >= arrives) {
      buffer.install({ lo: granted, hi: granted + size }, BEGIN_MS + ms)
      granted += size
      arrives = Number.POSITIVE_INFINITY
    }
    due += rates[Math.floor(ms / halfMs) % 2 === 0 ? 0 : 1] / 1000
    batch.clear()
    // What is not there now is asked for again at the next millisecond, as a caller that waits.
    due -= buffer.take(Math.floor(due), BEGIN_MS + ms, batch)
    if (arrives !== Number.POSITIVE_INFINITY) continue
    size = buffer.refillStep(BEGIN_MS + ms, 0.5)
    if (size > 0) arrives = ms + allocationMs(allocations++)
  }
  const { switches, switchesReady } = buffer.counters()
  const unused = buffer.stats().granted - buffer.stats().issued
  return { issued: buffer.stats().issued, allocations, switches, ready: switchesReady, unused }
}

/** Shares of 1. */
export function preloadSuccess({ ready, switches }: SwingOutcome): number {
  return ready / switches
}

export function waste({ unused, issued }: SwingOutcome): number {
  return unused / (unused + issued)
}

/** Mostly 3 ms; every fiftieth 200 ms (a checkpoint), every five-hundredth 2 s (the longest a caller is made to wait). */
export function usualAllocationMs(n: number): number {
  if (n % 500 === 499) return 2000
  return n % 50 === 49 ? 200 : 3
}

const BEGIN_MS = Date.UTC(2026, 5, 1)
