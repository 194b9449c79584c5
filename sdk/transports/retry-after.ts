/** Milliseconds of a Retry-After header (RFC 9110 section 10.2.3); undefined where it says nothing that can be read. */
export function retryAfterMs(header: string | undefined, wallMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000
  // Date.parse makes a date of nearly anything.
  const atMs = /^[A-Z][a-z]+, /.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - wallMs)
}
