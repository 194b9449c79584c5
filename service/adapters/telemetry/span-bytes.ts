import type { EndedSpan } from '../../core/ended-span.ts'

/** Bytes of memory that a span takes, about: names of facts and most names of spans are kept once for all of them. */
export function spanBytes({ name, facts, fault = '' }: EndedSpan): number {
  let bytes = BARE_BYTES + name.length + fault.length
  for (const value of Object.values(facts))
    bytes += SLOT_BYTES + (typeof value === 'string' ? value.length : 0)
  return bytes
}

/** What `tracing.queueMax` promises: most have less. Those with long texts take the room of several. */
export const SPAN_BYTES = 500

/** The object, and its two or three ids. */
const BARE_BYTES = 200
const SLOT_BYTES = 8
