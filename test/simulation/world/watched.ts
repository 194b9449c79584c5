import type { Algorithm } from '../../../service/core/algorithm.ts'
import type { SegmentGrant } from '../../../service/core/grant.ts'
import type { IdBatch } from '../../../service/core/id-batch.ts'
import type { Snowflake } from '../../../service/core/snowflake.ts'
import type { SegmentStore, SegmentUsage } from '../../../service/ports/segment-store.ts'
import type { StampChecks } from '../checks/stamp-checks.ts'

/** Tells of every run at the moment it is spent, whatever becomes of the answer it was for. */
export function watchTakes(
  algorithm: Algorithm,
  onRun: (hi: number, lo: number, count: number) => void,
): void {
  const take = algorithm.take.bind(algorithm)
  algorithm.take = (count: number, nowMs: number, out: IdBatch): number => {
    const before = out.runCount
    const taken = take(count, nowMs, out)
    for (let i = before; i < out.runCount; i += 1) onRun(out.runHi(i), out.runLo(i), out.runLength(i))
    return taken
  }
}

/** The same of one of several cursors, whose takes are made one millisecond at a time (core/joined-cursors.ts). */
export function watchRounds(
  snowflake: Snowflake,
  onRun: (hi: number, lo: number, count: number) => void,
): void {
  const takeWithin = snowflake.takeWithin.bind(snowflake)
  snowflake.takeWithin = (count: number, clockMs: number, out: IdBatch): number => {
    const at = out.runCount
    const taken = takeWithin(count, clockMs, out)
    if (taken > 0) onRun(out.runHi(at), out.runLo(at), out.runLength(at))
    return taken
  }
}

/** Tells of the windows of a cursor. */
export function watchWindows(snowflake: Snowflake, process: string, checks: StampChecks): void {
  const install = snowflake.install.bind(snowflake)
  const extend = snowflake.extend.bind(snowflake)
  const revoke = snowflake.revoke.bind(snowflake)
  snowflake.install = (grant) => {
    endWindow()
    install(grant)
    checks.installed(process, grant)
  }
  snowflake.extend = (untilMs) => {
    extend(untilMs)
    if (snowflake.currentGrant() !== undefined) checks.extended(process, untilMs)
  }
  snowflake.revoke = (reason) => {
    endWindow()
    revoke(reason)
  }
  function endWindow(): void {
    const unusedMs = snowflake.firstUnusedMs()
    if (unusedMs !== undefined) checks.revoked(process, unusedMs)
  }
}

export interface GrantListener {
  onGrant(tagId: number, dc: number, grant: SegmentGrant): void
  onReturn(tagId: number, dc: number, unused: SegmentGrant): void
}

/** Tells of what a store gives to its caller, and of what comes back. */
export class WatchedStore implements SegmentStore {
  readonly #inner: SegmentStore
  readonly #listener: GrantListener

  constructor(inner: SegmentStore, listener: GrantListener) {
    this.#inner = inner
    this.#listener = listener
  }

  initialise(tagId: number, dc: number): Promise<void> {
    return this.#inner.initialise(tagId, dc)
  }

  initialiseAll(dc: number): Promise<number> {
    return this.#inner.initialiseAll(dc)
  }

  async allocate(tagId: number, dc: number, step: number, generation?: string): Promise<SegmentGrant> {
    const grant = await this.#inner.allocate(tagId, dc, step, generation)
    this.#listener.onGrant(tagId, dc, grant)
    return grant
  }

  async giveBack(tagId: number, dc: number, unused: SegmentGrant, generation?: string): Promise<boolean> {
    this.#listener.onReturn(tagId, dc, unused)
    return await this.#inner.giveBack(tagId, dc, unused, generation)
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#inner.usage(dc)
  }
}
