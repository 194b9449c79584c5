import type { DurationHistogram } from '../core/duration-histogram.ts'
import type { IdBatch } from '../core/id-batch.ts'
import type { RatePlace } from '../core/rate-table.ts'
import type { LedgerRow } from './issue-ledger.ts'
import type { RememberedTag } from './issuer.ts'
import type { LiveTag } from './live-tag.ts'
import type { IssuingProtocol } from './protocol-counts.ts'
import type { UseCases } from './use-cases.ts'

/** A tag that LocalIssuer remembers for one caller of its. */
export class LocalTag implements RememberedTag {
  readonly #path: string
  readonly #protocol: IssuingProtocol
  readonly #useCases: Pick<UseCases, 'directory' | 'generate' | 'ledger' | 'protocols' | 'rates'>
  readonly #place: RatePlace
  readonly #durations: DurationHistogram
  #live: LiveTag | undefined
  #row: LedgerRow | undefined

  constructor(
    path: string,
    useCases: Pick<UseCases, 'directory' | 'generate' | 'ledger' | 'protocols' | 'rates'>,
    protocol: IssuingProtocol,
  ) {
    this.#path = path
    this.#protocol = protocol
    this.#useCases = useCases
    this.#place = useCases.rates.placeOfTag(path)
    this.#durations = useCases.protocols.durations[protocol]
  }

  admit(wanted: number, nowMs: number): number {
    return this.#useCases.rates.admitAtPlace(this.#place, wanted, nowMs)
  }

  tryTake(count: number, batch: IdBatch, nowMs: number): boolean {
    const { directory, generate } = this.#useCases
    let live = this.#live
    // One that was dropped is never served again, and another may stand at its path by now.
    if (live === undefined || live.removed) live = this.#live = directory.peek(this.#path)
    if (live === undefined || !generate.tryTake(live, count, batch, count, nowMs)) return false
    this.#durations.observeInstant(count)
    return true
  }

  countAnswered(keyId: string, commands: number): void {
    const { ledger, protocols } = this.#useCases
    protocols.count(this.#protocol, 'ok', commands)
    this.#row = ledger.countSingles(this.#row, keyId, this.#path, commands)
  }
}
