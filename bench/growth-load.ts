import type { LoadPlan } from '../service/load/load-plan.ts'
import type { LoadReport } from '../service/load/load-report.ts'
import { runLoad } from '../service/load/run-load.ts'
import { VERSION } from '../service/version.ts'
import { repeats } from './repeats.ts'
import { processMicros } from './thread-times.ts'

/** A load on a real process and what that used meanwhile. */
export interface LoadedProcess {
  readonly report: LoadReport
  /** Processor time of the process for an ID. */
  readonly micros: number
}

export type GrowthPlan = Pick<LoadPlan, 'tags' | 'key' | 'connections' | 'pipeline' | 'durationMs'> & {
  readonly protocol: 'resp' | 'http' | 'grpc'
  readonly port: number
  readonly rate?: number
  readonly requests?: number
}

/** @throws when anything but IDs came back: a bench that measures errors measures nothing */
export async function loadProcess(pid: number, asked: GrowthPlan): Promise<LoadedProcess> {
  const { protocol, port, tags, key, connections, pipeline, durationMs, rate, requests } = asked
  const before = await processMicros(pid)
  const report = await runLoad(
    {
      target: { protocol, host: '127.0.0.1', port, tls: undefined },
      tags,
      key,
      threads: 1,
      connections,
      pipeline,
      batch: 1,
      form: 'text',
      command: 'incr',
      rate,
      requests,
      durationMs,
      warmUpMs: 0,
      check: true,
      spin: false,
    },
    // The engine ends by itself when the time of the plan is over.
    { version: VERSION, onSecond: () => undefined, stop: new AbortController().signal },
  )
  const [failed] = report.errors
  if (failed !== undefined) throw new Error(`${failed.count} × ${failed.code}: ${failed.example}`)
  const twice = repeats(report)
  if (twice !== 0)
    throw new Error(Number.isNaN(twice) ? 'not all IDs were looked up' : `${twice} IDs came twice`)
  return { report, micros: ((await processMicros(pid)) - before) / report.ids }
}
