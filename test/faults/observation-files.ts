import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import type { Observation } from './scenario.ts'

/** Where runs leave what they saw, for docs/reliability.md; ignored by git, removed by `make faults` before it runs. */
const FOLDER = join(import.meta.dirname, '../../coverage/faults')
const KILLS = join(FOLDER, 'kills')

export function keepObservation(observation: Observation): void {
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, `${observation.name}.json`), `${JSON.stringify(observation, undefined, 2)}\n`)
}

/** Processes that were killed again and again (kill.test.ts). */
export interface KillRun {
  readonly title: string
  readonly kills: number
  readonly ids: number
  readonly idsPerProtocol: Readonly<Record<string, number>>
  readonly duplicates: number
}

export function keepKillRun(name: string, run: KillRun): void {
  mkdirSync(KILLS, { recursive: true })
  writeFileSync(join(KILLS, `${name}.json`), `${JSON.stringify(run)}\n`)
}

/** Everything the processes said, beside it: for whoever looks for the cause of a failure. */
export function keepLogs(name: string, services: readonly Pick<ServiceProcess, 'pid' | 'log'>[]): void {
  const lines = services.flatMap(({ pid, log }) => [
    `process ${pid}`,
    ...log.map((line) => JSON.stringify(line)),
  ])
  writeFileSync(join(FOLDER, `${name}.log`), `${lines.join('\n')}\n`)
}

/** Of the last run. */
export function readObservations(): Observation[] {
  return readAll(FOLDER).map((text) => JSON.parse(text) as Observation)
}

export function readKillRuns(): KillRun[] {
  return readAll(KILLS).map((text) => JSON.parse(text) as KillRun)
}

function readAll(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
}
