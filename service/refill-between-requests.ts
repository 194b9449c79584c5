import type { UuidV4 } from './core/uuid-v4.ts'

/** Refills the pool in the next turn of the event loop, so that no request pays for the UUIDs of others. */
export function betweenRequests({ pool }: UuidV4): () => void {
  let planned = false
  return () => {
    if (planned || !pool.needsRefill()) return
    planned = true
    setImmediate(() => {
      planned = false
      pool.refill()
    })
  }
}
