// Runs alone: each message must be there within a minute of its cause, and rates must be what was asked for.

import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { AlertCauses, ORDINARY_PER_SECOND } from './alert-causes.ts'
import { HEADERS, KEY } from './embedded-service.ts'
import { MailCatcher } from './mail-catcher.ts'
import { StoppablePostgres } from './stoppable-postgres.ts'
import { withoutPrograms } from './watch-programs.ts'
import { PrometheusServer, startAlertmanager } from './watch-servers.ts'
import { WeComReceiver } from './we-com-receiver.ts'

/** Alerts on their whole way: a cause, the rules and the configuration as they are shipped, real programs, people. */

const ROOT = join(import.meta.dirname, '../..')
const ACCOUNT = { corpId: 'ww0000000000000000', secret: 'the-secret-of-the-application' }
/** */
const TOLD_WITHIN_MS = 60_000

interface Told {
  readonly mail: MailCatcher
  readonly weCom: WeComReceiver
}

/** alerts/alertmanager.yaml, with the addresses of this test in the place of yours. */
async function alertmanagerText(folder: string, { mail, weCom }: Told, service: Address): Promise<string> {
  const secrets = join(folder, 'secrets')
  const files = {
    'smtp-password': MAIL_PASSWORD,
    'idgen-key': service.alertKey,
    'ca.pem': mail.certificate.cert,
  }
  await mkdir(secrets)
  for (const [name, text] of Object.entries(files)) await writeFile(join(secrets, name), text)
  const example = await readFile(join(ROOT, 'alerts/alertmanager.yaml'), 'utf8')
  return [
    ['mail.example.com:587', `${mail.address}\n  smtp_tls_config: { ca_file: ${join(secrets, 'ca.pem')} }`],
    ['https://qyapi.weixin.qq.com/cgi-bin/', weCom.apiUrl],
    ['https://idgen.example.com', service.origin],
    ['/etc/alertmanager/secrets', secrets],
  ].reduce((text, [from = '', to = '']) => {
    assert.ok(text.includes(from), from)
    return text.replaceAll(from, to)
  }, example)
}

const MAIL_USER = 'idgen@example.com'
const MAIL_PASSWORD = 'a password of mail'

interface Address {
  readonly origin: string
  readonly alertKey: string
}

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

/** As docs/alerts.md says it. */
function prometheusConfig(metrics: string, alertmanager: string): object {
  return {
    global: { scrape_interval: '5s' },
    rule_files: [join(ROOT, 'alerts/idgen.yaml')],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [{ job_name: 'idgen', static_configs: [{ targets: [new URL(metrics).host] }] }],
  }
}

/** When people were told of each alert first, by both ways: the later of the two. */
function toldAt({ mail, weCom }: Told): Map<string, number> {
  const first = (messages: readonly { atMs: number; text: string }[]): Map<string, number> => {
    const found = new Map<string, number>()
    for (const { atMs, text } of messages)
      for (const [, name = ''] of text.matchAll(/\[FIRING:\d+\] (Idgen[A-Za-z]+)/g))
        if (!found.has(name)) found.set(name, atMs)
    return found
  }
  const byMail = first(mail.mails)
  const byWeCom = first(weCom.messages.map(({ atMs, content }) => ({ atMs, text: content })))
  return new Map(
    [...byMail].flatMap(([name, atMs]) => {
      const other = byWeCom.get(name)
      return other === undefined ? [] : [[name, Math.max(atMs, other)] as const]
    }),
  )
}

async function until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > endsAtMs) throw new Error(`${what}: not within ${limitMs} ms`)
    await delay(100)
  }
}

async function start(t: TestContext) {
  const folder = temporaryFolder('idgen-service-')
  const postgres = await StoppablePostgres.start(t)
  const service = await startService({
    IDGEN_DATABASE_URL: postgres.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_SERVER_RESP_ENABLED: 'true',
    // What is in memory lies in one place, so that a tag can be taken to just before its end.
    IDGEN_SERVER_THREADS: '1',
  })
  t.after(() => service.stop('SIGTERM'))
  const made = await fetch(`${service.httpOrigin}/v1/keys`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ name: 'alertmanager', scopes: ['alert'] }),
  })
  const { key: alertKey } = (await made.json()) as { key: string }
  const told: Told = {
    mail: await MailCatcher.start(t, MAIL_USER, MAIL_PASSWORD),
    weCom: await WeComReceiver.start(t, ACCOUNT),
  }
  const text = await alertmanagerText(folder, told, { origin: service.httpOrigin, alertKey })
  const alertmanager = await startAlertmanager(t, folder, text)
  const config = prometheusConfig(service.metricsOrigin, alertmanager)
  const prometheus = await PrometheusServer.start(t, { folder, config, past: yesterday() })
  return { postgres, service, told, prometheus }
}

test('what R-3.1.2 names reaches people by e-mail and WeCom within a minute, and the audit log', {
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
  cause('IdgenQpsHigh')
  await causes.askForMillions()
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
