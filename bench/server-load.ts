import type { ChildProcess } from 'node:child_process'
import { ask, type BenchServer, cpuMicrosOf } from './bench-processes.ts'
import type { Listening } from './http-servers.ts'
import type { Cost } from './interleaved-rounds.ts'
import type { LoadResult, LoadRound } from './load-process.ts'

/** What a server under measurement is asked: all of a round but where it listens. */
export type ServerLoad = Omit<LoadRound, 'port' | 'tag' | 'key'>

/** One round of a load on a server: its processor time per request, and the requests a second. */
export async function costPerRequest(
  load: ChildProcess,
  server: BenchServer<Listening>,
  asked: ServerLoad,
): Promise<Cost> {
  const before = await cpuMicrosOf(server.process)
  const { answers, ms } = await runOn(load, server, asked)
  const micros = ((await cpuMicrosOf(server.process)) - before) / answers
  return { micros, perSecond: (answers / ms) * 1000 }
}

export async function runOn(
  load: ChildProcess,
  { listening }: BenchServer<Listening>,
  asked: ServerLoad,
): Promise<LoadResult> {
  const { port, tag, key } = listening
  return ask<LoadResult>(load, { ...asked, port, tag, key } satisfies LoadRound)
}
