import type { ServerResponse } from 'node:http'

/**
 * Writes answers with status 200 whose fields are known to be plain: names of ours, values of ours or of checked words.
 *
 *     HTTP/1.1 200 OK␍␊ x-request-id: …␍␊ … content-length: 57␍␊ Date: …␍␊ Connection: keep-alive␍␊ Keep-Alive: timeout=72, max=…␍␊ ␍␊
 *                      └── fields of this answer ──────────────┘└── tail: as Node wrote it behind the last answer of writeHead ───┘
 *
 * Node's writeHead checks and copies each field, which was 7 % of what one ID costs. So one answer a second, which brings the
 * tail up to date, and each that ends its connection are written by writeHead; those between take over its tail. For that the
 * property `_header` is read and set, which Node does not document: where it does not read as expected (another version of
 * Node), every answer is written by writeHead (decision 0051).
 */
export class ReadyHead {
  #tail = ''
  #tailSecond = Number.NaN

  /** `fields`: a line each, "name: value␍␊". `nowMs`: of the wall clock. Only for Latin-1 bodies. */
  send(response: ServerResponse, fields: string, body: string, nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    const open = response as OpenResponse
    if (second === this.#tailSecond && open.shouldKeepAlive && open.maxRequestsOnConnectionReached !== true) {
      open._header = STATUS + fields + this.#tail
    } else {
      response.writeHead(200, pairsOf(fields))
      this.#learn(open, fields, second)
    }
    response.end(body, 'latin1')
  }

  #learn({ _header: head, shouldKeepAlive }: OpenResponse, fields: string, second: number): void {
    const begin = STATUS + fields
    if (typeof head !== 'string' || !shouldKeepAlive || !head.startsWith(begin)) return
    const tail = head.slice(begin.length)
    // Of one that ends its connection all the same, the others must not take over that it does.
    if (!OPEN_TAIL.test(tail)) return
    this.#tail = tail
    this.#tailSecond = second
  }
}

/** What Node's ServerResponse has beside what its types say. */
type OpenResponse = ServerResponse & {
  /** The text of the head once it is made; sent with the first piece of the body. */
  _header?: string | null
  maxRequestsOnConnectionReached?: boolean
}

const STATUS = 'HTTP/1.1 200 OK\r\n'
const OPEN_TAIL =
  /^Date: [A-Za-z0-9:, ]+ GMT\r\nConnection: keep-alive\r\nKeep-Alive: timeout=\d+(?:, max=\d+)?\r\n\r\n$/

function pairsOf(fields: string): string[] {
  return fields
    .split('\r\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const colon = line.indexOf(': ')
      return [line.slice(0, colon), line.slice(colon + 2)]
    })
}
