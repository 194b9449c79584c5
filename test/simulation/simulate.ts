import { failureReport } from './failure-report.ts'
import { runSeed } from './run-seed.ts'
import { Tally } from './world/tally.ts'

/**
 * The long form: as many seeds as time allows, and a summary of what happened in them.
 *
 *     SIM_SEED=7      only this seed
 *     SEEDS=5000      so many (default: as many as fit into MINUTES)
 *     MINUTES=10      at most so long (default 5)
 *     FROM=100000     first seed (default 1001: the tests have those below)
 */
interface Total {
  seeds: number
  failed: number
  ids: number
  events: number
  virtualMs: number
  readonly tally: Tally
}

async function main(): Promise<void> {
  const only = number('SIM_SEED')
  const seeds = only === undefined ? (number('SEEDS') ?? Number.POSITIVE_INFINITY) : 1
  const endMs = performance.now() + (number('MINUTES') ?? DEFAULT_MINUTES) * MINUTE_MS
  const total: Total = { seeds: 0, failed: 0, ids: 0, events: 0, virtualMs: 0, tally: new Tally() }
  const startedMs = performance.now()
  let toldMs = startedMs
  for (let seed = only ?? number('FROM') ?? FIRST_SEED; total.seeds < seeds; seed += 1) {
    const result = await runSeed({ seed })
    total.seeds += 1
    total.ids += result.ids
    total.events += result.steps
    total.virtualMs += result.virtualMs
    total.tally.merge(result.tally)
    if (result.violation !== undefined) {
      total.failed += 1
      say(failureReport(result))
    }
    const nowMs = performance.now()
    if (nowMs - toldMs > TELL_EVERY_MS) {
      toldMs = nowMs
      say(progress(total, nowMs - startedMs))
    }
    if (nowMs > endMs && only === undefined) break
  }
  for (const [name, times] of total.tally.entries()) say(`${String(times).padStart(12)}  ${name}`)
  say(progress(total, performance.now() - startedMs))
  if (total.failed > 0) process.exitCode = 1
}

function progress({ seeds, failed, ids, events, virtualMs }: Total, tookMs: number): string {
  const minutes = tookMs / MINUTE_MS
  const rate = `${Math.round(seeds / minutes)} seeds × ${Math.round(ids / Math.max(1, seeds))} IDs per minute`
  const hours = (virtualMs / HOUR_MS).toFixed(1)
  return `${seeds} seeds, ${failed} failed, ${ids} IDs, ${events} events, ${hours} virtual hours in ${minutes.toFixed(1)} minutes: ${rate}`
}

/** @throws where the variable is there and no number */
function number(name: string): number | undefined {
  const text = process.env[name] ?? ''
  if (text === '') return undefined
  const value = Number(text)
  if (Number.isFinite(value) && value >= 0) return value
  throw new Error(`${name} must be a number from 0 on, not ${text}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

const DEFAULT_MINUTES = 5
const FIRST_SEED = 1001
const TELL_EVERY_MS = 10_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

await main()
