import type { TimeGrant } from '../../../service/core/grant.ts'
import {
  decodeSnowflake,
  SEQUENCES_PER_MS,
  type SnowflakeLayout,
} from '../../../service/core/snowflake-layout.ts'
import { type Claim, IntervalClaims, valueOf } from './interval-claims.ts'
import type { Verdict } from './verdict.ts'

/** One hold of a worker id, as the cursor that stamps with it has it. */
interface Stamper {
  readonly owner: string
  readonly dc: number
  readonly worker: number
  claim: Claim | undefined
}

/**
 * Time grants of all processes, and what was stamped with them. A window counts as used to its end, until its holder
 * says that it stopped: then to where it stopped. That of a process that died stays whole.
 */
export class StampChecks {
  issued = 0
  readonly #verdict: Verdict
  readonly #layout: SnowflakeLayout
  /** By `dc/worker`. */
  readonly #windows = new Map<string, IntervalClaims>()
  /** By ms, dc and worker: who stamped it, and the sequences. */
  readonly #stamps = new Map<number, { readonly owner: string; readonly sequences: IntervalClaims }>()
  /** By process: its current hold and its last stamp. */
  readonly #stampers = new Map<string, Stamper>()
  readonly #last = new Map<string, number>()
  /** By process: its last ID, of all its cursors. */
  readonly #order = new Map<string, { readonly hi: number; readonly lo: number }>()
  #holds = 0

  constructor(verdict: Verdict, layout: SnowflakeLayout) {
    this.#verdict = verdict
    this.#layout = layout
  }

  /** First millisecond above all that was granted of a worker id and not given up. */
  usedUntil(dc: number, worker: number): number {
    return this.#windows.get(`${dc}/${worker}`)?.highest ?? 0
  }

  installed(process: string, { dc, worker, fromMs, untilMs }: TimeGrant): void {
    this.#holds += 1
    const owner = `${process} hold ${this.#holds}`
    const added = this.#of(dc, worker).add(owner, fromMs, untilMs)
    if ('taken' in added) this.#overlap({ owner, dc, worker }, fromMs, untilMs, added.taken)
    this.#stampers.set(process, { owner, dc, worker, claim: 'claim' in added ? added.claim : undefined })
  }

  extended(process: string, untilMs: number): void {
    const stamper = this.#stampers.get(process)
    if (stamper?.claim === undefined) return
    const taken = this.#of(stamper.dc, stamper.worker).grow(stamper.claim, untilMs)
    if (taken !== undefined) this.#overlap(stamper, stamper.claim.lo, untilMs, taken)
  }

  /** Nothing is stamped with this hold any more; `unusedMs` is the first millisecond without a stamp. */
  revoked(process: string, unusedMs: number): void {
    const stamper = this.#stampers.get(process)
    const claim = stamper?.claim
    if (stamper === undefined || claim === undefined) return
    this.#of(stamper.dc, stamper.worker).giveUp(Math.max(unusedMs, claim.lo), claim.hi)
    this.#stampers.delete(process)
  }

  spent(process: string, hi: number, lo: number, count: number): void {
    this.issued += count
    const decoded = decodeSnowflake(this.#layout, hi, lo)
    const what = `${process} stamped ${hi}:${lo} × ${count}`
    if (decoded === undefined) return this.#verdict.broken('outside the grant', `${what}: no snowflake`)
    const { timeMs, dc, worker, sequence } = decoded
    if (sequence + count > SEQUENCES_PER_MS)
      this.#verdict.broken('outside the grant', `${what}: the run crosses its millisecond`)
    // 52 bits: everything above the sequence.
    const stamp = hi * 2 ** 22 + Math.floor(lo / SEQUENCES_PER_MS)
    this.#once(process, stamp, sequence, count)
    const stamper = this.#stampers.get(process)
    const inside = stamper?.claim !== undefined && stamper.claim.lo <= timeMs && timeMs < stamper.claim.hi
    if (stamper?.dc !== dc || stamper.worker !== worker || !inside)
      this.#verdict.broken(
        'outside the grant',
        `${what}: ms ${timeMs} of ${dc}/${worker}, its window is [${stamper?.claim?.lo}, ${stamper?.claim?.hi})`,
      )
    const last = this.#last.get(process) ?? 0
    const position = timeMs * SEQUENCES_PER_MS + sequence
    if (position <= last) this.#verdict.broken('not once', `${what}: its cursor went back`)
    this.#last.set(process, position + count - 1)
  }

  /** Of what callers were given: the cursors of one process together never go back either. */
  issuedInOrder(process: string, hi: number, lo: number, count: number): void {
    const last = this.#order.get(process) ?? { hi: 0, lo: 0 }
    if (hi < last.hi || (hi === last.hi && lo <= last.lo))
      this.#verdict.broken('not once', `${process} issued ${hi}:${lo} after ${last.hi}:${last.lo}`)
    this.#order.set(process, { hi, lo: lo + count - 1 })
  }

  /** A run that goes beyond its millisecond's last sequence is in the numbers of the next worker id. */
  #once(process: string, first: number, sequence: number, count: number): void {
    let left = count
    for (let stamp = first, from = sequence; left > 0; stamp += 1, from = 0) {
      const to = Math.min(SEQUENCES_PER_MS, from + left)
      left -= to - from
      const known = valueOf(this.#stamps, stamp, () => ({ owner: process, sequences: new IntervalClaims() }))
      const twice = known.sequences.addOn(process, from, to)
      if (twice !== undefined)
        this.#verdict.broken('issued twice', `${process} and ${twice.owner} both stamped ${stamp}:${from}`)
      else if (known.owner !== process)
        this.#verdict.broken('grants overlap', `${process} and ${known.owner} share the millisecond ${stamp}`)
    }
  }

  #of(dc: number, worker: number): IntervalClaims {
    return valueOf(this.#windows, `${dc}/${worker}`, () => new IntervalClaims())
  }

  #overlap(
    { owner, dc, worker }: { owner: string; dc: number; worker: number },
    fromMs: number,
    untilMs: number,
    taken: Claim,
  ): void {
    this.#verdict.broken(
      'grants overlap',
      `${owner} may stamp [${fromMs}, ${untilMs}) of ${dc}/${worker}, and ${taken.owner} [${taken.lo}, ${taken.hi})`,
    )
  }
}
