import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { ask, BenchProcesses } from './bench-processes.ts'
import { drawFlame } from './draw-flame.ts'
import { BATCH, type Listening, startGrpcIdgen, startHttpIdgen } from './http-servers.ts'
import type { LoadResult, LoadRound } from './load-process.ts'
import { startRespIdgen } from './resp-servers.ts'
import type { ServerLoad } from './server-load.ts'

/**
 * Where the time of one load goes: the service over memory stores in this process, under the sampling profiler, asked by the
 * load process. Writes coverage/flame-<load>.svg and the .cpuprofile that the tools of browsers read.
 *
 *     node bench/flame.ts http | http-text | http-runs | resp | grpc | grpc-stream | grpc-text [--save]
 *
 * --save: into docs/pictures/ too, where docs/performance.md shows it.
 */
interface Profiled extends ServerLoad {
  readonly start: () => Promise<Listening>
}

const MANY = { connections: 8, pipeline: 4, batch: BATCH } as const
const LOADS: Readonly<Record<string, Profiled>> = {
  http: { start: startHttpIdgen, protocol: 'http', connections: 32, pipeline: 1, requests: 100_000 },
  'http-text': { start: startHttpIdgen, protocol: 'http', ...MANY, requests: 20_000 },
  'http-runs': { start: startHttpIdgen, protocol: 'http', ...MANY, form: 'runs', requests: 60_000 },
  resp: { start: startRespIdgen, protocol: 'resp', connections: 50, pipeline: 16, requests: 2_000_000 },
  grpc: { start: startGrpcIdgen, protocol: 'grpc', connections: 4, pipeline: 16, requests: 100_000 },
  'grpc-stream': {
    start: startGrpcIdgen,
    protocol: 'grpc-stream',
    connections: 4,
    pipeline: 16,
    requests: 200_000,
  },
  'grpc-text': { start: startGrpcIdgen, protocol: 'grpc', ...MANY, requests: 20_000 },
}
/** Everything is compiled by then. */
const WARM_UP_SHARE = 0.3
/** Finer samples would slow what they measure. */
const SAMPLE_MICROS = 250
const FOLDER = join(import.meta.dirname, '../coverage')
const PICTURES = join(import.meta.dirname, '../docs/pictures')

const name = process.argv[2] ?? 'http'
const profiled = LOADS[name]
if (profiled === undefined) {
  console.error(`There is no load ${JSON.stringify(name)}: write one of ${Object.keys(LOADS).join(', ')}.`)
  process.exit(2)
}
const { start, ...asked } = profiled
const { port, tag, key } = await start()
const processes = new BenchProcesses()
try {
  const load = processes.start('load-process.ts')
  const round: LoadRound = { ...asked, port, tag, key }
  await ask<LoadResult>(load, { ...round, requests: Math.ceil(asked.requests * WARM_UP_SHARE) })
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: SAMPLE_MICROS })
  await session.post('Profiler.start')
  const { answers, ms } = await ask<LoadResult>(load, round)
  const { profile } = await session.post('Profiler.stop')
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `flame-${name}`)
  writeFileSync(`${path}.cpuprofile`, JSON.stringify(profile))
  const svg = drawFlame(`${name}: ${answers} answers in ${(ms / 1000).toFixed(1)} s`, profile)
  writeFileSync(`${path}.svg`, svg)
  if (process.argv.includes('--save')) writeFileSync(join(PICTURES, `flame-${name}.svg`), svg)
  console.log(`coverage/flame-${name}.svg, and coverage/flame-${name}.cpuprofile for a browser's tools`)
} finally {
  processes.endAll()
}
process.exit()
