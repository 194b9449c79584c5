/** What a client of HTTP/2 begins with (RFC 9113 section 3.4). */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Whether `bytes[0, end)` begins with it, may still, or does not. */
export function prefaceIn(bytes: Buffer, end: number): 'whole' | 'incomplete' | 'other' {
  const known = Math.min(end, PREFACE.length)
  if (PREFACE.compare(bytes, 0, known, 0, known) !== 0) return 'other'
  return known < PREFACE.length ? 'incomplete' : 'whole'
}
