// Runs alone: each message must be there within a minute of its cause, and rates must be what was asked for.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startService } from '../fixtures/service-process.ts'
import { AlertCauses, ORDINARY_PER_SECOND } from './alert-causes.ts'
import { startAlerting, toldAt } from './alert-world.ts'
import { HEADERS, KEY } from './embedded-service.ts'
import { StoppablePostgres } from './stoppable-postgres.ts'
import { withoutPrograms } from './watch-programs.ts'

/**
 * Alerts on their whole way: a cause, the rules and the configuration as they are shipped, real programs, people.
 * Too many requests cannot come where too few do: promise-alerts-for-real.test.ts has them.
 */

/** */
const TOLD_WITHIN_MS = 60_000

/** An hour of ordinary calls, a day ago. */
function yesterday(): string {
  const name = 'idgen_generate_duration_seconds_count'
  const toSeconds = Math.floor(Date.now() / 1000) - 23 * 3600
  const lines = Array.from({ length: 140 }, (_, minute) => {
    const labels = 'job="idgen",instance="yesterday:9464"'
    return `${name}{${labels}} ${minute * 60 * ORDINARY_PER_SECOND} ${toSeconds - (140 - minute) * 60}`
  })
  return `# TYPE ${name} unknown\n${lines.join('\n')}\n# EOF\n`
}

async function until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > endsAtMs) throw new Error(`${what}: not within ${limitMs} ms`)
    await delay(100)
  }
}

async function start(t: TestContext) {
  const postgres = await StoppablePostgres.start(t)
  const service = await startService({
    IDGEN_DATABASE_URL: postgres.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    // What is in memory lies in one place, so that a tag can be taken to just before its end.
    IDGEN_SERVER_THREADS: '1',
  })
  t.after(() => service.stop('SIGTERM'))
  return { postgres, service, ...(await startAlerting(t, service, { past: yesterday() })) }
}

test('what R-3.1.2 names, but for too many requests, reaches people by e-mail and WeCom within a minute, and the audit log', {
  skip: withoutPrograms('prometheus', 'promtool', 'alertmanager'),
}, async (t) => {
  const { postgres, service, told, prometheus } = await start(t)
  const causes = new AlertCauses(service)
  t.after(() => causes.close())
  await causes.prepare()
  await until('a scrape', 30_000, async () => (await prometheus.query('up == 1')).length === 1)
  // Rates look back 40 s: as if the callers had come 25 s before.
  await causes.callersCome(25)
  await delay(20_000)
  assert.deepEqual([...toldAt(told).keys()], [], 'an ordinary day')

  const causedAt = new Map<string, number>()
  const cause = (alert: string): void => void causedAt.set(alert, Date.now())
  await causes.callersLeave()
  cause('IdgenQpsLow')
  cause('IdgenLatencyHigh')
  await causes.askForWhatTakesLong()
  cause('IdgenDatabaseUnreachable')
  await postgres.stop()
  cause('IdgenErrorsHigh')
  causes.askForWhatFails()
  cause('IdgenDegraded')
  await causes.drain()
  cause('IdgenSegmentNearlyOut')
  await causes.leaveLittle()

  // Beyond the minute, to tell by how much it was missed.
  const all = (): boolean => [...causedAt.keys()].every((alert) => toldAt(told).has(alert))
  await until('all alerts', 90_000, all).catch(() => {})
  await causes.stopFailing()
  const took = [...causedAt].map(
    ([alert, atMs]) => [alert, (toldAt(told).get(alert) ?? Number.NaN) - atMs] as const,
  )
  t.diagnostic(took.map(([alert, ms]) => `${alert} ${(ms / 1000).toFixed(0)} s`).join(', '))
  assert.deepEqual(
    took.filter(([, ms]) => !(ms > 0 && ms < TOLD_WITHIN_MS)),
    [],
  )
  assert.ok(told.mail.mails.every(({ to }) => to === 'on-call@example.com'))
  assert.ok(told.weCom.messages.every(({ toparty, agentid }) => toparty === '2' && agentid === '1000002'))

  await postgres.startAgain()
  await until('audit records', 60_000, async () => {
    const answer = await fetch(`${service.httpOrigin}/v1/audit?action=alert.firing`, { headers: HEADERS })
    if (!answer.ok) return false
    const { items } = (await answer.json()) as { items: { subject: string }[] }
    const written = new Set(items.map(({ subject }) => subject))
    return [...causedAt.keys()].every((alert) => written.has(alert))
  })
})
