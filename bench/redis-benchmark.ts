import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Cost } from './interleaved-rounds.ts'
import { processMicros } from './thread-times.ts'

/** Who is asked. */
export interface RespSubject {
  readonly pid: number
  readonly port: number
  /** Empty: it asks for none. */
  readonly key: string
}

export interface RespCommands {
  readonly pipeline: number
  readonly requests: number
  /** INCR of this; `__rand_int__` in it is replaced by twelve digits, one of a hundred numbers. */
  readonly tag: string
  /** Of redis-benchmark. With one, it is full itself at a million commands a second, pipeline 16. */
  readonly clientThreads: number
}

export const CONNECTIONS = 50
const run = promisify(execFile)

/** Why there is no redis-benchmark; undefined: there is one. */
export async function redisBenchmarkMissing(): Promise<string | undefined> {
  try {
    await run('redis-benchmark', ['--version'])
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : 'it does not start'
  }
}

/** One run of redis-benchmark, with the processor time of the server per command. */
export async function redisBenchmark(
  { pid, port, key }: RespSubject,
  { pipeline, requests, tag, clientThreads }: RespCommands,
): Promise<Cost> {
  const before = await processMicros(pid)
  const load = ['-c', CONNECTIONS, '-n', requests, '-P', pipeline].map(String)
  const threads = clientThreads === 1 ? [] : ['--threads', String(clientThreads)]
  const auth = key === '' ? [] : ['-a', key]
  const random = tag.includes('__rand_int__') ? ['-r', '100'] : []
  const words = ['-p', String(port), '-q', ...load, ...threads, ...auth, ...random, 'INCR', tag]
  const { stdout } = await run('redis-benchmark', words)
  const perSecond = Number(/([\d.]+) requests per second/.exec(stdout)?.[1])
  if (!(perSecond > 0)) throw new Error(`redis-benchmark measured nothing: ${stdout.slice(-300)}`)
  return { micros: ((await processMicros(pid)) - before) / requests, perSecond }
}
