import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { IdCalls } from '../fixtures/id-calls.ts'
import { IssuedIds } from '../fixtures/issued-ids.ts'
import { makeTags } from '../fixtures/load-client.ts'
import { PacedLoad } from '../fixtures/paced-load.ts'
import { auditRows } from './audit-rows.ts'
import { distinct } from './distinct-texts.ts'
import { meetTags } from './first-ids.ts'
import { ADMIN_KEY, Installation } from './installation.ts'
import { metricChanges, readMetrics } from './metric-changes.ts'
import { mostRequestsPerSecond } from './most-load.ts'
import { keepLogs, keepObservation } from './observation-files.ts'
import {
  FORM,
  NUMERIC_TAGS,
  type Observation,
  type Scenario,
  type Stage,
  TAGS,
  type Times,
} from './scenario.ts'
import { judge } from './scenario-verdict.ts'
import { ServiceWatch } from './service-watch.ts'

/**
 * Runs one scenario and judges it:
 *
 *     start ─ warm up ─┬─ fault ── holdS ──┬─ healed ── until normal ── QUIET_MS ─┬─ stop, count, judge
 *                  metrics 1           metrics 2                              metrics 3
 */
export async function runScenario(t: TestContext, scenario: Scenario): Promise<Observation> {
  const installation = await Installation.start(t, scenario.installation)
  await scenario.prepare?.(installation)
  const stage = await startLoad(t, scenario, installation)
  const watch = new ServiceWatch(installation.services)
  watch.start()
  t.after(() => watch.stop())
  await pause(WARM_UP_MS)
  const times = await goThrough(scenario, stage, watch)
  await stage.load.stop()
  watch.stop()
  const observation = await observe(scenario, stage, watch, times)
  // Kept before it is judged: what went wrong is what somebody wants to read.
  keepObservation(observation)
  keepLogs(scenario.name, installation.launched)
  tell(t, observation)
  const unready = watch.unready(times.faultMs, Number.POSITIVE_INFINITY)
  await judge(scenario, stage, observation, unready)
  return observation
}

async function startLoad(t: TestContext, scenario: Scenario, installation: Installation): Promise<Stage> {
  const issued = new IssuedIds()
  const measured = new Map<string, string>()
  await makeAllTags(installation)
  const requestsPerSecond = await rate(scenario, installation, issued, measured)
  const load = new PacedLoad({
    services: installation.services,
    key: ADMIN_KEY,
    issued,
    tags: Object.keys(TAGS),
    numericTags: NUMERIC_TAGS,
    requestsPerSecond,
    ...(scenario.answerLimitS === undefined ? {} : { limitMs: scenario.answerLimitS * 1000 }),
  })
  for (const service of installation.services) await meetTags({ load, issued }, service)
  load.start()
  t.after(() => load.stop())
  return { installation, load, issued, measured, requestsPerSecond }
}

async function makeAllTags(installation: Installation): Promise<void> {
  const calls = new IdCalls(ADMIN_KEY, 6000, () => false)
  await makeTags(calls, installation.service(0), TAGS)
  calls.close()
}

async function rate(
  { halfOfTheMost }: Scenario,
  { services }: Installation,
  issued: IssuedIds,
  measured: Map<string, string>,
): Promise<number> {
  if (halfOfTheMost !== true) return RATE
  const most = await mostRequestsPerSecond(services, issued)
  measured.set('most requests a second, measured before', most.toFixed(0))
  return Math.floor(most / 2)
}

async function goThrough(scenario: Scenario, stage: Stage, watch: ServiceWatch): Promise<Times> {
  const { installation } = stage
  await scenario.beforeFault?.(stage)
  const before = await readMetrics(installation.services)
  const linesBefore = new Map(installation.services.map(({ pid, log }) => [pid, log.length]))
  const faultAt = new Date()
  const faultMs = performance.now()
  await scenario.inject(stage)
  const restMs = (scenario.holdS ?? HOLD_S) * 1000 - (performance.now() - faultMs)
  if (restMs > 0) await pause(restMs)
  const during = await readMetrics(installation.services)
  const healMs = performance.now()
  await scenario.heal?.(stage)
  const healedMs = performance.now()
  const normalMs = await untilNormal(stage, watch, healedMs, (scenario.normalWithinS ?? NORMAL_S) * 1000)
  const after = await readMetrics(installation.services)
  return { faultMs, faultAt, healMs, healedMs, normalMs, metrics: [before, during, after], linesBefore }
}

/** Normal: for QUIET_MS no request was degraded or failed and every /readyz was plainly well. */
async function untilNormal(
  { load }: Stage,
  watch: ServiceWatch,
  healedMs: number,
  limitMs: number,
): Promise<number | undefined> {
  while (performance.now() < healedMs + limitMs + QUIET_MS) {
    await pause(POLL_MS)
    const unusualMs = Math.max(
      healedMs,
      load.timeline.lastUnusual(healedMs) ?? 0,
      watch.lastUnwell(healedMs) ?? 0,
    )
    if (performance.now() - unusualMs >= QUIET_MS) return unusualMs
  }
  return undefined
}

async function observe(
  scenario: Scenario,
  { installation, load, issued, measured, requestsPerSecond }: Stage,
  watch: ServiceWatch,
  times: Times,
): Promise<Observation> {
  const { faultMs, healMs, healedMs, normalMs, faultAt, metrics } = times
  const endMs = performance.now()
  const silence = Object.keys(TAGS).map(
    (tag) => [tag, load.timeline.longestSilence(tag, faultMs, normalMs ?? endMs)] as const,
  )
  return {
    name: scenario.name,
    title: scenario.title,
    form: FORM,
    requestsPerSecond,
    faultS: Math.round((healMs - faultMs) / 1000),
    ids: issued.total,
    idsPerProtocol: Object.fromEntries(issued.perSource),
    duplicates: issued.duplicates().length,
    during: load.timeline.between(faultMs, healMs),
    afterwards: load.timeline.between(healMs, endMs),
    longestSilenceMs: Object.fromEntries(silence),
    normalAfterMs: normalMs === undefined ? undefined : Math.round(normalMs - healedMs),
    measured: Object.fromEntries(measured),
    readyz: watch.degraded(faultMs, endMs),
    metrics: metricChanges(...metrics),
    log: distinct(
      installation.launched.flatMap(({ pid, log }) => warnings(log.slice(times.linesBefore.get(pid) ?? 0))),
    ),
    audit: await auditRows(installation.postgres.primary, faultAt),
  }
}

function warnings(lines: readonly Record<string, unknown>[]): string[] {
  return lines
    .filter(({ level, text }) => level === 'warn' || level === 'error' || text !== undefined)
    .map(({ level, msg, text, code }) =>
      text === undefined
        ? `${level}: ${msg}${typeof code === 'string' ? ` ${code}` : ''}`
        : `not JSON: ${String(text)}`,
    )
}

function tell(t: TestContext, observation: Observation): void {
  const { ids, duplicates, during, normalAfterMs, measured } = observation
  const { answered, degraded, failed } = during
  t.diagnostic(
    `${ids} IDs, ${duplicates} twice; during the fault ${answered} answered (${degraded} degraded), ${failed} failed; normal after ${normalAfterMs} ms`,
  )
  for (const [fact, value] of Object.entries(measured)) t.diagnostic(`${fact}: ${value}`)
}

/** A second; what a busy machine still does without an effort. */
const RATE = 200
const HOLD_S = 8
const NORMAL_S = 30
const WARM_UP_MS = 2000
const POLL_MS = 100
/** Longer than a round of probes of the router (1 s) and of /readyz (0.5 s). */
const QUIET_MS = 3000
