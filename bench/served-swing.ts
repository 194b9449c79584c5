import { setTimeout as pause } from 'node:timers/promises'
import type { LoadPlan } from '../service/load/load-plan.ts'
import { runLoad } from '../service/load/run-load.ts'
import { VERSION } from '../service/version.ts'
import { repeats } from './repeats.ts'
import { serveIdgen } from './serving-idgen.ts'
import { summed } from './soak-samples.ts'

/** A whole service whose threads answer a rate that jumps between two values, in real time. */
export interface ServedSwing {
  readonly step: { readonly base: number; readonly max: number }
  readonly threads: number
  /** IDs a second, in turns. */
  readonly rates: readonly [number, number]
  readonly halfMs: number
  /** How many of these spans. */
  readonly halves: number
}

export interface ServedOutcome {
  readonly issued: number
  /** IDs in shares that the main thread lent to its threads, and of these handed out. */
  readonly lent: number
  readonly used: number
  /** Numbers that the store granted. */
  readonly granted: number
  readonly switches: number
  readonly ready: number
  /** Of all spans, the worst. */
  readonly p99Ms: number
}

/** @throws when an ID was not given, or came twice */
export async function runServedSwing(swing: ServedSwing): Promise<ServedOutcome> {
  const { step, threads, rates, halfMs, halves } = swing
  const idgen = await serveIdgen({
    tags: 1,
    step,
    environment: { IDGEN_SERVER_THREADS: String(threads) },
  })
  try {
    let issued = 0
    let p99Ms = 0
    for (let half = 0; half < halves; half += 1) {
      const plan = planOf(idgen, rates[half % 2 === 0 ? 0 : 1], halfMs)
      const report = await runLoad(plan, {
        version: VERSION,
        onSecond: () => undefined,
        // The engine ends by itself when the time of the plan is over.
        stop: new AbortController().signal,
      })
      const [failed] = report.errors
      if (failed !== undefined) throw new Error(`${failed.count} × ${failed.code}: ${failed.example}`)
      if (report.check === undefined || repeats(report) !== 0)
        throw new Error(
          `${report.check?.duplicates} IDs came twice, ${report.check?.unchecked} were not looked up`,
        )
      // The first of each load is asked before it, and checked with it.
      issued += report.check.checked + report.check.unchecked
      p99Ms = Math.max(p99Ms, report.latency.p99)
    }
    return { issued, p99Ms, ...(await countedBy(idgen.service.metricsOrigin, issued)) }
  } finally {
    await idgen.end()
  }
}

/** As of the moment at which the threads have told all that they handed out, which they do once a second. */
async function countedBy(
  metricsOrigin: string,
  issued: number,
): Promise<Omit<ServedOutcome, 'issued' | 'p99Ms'>> {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    const metrics = await (await fetch(`${metricsOrigin}/metrics`)).text()
    const used = summed(metrics, 'idgen_thread_ids_used_total')
    if (used >= issued)
      return {
        used,
        granted: summed(metrics, 'idgen_segment_numbers_granted'),
        lent: summed(metrics, 'idgen_thread_ids_lent_total'),
        switches: summed(metrics, 'idgen_segment_switches_total'),
        ready: summed(metrics, 'idgen_segment_switches_ready_total'),
      }
    await pause(LOOK_MS)
  }
  throw new Error(`the threads did not tell of ${issued} IDs within ${(LOOKS_MAX * LOOK_MS) / 1000} s`)
}

function planOf(
  { service, key, tags }: Awaited<ReturnType<typeof serveIdgen>>,
  rate: number,
  durationMs: number,
): LoadPlan {
  return {
    target: { protocol: 'resp', host: '127.0.0.1', port: service.respPort ?? 0, tls: undefined },
    tags,
    key,
    threads: 1,
    connections: 8,
    pipeline: 128,
    batch: 1,
    form: 'text',
    command: 'incr',
    rate,
    requests: undefined,
    durationMs,
    warmUpMs: 0,
    check: true,
    spin: false,
  }
}

const LOOK_MS = 250
/** Half a minute. */
const LOOKS_MAX = 120
