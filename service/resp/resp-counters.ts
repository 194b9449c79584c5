/** What the RESP listener did since the start: plain numbers, which threads may add up. */
export interface RespCounters {
  /** Open now. */
  connections: number
  accepted: number
  /** Told that there are too many, and closed. */
  refused: number
  /** Answered, whatever the answer. */
  commands: number
  bytesIn: number
  bytesOut: number
  /** Connections ended because what came was not the protocol. */
  protocolErrors: number
  /** Connections ended because their client did not read its answers. */
  stalled: number
  /** Connections ended because a command, or a key, did not come in time. */
  late: number
}

export function newRespCounters(): RespCounters {
  return {
    connections: 0,
    accepted: 0,
    refused: 0,
    commands: 0,
    bytesIn: 0,
    bytesOut: 0,
    protocolErrors: 0,
    stalled: 0,
    late: 0,
  }
}
