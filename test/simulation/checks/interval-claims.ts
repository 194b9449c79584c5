/** Numbers lo ≤ n < hi that somebody claims. */
export interface Claim {
  readonly owner: string
  lo: number
  hi: number
}

/** Claims that must not overlap, in order. */
export class IntervalClaims {
  readonly #claims: Claim[] = []

  /** @returns the claim, or the one of somebody else that it meets */
  add(owner: string, lo: number, hi: number): { readonly claim: Claim } | { readonly taken: Claim } {
    const at = this.#firstEndingAbove(lo)
    const next = this.#claims[at]
    if (next !== undefined && next.lo < hi) return { taken: next }
    const claim: Claim = { owner, lo, hi }
    this.#claims.splice(at, 0, claim)
    return { claim }
  }

  /** As `add`; a claim of the same owner that ends at `lo` grows instead. */
  addOn(owner: string, lo: number, hi: number): Claim | undefined {
    const before = this.#claims[this.#firstEndingAbove(lo) - 1]
    if (before === undefined || before.hi !== lo || before.owner !== owner) {
      const added = this.add(owner, lo, hi)
      return 'taken' in added ? added.taken : undefined
    }
    return this.grow(before, hi)
  }

  /** @returns the claim of somebody else that is in the way */
  grow(claim: Claim, hi: number): Claim | undefined {
    const next = this.#claims[this.#claims.indexOf(claim) + 1]
    if (next !== undefined && next.lo < hi) return next
    claim.hi = Math.max(claim.hi, hi)
    return undefined
  }

  /** The claim that holds `n`. */
  find(n: number): Claim | undefined {
    const claim = this.#claims[this.#firstEndingAbove(n)]
    return claim !== undefined && claim.lo <= n ? claim : undefined
  }

  /** [lo, hi) is claimed no more. It lies inside one claim, at its end. */
  giveUp(lo: number, hi: number): void {
    const claim = this.find(lo)
    if (claim === undefined || claim.hi > hi) return
    claim.hi = lo
    if (claim.hi <= claim.lo) this.#claims.splice(this.#claims.indexOf(claim), 1)
  }

  get highest(): number {
    return this.#claims.at(-1)?.hi ?? 0
  }

  #firstEndingAbove(n: number): number {
    let from = 0
    let to = this.#claims.length
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#claims[middle]?.hi ?? 0) > n) to = middle
      else from = middle + 1
    }
    return from
  }
}

/** The value of a key, made where there is none. */
export function valueOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
