import { periodAt, periodOf } from '../../../service/core/dated-numbers.ts'
import type { SegmentGrant } from '../../../service/core/grant.ts'
import type { IdPrinter } from '../../../service/core/id-printer.ts'
import type { NumberSpace } from '../../../service/core/tag.ts'
import type { Tally } from '../world/tally.ts'
import type { Verdict } from './verdict.ts'

/**
 * Tags whose count begins anew with every date: no text comes twice, and no number has a date that no database's clock
 * has reached. Nothing is asked of the other way round: a date that was begun goes on when that clock steps back.
 */
export class DateChecks {
  readonly #verdict: Verdict
  readonly #tally: Tally
  readonly #texts = new Map<string, string>()
  /** The latest date that the clock of a database has named to a transaction. */
  #latest = 0

  constructor(verdict: Verdict, tally: Tally) {
    this.#verdict = verdict
    this.#tally = tally
  }

  clockSaid({ space }: { space: NumberSpace }, nowMs: number): void {
    if (space.format?.reset === undefined) return
    const period = periodAt(space.format, nowMs)
    if (period < this.#latest) this.#tally.add('dates: the clock of a database went back by dates')
    this.#latest = Math.max(this.#latest, period)
  }

  granted(owner: string, { space }: { space: NumberSpace }, grant: SegmentGrant): void {
    if (space.format?.reset === undefined) return
    const period = periodOf(space, grant.lo)
    if (period > this.#latest || periodOf(space, grant.hi - 1) !== period)
      this.#verdict.broken(
        'a date before it came',
        `${owner} was granted [${grant.lo}, ${grant.hi}) of date ${period} in ${this.#latest}`,
      )
  }

  written(owner: string, printer: IdPrinter, first: number, count: number): void {
    for (let value = first; value < first + count; value += 1) {
      const text = printer.text(Math.floor(value / 2 ** 32), value % 2 ** 32)
      const before = this.#texts.get(text)
      if (before !== undefined)
        this.#verdict.broken('issued twice', `${owner} wrote ${text}, and ${before} had written it`)
      this.#texts.set(text, owner)
    }
    this.#tally.add('dates: IDs written', count)
  }
}
