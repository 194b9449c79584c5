/** What a client of HTTP/2 begins with (RFC 9113 section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Whether `bytes[0, end)` begins with it, may still, or does not. */
export function prefaceIn(bytes: Buffer, end: number): 'whole' | 'incomplete' | 'other' {
  const known = Math.min(end, PREFACE.length)
  if (PREFACE.compare(bytes, 0, known, 0, known) !== 0) return 'other'
  return known < PREFACE.length ? 'incomplete' : 'whole'
}

/** What a client of HTTP/1.1 is told that came to the wrong port; undefined: it is none. */
export function refusalOf(bytes: Buffer, end: number): string | undefined {
  const line = bytes.toString('latin1', 0, Math.min(end, LINE_BYTES))
  return /^[A-Z]{3,10} [^ ]* HTTP\/1/.test(line) ? NOT_HTTP2 : undefined
}

const LINE_BYTES = 2048
const TEXT = 'This port speaks gRPC (HTTP/2) only; the HTTP API is at server.http.port (8080).\n'
const NOT_HTTP2 = `HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${TEXT.length}\r\n\r\n${TEXT}`
