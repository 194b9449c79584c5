import type { IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import type { StatusReport } from '../app/instance-status.ts'
import type { Config } from '../config/keys.ts'
import { cleanLine } from '../core/clean-line.ts'

/** What doctor wants to know of the service that runs on this machine. Its texts are fit to be printed. */
export type RunningHere = Pick<StatusReport, 'instance' | 'version' | 'dataCentre' | 'ports' | 'installation'>

/** What answers as idgen on the metrics port of this configuration. undefined: nothing does, whatever does listen there. */
export async function runningHere({ server: { metrics } }: Config): Promise<RunningHere | undefined> {
  const { host, port, tls } = metrics
  try {
    return reportOf(await asked(`http${tls ? 's' : ''}://${placeOf(host)}:${port}/status`))
  } catch {
    return undefined
  }
}

/** @throws whatever is wrong with what answers */
async function asked(url: string): Promise<unknown> {
  // Only here: with Node's HTTP every other command would take 5 MB more, and longer.
  const { get } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
  const options = {
    agent: false,
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(ANSWER_MS),
    // The certificate is for the names that clients use, not for this address, and nothing secret is sent.
    rejectUnauthorized: false,
  }
  return await new Promise((resolve, reject) => {
    get(url, options, (answer) => {
      if (isReport(answer)) return resolve(json(answer))
      answer.destroy()
      reject(new Error('It is not idgen.'))
    }).on('error', reject)
  })
}

/** Idgen says how long its answer is. */
function isReport({ statusCode, headers }: IncomingMessage): boolean {
  return statusCode === 200 && Number(headers['content-length'] ?? Number.NaN) <= ANSWER_BYTES_MAX
}

/** Where a server that listens on every interface is reached from its own machine. */
function placeOf(host: string): string {
  if (host === '' || host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

function reportOf(answer: unknown): RunningHere | undefined {
  const { instance, version, dataCentre, ports, installation } = (answer ?? {}) as Partial<RunningHere>
  if (typeof instance !== 'string' || typeof version !== 'string' || typeof dataCentre !== 'number')
    return undefined
  if (typeof ports !== 'object' || ports === null) return undefined
  return {
    instance: printable(instance),
    version: printable(version),
    dataCentre,
    ports,
    ...(typeof installation === 'string' && { installation }),
  }
}

/** Whoever holds the port may say anything, and a terminal obeys some of it. */
export function printable(text: string): string {
  return cleanLine(JSON.stringify(text.slice(0, TEXT_MAX))).slice(1, -1)
}

/** It asks nobody else before it answers. */
const ANSWER_MS = 2000
/** A line or two for each tag in trouble; whatever answers with more is something else. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024
/** Of the longest name of a host and a process id. */
const TEXT_MAX = 270
