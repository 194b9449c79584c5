import { DURATION_CELLS, DurationHistogram } from '../core/duration-histogram.ts'
import { ERRORS, type ErrorCode } from '../core/errors.ts'

/** Over which IDs are issued; HTTPS counts as http. */
export const ISSUING_PROTOCOLS = ['http', 'grpc', 'resp'] as const
export type IssuingProtocol = (typeof ISSUING_PROTOCOLS)[number]

/** Answered with IDs; failed through no fault of the caller; refused because of what was asked, or by whom. */
export const CALL_OUTCOMES = ['answered', 'failed', 'refused'] as const
export type CallOutcome = (typeof CALL_OUTCOMES)[number]

/** Calls for IDs by protocol and outcome, and how long they waited, in cells that another thread can read along. */
export class ProtocolCounts {
  /** In the order of the protocols, then of the outcomes; then the durations of each protocol, then what was read late. */
  readonly cells: Float64Array
  /** How long requests waited until their IDs were there, or they failed. */
  readonly durations: Readonly<Record<IssuingProtocol, DurationHistogram>>
  /** Of those that count there as of no time worth measuring, the ones that lay unread so long: see TurnWatch. */
  readonly readLate: Readonly<Record<IssuingProtocol, DurationHistogram>>

  constructor(cells: Float64Array = new Float64Array(PROTOCOL_CELLS)) {
    this.cells = cells
    const histogramAt = (place: number): DurationHistogram => {
      const from = OUTCOME_CELLS + place * DURATION_CELLS
      return new DurationHistogram(cells.subarray(from, from + DURATION_CELLS))
    }
    this.durations = { http: histogramAt(0), grpc: histogramAt(1), resp: histogramAt(2) }
    this.readLate = { http: histogramAt(3), grpc: histogramAt(4), resp: histogramAt(5) }
  }

  count(protocol: IssuingProtocol, outcome: 'ok' | ErrorCode, calls: number): void {
    const at = cellOf(protocol, outcomeOf(outcome))
    this.cells[at] = (this.cells[at] ?? 0) + calls
  }

  read(protocol: IssuingProtocol, outcome: CallOutcome): number {
    return this.cells[cellOf(protocol, outcome)] ?? 0
  }
}

const OUTCOME_CELLS = ISSUING_PROTOCOLS.length * CALL_OUTCOMES.length
export const PROTOCOL_CELLS = OUTCOME_CELLS + 2 * ISSUING_PROTOCOLS.length * DURATION_CELLS

function cellOf(protocol: IssuingProtocol, outcome: CallOutcome): number {
  return FIRST_CELLS[protocol] + PLACES[outcome]
}

function outcomeOf(result: 'ok' | ErrorCode): CallOutcome {
  if (result === 'ok') return 'answered'
  return ERRORS[result].http >= 500 ? 'failed' : 'refused'
}

/** Written out: to search for them cost as much as the rest of a count, which is made for every tag of a burst. */
const FIRST_CELLS: Readonly<Record<IssuingProtocol, number>> = { http: 0, grpc: 3, resp: 6 }
const PLACES: Readonly<Record<CallOutcome, number>> = { answered: 0, failed: 1, refused: 2 }
