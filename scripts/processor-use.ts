import { cpus } from 'node:os'

export interface ProcessorUse {
  readonly seconds: number
  /** Of the time of all processors, whoever used it; the rest was waited. */
  readonly busyPercent: number
}

/** Begins to count; call what it gives to read. `look` is for its test. */
export function processorUse(look: () => ProcessorLook = lookNow): () => ProcessorUse {
  const before = look()
  return () => {
    const { busyMs, nowMs, processors } = look()
    const wallMs = nowMs - before.nowMs
    return {
      seconds: wallMs / 1000,
      busyPercent: wallMs === 0 ? 0 : (100 * (busyMs - before.busyMs)) / (wallMs * processors),
    }
  }
}

export interface ProcessorLook {
  /** Of all processors together, since the machine started. */
  readonly busyMs: number
  readonly nowMs: number
  readonly processors: number
}

function lookNow(): ProcessorLook {
  const all = cpus()
  const busyMs = all.reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
  return { busyMs, nowMs: performance.now(), processors: all.length }
}
