import { type DurationCounts, mergedCounts, NO_DURATIONS } from '../core/duration-histogram.ts'
import type { GenerateIds } from './generate-ids.ts'
import { ISSUING_PROTOCOLS, type IssuingProtocol, type ProtocolCounts } from './protocol-counts.ts'

/**
 * How long callers waited for IDs, as far as this process can know: for grants, and to be read where a thread came late
 * to its work. Those that were read late were counted as quick a moment before, so a look may come in between; what was
 * shown once never becomes less, and the next requests make up for it.
 */
export class AnswerTimes {
  readonly #generate: Pick<GenerateIds, 'durations'>
  readonly #protocols: ProtocolCounts
  #shown = NO_DURATIONS
  readonly #shownOf: Record<IssuingProtocol, DurationCounts> = {
    http: NO_DURATIONS,
    grpc: NO_DURATIONS,
    resp: NO_DURATIONS,
  }

  constructor(generate: Pick<GenerateIds, 'durations'>, protocols: ProtocolCounts) {
    this.#generate = generate
    this.#protocols = protocols
  }

  /** Of all requests; those of people who try a tag in the admin UI count as quick. */
  all(): DurationCounts {
    const late = ISSUING_PROTOCOLS.map((protocol) => this.#protocols.readLate[protocol].counts(0))
    const allLate = late.reduce((sum, one) => mergedCounts(sum, one, plus))
    this.#shown = neverLess(this.#shown, withLate(this.#generate.durations, allLate))
    return this.#shown
  }

  of(protocol: IssuingProtocol): DurationCounts {
    const { durations, readLate } = this.#protocols
    const now = withLate(durations[protocol].counts(0), readLate[protocol].counts(0))
    this.#shownOf[protocol] = neverLess(this.#shownOf[protocol], now)
    return this.#shownOf[protocol]
  }
}

/** Those that were read late are among the quick ones of every class, and belong only to some. */
function withLate(all: DurationCounts, late: DurationCounts): DurationCounts {
  return {
    atMost: all.atMost.map((value, at) => value - late.count + (late.atMost[at] ?? 0)),
    count: all.count,
    sumSeconds: all.sumSeconds + late.sumSeconds,
  }
}

function neverLess(shown: DurationCounts, now: DurationCounts): DurationCounts {
  return mergedCounts(shown, now, Math.max)
}

function plus(a: number, b: number): number {
  return a + b
}
