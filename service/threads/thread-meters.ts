import { UNKNOWN_DC } from '../app/dc-traffic.ts'
import { PROTOCOL_CELLS } from '../app/protocol-counts.ts'
import { LIMITED_KINDS, type LimitedKind, noRefusals } from '../app/rate-limits.ts'
import { DURATION_CELLS } from '../core/duration-histogram.ts'
import type { HeapUse } from '../ports/heap-use.ts'
import { newRespCounters, type RespCounters } from '../resp/resp-counters.ts'
import type { PassRefusal } from './pass-on.ts'

/** Numbers of one protocol thread that the main thread reads along; one writer each. */
export class ThreadMeters {
  readonly memory: SharedArrayBuffer
  /** How long requests waited, as DurationHistogram keeps it. */
  readonly durations: Float64Array
  /** Of the listener, which writes them as it would its own. */
  readonly counters: RespCounters
  /** Requests refused by a rate limit. */
  readonly refused: Record<LimitedKind, number>
  /** Calls by the data centre of their client (app/dc-traffic.ts). */
  readonly clients: Float64Array
  /** Calls for IDs, as ProtocolCounts keeps them. */
  readonly protocols: Float64Array
  readonly #cells: Float64Array

  constructor(
    memory = new SharedArrayBuffer(
      (FIELDS + CLIENTS + PROTOCOL_CELLS + DURATION_CELLS) * Float64Array.BYTES_PER_ELEMENT,
    ),
  ) {
    this.memory = memory
    this.#cells = new Float64Array(memory, 0, FIELDS)
    this.counters = keptIn(this.#cells.subarray(OWN), newRespCounters())
    this.refused = keptIn(this.#cells.subarray(OWN + COUNTERS), noRefusals())
    this.clients = new Float64Array(memory, FIELDS * Float64Array.BYTES_PER_ELEMENT, CLIENTS)
    const protocols = FIELDS + CLIENTS
    this.protocols = new Float64Array(memory, protocols * Float64Array.BYTES_PER_ELEMENT, PROTOCOL_CELLS)
    this.durations = new Float64Array(memory, (protocols + PROTOCOL_CELLS) * Float64Array.BYTES_PER_ELEMENT)
  }

  /** Raised twice a second: a thread that does not is stuck. */
  get beats(): number {
    return this.#cells[0] ?? 0
  }

  beat(): void {
    this.#cells[0] = this.beats + 1
  }

  /** Requests that were answered after they had to wait. */
  get late(): number {
    return this.#cells[1] ?? 0
  }

  countLate(requests: number): void {
    this.#cells[1] = this.late + requests
  }

  /** How late the thread came to its work, at worst, lately (TurnWatch); milliseconds. */
  get worstLateMs(): number {
    return this.#cells[2] ?? 0
  }

  set worstLateMs(ms: number) {
    this.#cells[2] = ms
  }

  /** As it was at the last beat; nothing before the first. */
  get heap(): HeapUse {
    return { usedBytes: this.#cells[HEAP] ?? 0, collectedMs: this.#cells[HEAP + 1] ?? 0 }
  }

  set heap({ usedBytes, collectedMs }: HeapUse) {
    this.#cells[HEAP] = usedBytes
    this.#cells[HEAP + 1] = collectedMs
  }

  /** Questions for the main thread that had no place, by why (PassOn). */
  unpassed(why: PassRefusal): number {
    return this.#cells[UNPASSED[why]] ?? 0
  }

  countUnpassed(why: PassRefusal): void {
    this.#cells[UNPASSED[why]] = this.unpassed(why) + 1
  }

  /** Callers that it knew by their keys (KnownKeys). */
  get keyHits(): number {
    return this.#cells[KEY_HITS] ?? 0
  }

  countKeyHit(): void {
    this.#cells[KEY_HITS] = this.keyHits + 1
  }

  countClients(clientDc: number, calls: number): void {
    this.clients[clientDc] = (this.clients[clientDc] ?? 0) + calls
  }
}

/** Behind beats, requests that waited, and the worst lateness. */
const UNPASSED: Readonly<Record<PassRefusal, number>> = { full: 3, address: 4 }
/** Two of them. */
const HEAP = 5
const KEY_HITS = 7
const OWN = 8
const CLIENTS = UNKNOWN_DC + 1
const COUNTERS = Object.keys(newRespCounters()).length
const FIELDS = OWN + COUNTERS + LIMITED_KINDS.length

/** Counters whose values stand in `cells`, in the order of their names. */
function keptIn<T extends object>(cells: Float64Array, counters: T): T {
  for (const [at, name] of Object.keys(counters).entries())
    Object.defineProperty(counters, name, {
      enumerable: true,
      get: () => cells[at] ?? 0,
      set: (value: number) => {
        cells[at] = value
      },
    })
  return counters
}
