import { ANNOTATIONS } from '../api/marks.ts'
import type { PodsSeen } from '../core/canary-observation.ts'
import { type PodCounters, readExposition } from '../core/exposition.ts'
import { PORTS } from '../render/names.ts'
import type { BoundedGet, ServerTrust } from './bounded-get.ts'
import type { Pod } from './kube-kinds.ts'

export interface Scraping {
  readonly get: BoundedGet
  /** For pods whose metrics port speaks TLS. */
  readonly trust: ServerTrust
  readonly signal: AbortSignal
}

/** Reads the metrics of all pods that are ready, a few at a time. */
export async function scrapePods(pods: readonly Pod[], { get, trust, signal }: Scraping): Promise<PodsSeen> {
  const counters = new Map<string, PodCounters>()
  const errors: string[] = []
  const waiting = pods.filter(isReady)
  const scrapeNext = async (): Promise<void> => {
    for (let pod = waiting.shift(); pod !== undefined; pod = waiting.shift())
      try {
        const text = await get(metricsUrl(pod), { ...LIMITS, trust }, signal)
        counters.set(pod.metadata.uid, readExposition(text))
      } catch (thrown) {
        signal.throwIfAborted()
        errors.push(`${pod.metadata.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
      }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, scrapeNext))
  return { counters, errors: errors.sort() }
}

function isReady({ metadata, status }: Pod): boolean {
  return (
    metadata.deletionTimestamp === undefined &&
    status?.podIP !== undefined &&
    status.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true
  )
}

function metricsUrl({ metadata, status }: Pod): string {
  const scheme = metadata.annotations?.[ANNOTATIONS.metricsScheme] === 'https' ? 'https' : 'http'
  const ip = status?.podIP ?? ''
  return `${scheme}://${ip.includes(':') ? `[${ip}]` : ip}:${PORTS.metrics}/metrics`
}

/** 256 pods of which none answers take 48 s, and then the canary has other troubles. */
const AT_A_TIME = 16
/** A pod that needs longer to say how it is has a problem; half a megabyte is a thousand tags. */
const LIMITS = { timeoutMs: 3000, maxBytes: 8 * 1024 * 1024 }
