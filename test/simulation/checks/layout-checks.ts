import type { NumberPair } from '../../../service/core/decimal.ts'
import { decodeOfLayout, type TagLayout } from '../../../service/core/tag-layout.ts'
import { IntervalClaims, valueOf } from './interval-claims.ts'
import type { Verdict } from './verdict.ts'

/** What was stamped of tags with layouts of their own. */
export class LayoutChecks {
  readonly #verdict: Verdict
  /** By layout and upper bits: the numbers, as what is left of them. */
  readonly #issued = new Map<string, IntervalClaims>()
  /** By process and layout: the last number. */
  readonly #last = new Map<string, NumberPair>()

  constructor(verdict: Verdict) {
    this.#verdict = verdict
  }

  spent(
    process: string,
    { name, layout }: { name: string; layout: TagLayout },
    { hi, lo }: NumberPair,
    count: number,
  ): void {
    const what = `${process} stamped ${hi}:${lo} × ${count} of layout ${name}`
    const claims = valueOf(this.#issued, `${name}/${hi}`, () => new IntervalClaims())
    const twice = claims.addOn(process, lo, lo + count)
    if (twice !== undefined) this.#verdict.broken('issued twice', `${what}, as ${twice.owner} did`)
    const decoded = decodeOfLayout(layout, { hi, lo })
    if (decoded === undefined || decoded.sequence + count > 2 ** layout.sequenceBits)
      this.#verdict.broken('outside the grant', `${what}: the run crosses its unit`)
    const cursor = `${process}/${name}`
    const last = this.#last.get(cursor) ?? { hi: -1, lo: 0 }
    if (hi < last.hi || (hi === last.hi && lo <= last.lo))
      this.#verdict.broken('not once', `${what}, after ${last.hi}:${last.lo}`)
    this.#last.set(cursor, { hi, lo: lo + count - 1 })
  }
}
