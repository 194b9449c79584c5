import { cellOf, cellOwner } from '../../../service/core/cells.ts'
import type { SegmentGrant } from '../../../service/core/grant.ts'
import type { NumberSpace } from '../../../service/core/tag.ts'
import { IntervalClaims, valueOf } from './interval-claims.ts'
import type { Verdict } from './verdict.ts'

/**
 * Segment grants of all processes, at three levels: what the store granted, what came to an issuer out of it (itself
 * or as a block through Redis), and what was issued of that.
 */
export class SegmentChecks {
  issued = 0
  /** Times that a process went on below what it issued before. Allowed: order is no part of the promise. */
  wentBack = 0
  readonly #verdict: Verdict
  readonly #granted = new Map<string, IntervalClaims>()
  readonly #handed = new Map<string, IntervalClaims>()
  readonly #issued = new Map<string, IntervalClaims>()
  /** By owner and lo of the claim: the next number that may be issued of it. */
  readonly #cursors = new Map<string, number>()
  readonly #last = new Map<string, number>()
  /** By `tag/dc`: nothing below it is granted any more. */
  readonly #floors = new Map<string, number>()

  constructor(verdict: Verdict) {
    this.#verdict = verdict
  }

  /** First number above all that is granted and was not given back, and not below what was left out, of one data centre. */
  highest(tagId: number, dc: number): number {
    return Math.max(this.#granted.get(`${tagId}/${dc}`)?.highest ?? 0, this.floor(tagId, dc))
  }

  /** `idgen tag advance` has answered that nothing below is granted any more. */
  advanced(tagId: number, dc: number, floor: number): void {
    this.#floors.set(`${tagId}/${dc}`, Math.max(floor, this.floor(tagId, dc)))
  }

  floor(tagId: number, dc: number): number {
    return this.#floors.get(`${tagId}/${dc}`) ?? 0
  }

  /** A grant is planned; `floor` is what held when its row was read. */
  planned(tagId: number, dc: number, { lo, hi }: SegmentGrant, floor: number): void {
    if (lo >= floor) return
    const text = `[${lo}, ${hi}) of tag ${tagId} in dc ${dc}, which was advanced to ${floor}`
    this.#verdict.broken('below an advance', text)
  }

  granted(
    owner: string,
    tag: { id: number; space: NumberSpace },
    dc: number,
    { lo, hi }: SegmentGrant,
  ): void {
    const what = `${owner} was granted [${lo}, ${hi}) of tag ${tag.id}`
    const cell = cellOf(tag.space, lo)
    if (cell === undefined || cellOf(tag.space, hi - 1) !== cell || cellOwner(cell, tag.space.dcCount) !== dc)
      this.#verdict.broken('outside the grant', `${what}, which is no cell of dc ${dc}`)
    const claims = valueOf(this.#granted, `${tag.id}/${dc}`, () => new IntervalClaims())
    const added = claims.add(owner, lo, hi)
    if ('taken' in added) this.#verdict.broken('grants overlap', `${what}, and ${text(added.taken)}`)
  }

  /** Whoever asked for it was told that he has not got it. */
  burnt(tagId: number, dc: number, { lo, hi }: SegmentGrant): void {
    this.#granted.get(`${tagId}/${dc}`)?.giveUp(lo, hi)
  }

  handed(owner: string, tagId: number, dc: number, { lo, hi }: SegmentGrant): void {
    const what = `${owner} got [${lo}, ${hi}) of tag ${tagId}`
    const source = this.#granted.get(`${tagId}/${dc}`)?.find(lo)
    if (source === undefined || source.hi < hi)
      this.#verdict.broken('outside the grant', `${what}, which was never granted in dc ${dc}`)
    const added = valueOf(this.#handed, String(tagId), () => new IntervalClaims()).add(owner, lo, hi)
    if ('taken' in added) this.#verdict.broken('grants overlap', `${what}, and ${text(added.taken)}`)
  }

  /** From the moment of asking: whoever gives numbers back has stopped to issue from them. */
  returning(tagId: number, dc: number, { lo, hi }: SegmentGrant): void {
    this.#granted.get(`${tagId}/${dc}`)?.giveUp(lo, hi)
    this.#handed.get(String(tagId))?.giveUp(lo, hi)
  }

  spent(owner: string, tagId: number, first: number, count: number): void {
    this.issued += count
    const what = `${owner} issued ${first} × ${count} of tag ${tagId}`
    const twice = valueOf(this.#issued, String(tagId), () => new IntervalClaims()).addOn(
      owner,
      first,
      first + count,
    )
    if (twice !== undefined) this.#verdict.broken('issued twice', `${what}, and ${text(twice)}`)
    const claim = this.#handed.get(String(tagId))?.find(first)
    if (claim === undefined || claim.owner !== owner || claim.hi < first + count)
      return this.#verdict.broken('outside the grant', `${what} out of ${text(claim)}`)
    const cursor = `${owner}/${tagId}/${claim.lo}`
    if (first < (this.#cursors.get(cursor) ?? 0))
      this.#verdict.broken('not once', `${what}, its cursor stood at ${this.#cursors.get(cursor)}`)
    this.#cursors.set(cursor, first + count)
    const owned = `${owner}/${tagId}`
    if (first < (this.#last.get(owned) ?? 0)) this.wentBack += 1
    this.#last.set(owned, first + count)
  }
}

function text(claim: { owner: string; lo: number; hi: number } | undefined): string {
  return claim === undefined ? 'no grant' : `[${claim.lo}, ${claim.hi}) of ${claim.owner}`
}
