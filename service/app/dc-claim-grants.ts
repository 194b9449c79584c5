import { IdgenError } from '../core/errors.ts'
import type { SegmentGrant } from '../core/grant.ts'
import type { SegmentStore, SegmentUsage } from '../ports/segment-store.ts'
import type { HoldRequest, TimeGrantStore, TimeHold } from '../ports/time-grant-store.ts'

/** What of DcClaimGuard counts here. */
export interface ClaimState {
  readonly fault: string | undefined
}

/** A segment store that grants nothing while the data centre is another installation's. */
export class ClaimedSegments implements SegmentStore {
  readonly #store: SegmentStore
  readonly #claim: ClaimState

  constructor(store: SegmentStore, claim: ClaimState) {
    this.#store = store
    this.#claim = claim
  }

  async initialise(tagId: number, dc: number): Promise<void> {
    refuseLost(this.#claim)
    await this.#store.initialise(tagId, dc)
  }

  async initialiseAll(dc: number): Promise<number> {
    refuseLost(this.#claim)
    return await this.#store.initialiseAll(dc)
  }

  async allocate(...wanted: Parameters<SegmentStore['allocate']>): Promise<SegmentGrant> {
    refuseLost(this.#claim)
    const grant = await this.#store.allocate(...wanted)
    // The number may have been moved meanwhile; then these stay burnt.
    refuseLost(this.#claim)
    return grant
  }

  /** What the other installation may have seen as granted stays burnt. */
  async giveBack(...unused: Parameters<SegmentStore['giveBack']>): Promise<boolean> {
    return this.#claim.fault === undefined && (await this.#store.giveBack(...unused))
  }

  usage(dc: number): Promise<SegmentUsage[]> {
    return this.#store.usage(dc)
  }
}

/** A time grant store that grants nothing while the data centre is another installation's. */
export class ClaimedTimes implements TimeGrantStore {
  readonly #store: TimeGrantStore
  readonly #claim: ClaimState

  constructor(store: TimeGrantStore, claim: ClaimState) {
    this.#store = store
    this.#claim = claim
  }

  nowMs(): Promise<number> {
    return this.#store.nowMs()
  }

  async acquire(request: HoldRequest): Promise<TimeHold> {
    refuseLost(this.#claim)
    return await this.#store.acquire(request)
  }

  async extend(hold: TimeHold, untilMs: number, leaseMs: number): Promise<TimeHold | undefined> {
    refuseLost(this.#claim)
    return await this.#store.extend(hold, untilMs, leaseMs)
  }

  /** Ends a hold, and grants nothing. */
  release(hold: TimeHold, untilMs: number): Promise<boolean> {
    return this.#store.release(hold, untilMs)
  }
}

function refuseLost({ fault }: ClaimState): void {
  if (fault !== undefined) throw new IdgenError('IDGEN_DC_CLAIMED', fault)
}
