import { DC_COUNT_MAX } from '../core/snowflake-layout.ts'

/** Stands for a client that says nothing of its data centre, or nothing that is one. */
export const UNKNOWN_DC = DC_COUNT_MAX

/** What clients send with every call: the number of the data centre they run in. HTTP header, and gRPC metadata; Redis clients say it by IDGEN.DC. */
export const CLIENT_DC_HEADER = 'idgen-client-dc'

/** 0..7, or UNKNOWN_DC. On the path of every ID: no allocation. */
export function clientDcOf(header: unknown): number {
  if (typeof header !== 'string' || header.length !== 1) return UNKNOWN_DC
  const dc = header.charCodeAt(0) - ZERO
  return dc >= 0 && dc < DC_COUNT_MAX ? dc : UNKNOWN_DC
}

/** Counts requests for IDs by the data centre of the client (R-2.2.2); that of the server is the process' own. */
export class DcTraffic {
  readonly serverDc: number
  readonly #requests = new Float64Array(UNKNOWN_DC + 1)

  constructor(serverDc: number) {
    this.serverDc = serverDc
  }

  /** `clientDc` as clientDcOf says. */
  count(clientDc: number, requests: number): void {
    this.#requests[clientDc] = (this.#requests[clientDc] ?? 0) + requests
  }

  /** Data centres whose clients sent requests, by their label: "0".."7", "unknown". */
  each(tell: (clientDc: string, requests: number) => void): void {
    for (const [dc, requests] of this.#requests.entries())
      if (requests > 0) tell(dc === UNKNOWN_DC ? 'unknown' : String(dc), requests)
  }
}

const ZERO = 48
