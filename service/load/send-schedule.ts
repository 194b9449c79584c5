/**
 * When requests are to be sent. Times are milliseconds of one clock that never goes back; a request whose moment has
 * come and that no connection had room for waits, and its latency counts from that moment.
 *
 *     closed loop   whenever there is room: the moment is now
 *     open loop     request k at begin + k / rate, whatever the answers do
 *
 * That is what keeps a stall of the server visible: a load that waits for the answer before it sends the next request
 * asks least while the server is slow, and its percentiles leave out just those moments (Gil Tene, "How NOT to Measure
 * Latency": coordinated omission).
 */
export class SendSchedule {
  readonly #order: SendOrder
  #beginMs = Number.POSITIVE_INFINITY
  #endMs = Number.NEGATIVE_INFINITY
  #sent = 0

  constructor(order: SendOrder) {
    this.#order = order
  }

  get sent(): number {
    return this.#sent
  }

  /** The last moment at which something can be due. */
  get lastMs(): number {
    return this.#endMs - 0.001
  }

  begin(nowMs: number): void {
    this.#beginMs = nowMs + this.#order.offsetMs
    this.#endMs = nowMs + this.#order.durationMs
  }

  /** Nothing is due any more. */
  stop(nowMs: number): void {
    this.#endMs = Math.min(this.#endMs, nowMs)
  }

  /** True once nothing will ever be due. */
  isOver(nowMs: number): boolean {
    return nowMs >= this.#endMs || this.#sent >= this.#order.requests
  }

  /** How many requests are to be sent now, where there is room for so many. */
  due(nowMs: number, room: number): number {
    if (this.isOver(nowMs) || nowMs < this.#beginMs) return 0
    const left = Math.min(room, this.#order.requests - this.#sent)
    return Math.min(left, this.#reached(nowMs) - this.#sent)
  }

  /** Takes one that is due, and returns its moment. */
  take(nowMs: number): number {
    const k = this.#sent
    this.#sent += 1
    const { perSecond } = this.#order
    return perSecond === undefined ? nowMs : this.#beginMs + (k * 1000) / perSecond
  }

  /** How many should have been sent by now, or by the end, and were not: the load was not reached. */
  missed(nowMs: number): number {
    if (this.#order.perSecond === undefined) return 0
    const wanted = Math.min(this.#reached(Math.min(nowMs, this.lastMs)), this.#order.requests)
    return Math.max(0, wanted - this.#sent)
  }

  /** Requests whose moment has come. */
  #reached(nowMs: number): number {
    const { perSecond } = this.#order
    if (perSecond === undefined) return Number.POSITIVE_INFINITY
    return Math.floor(((nowMs - this.#beginMs) * perSecond) / 1000) + 1
  }
}

export interface SendOrder {
  /** undefined: closed loop. */
  readonly perSecond: number | undefined
  /** At most so many; Infinity: as many as the duration takes. */
  readonly requests: number
  readonly durationMs: number
  /** The first one later by so much, so that threads do not all send at the same moments. */
  readonly offsetMs: number
}
