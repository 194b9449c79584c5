import type { StatusReport } from '../app/instance-status.ts'
import type { Config } from '../config/keys.ts'

/** What doctor wants to know of the service that runs on this machine. */
export type RunningHere = Pick<StatusReport, 'instance' | 'version' | 'dataCentre' | 'ports'>

/** What answers as idgen on the metrics port of this configuration. undefined: nothing does, whatever does listen there. */
export async function runningHere({ server: { metrics } }: Config): Promise<RunningHere | undefined> {
  try {
    const response = await fetch(`http://${placeOf(metrics.host)}:${metrics.port}/status`, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    const length = Number(response.headers.get('content-length') ?? Number.NaN)
    // Idgen says how long its answer is.
    if (response.ok && length <= ANSWER_BYTES_MAX) return reportOf(await response.json())
    await response.body?.cancel()
    return undefined
  } catch {
    return undefined
  }
}

/** Where a server that listens on every interface is reached from its own machine. */
function placeOf(host: string): string {
  if (host === '' || host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function reportOf(answer: unknown): RunningHere | undefined {
  const { instance, version, dataCentre, ports } = (answer ?? {}) as Partial<RunningHere>
  if (typeof instance !== 'string' || typeof version !== 'string' || typeof dataCentre !== 'number')
    return undefined
  if (typeof ports !== 'object' || ports === null) return undefined
  return { instance, version, dataCentre, ports }
}

/** It asks nobody else before it answers. */
const ANSWER_MS = 2000
/** A line or two for each tag in trouble; whatever answers with more is something else. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024
