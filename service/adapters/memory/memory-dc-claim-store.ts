import { IdgenError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { DcClaim, DcClaimStore } from '../../ports/dc-claim-store.ts'

/** Shared by all that are handed the same one. */
export class MemoryDcClaimStore implements DcClaimStore {
  /** Why nobody can reach the store now; undefined: it is there. */
  away: string | undefined
  readonly #clock: Clock
  readonly #claims = new Map<number, DcClaim>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async list(): Promise<readonly DcClaim[]> {
    this.#enter()
    return [...this.#claims.values()].sort((a, b) => a.dc - b.dc)
  }

  async find(dc: number): Promise<DcClaim | undefined> {
    this.#enter()
    return this.#claims.get(dc)
  }

  async claim(dc: number, installation: string, claimedBy: string): Promise<DcClaim> {
    this.#enter()
    return this.#claims.get(dc) ?? this.#set(dc, installation, claimedBy)
  }

  async move(
    dc: number,
    before: string | undefined,
    installation: string,
    claimedBy: string,
  ): Promise<boolean> {
    this.#enter()
    const found = this.#claims.get(dc)?.installation
    if (found === installation) return true
    if (found !== before) return false
    this.#set(dc, installation, claimedBy)
    return true
  }

  #set(dc: number, installation: string, claimedBy: string): DcClaim {
    const claim = { dc, installation, claimedBy, claimedAt: new Date(this.#clock.nowMs()) }
    this.#claims.set(dc, claim)
    return claim
  }

  #enter(): void {
    if (this.away === undefined) return
    throw new IdgenError('IDGEN_STORE_UNAVAILABLE', `The database cannot be reached: ${this.away}.`)
  }
}
