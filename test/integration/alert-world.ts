import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { ServiceProcess } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { HEADERS } from './embedded-service.ts'
import { MailCatcher } from './mail-catcher.ts'
import { PrometheusServer, startAlertmanager } from './watch-servers.ts'
import { WeComReceiver } from './we-com-receiver.ts'

const ROOT = join(import.meta.dirname, '../..')
const ACCOUNT = { corpId: 'ww0000000000000000', secret: 'the-secret-of-the-application' }
/** Rules as they are shipped. */
export const SHIPPED_RULES = join(ROOT, 'alerts/idgen.yaml')

export interface Told {
  readonly mail: MailCatcher
  readonly weCom: WeComReceiver
}

export interface Alerting {
  readonly told: Told
  readonly prometheus: PrometheusServer
}

interface AlertingOptions {
  /** In the place of the rules as they are shipped. */
  readonly rules?: string
  /** Series of the past. */
  readonly past?: string
  /** Watched beside the one that writes alerts into its audit log. */
  readonly others?: readonly Pick<ServiceProcess, 'metricsOrigin'>[]
  /** What Prometheus scrapes in the place of these processes as the job idgen. */
  readonly jobs?: readonly object[]
}

/** Prometheus and Alertmanager as they are shipped, which watch `service` and tell people; ended after the test. */
export async function startAlerting(
  t: TestContext,
  service: ServiceProcess,
  options: AlertingOptions = {},
): Promise<Alerting> {
  const folder = temporaryFolder('idgen-alerting-')
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
  const { rules, past, others = [], jobs = [plainJob([service, ...others])] } = options
  const file = rules === undefined ? SHIPPED_RULES : join(folder, 'rules.yaml')
  if (rules !== undefined) await writeFile(file, rules)
  const config = prometheusConfig(jobs, alertmanager, file)
  const prometheus = await PrometheusServer.start(t, {
    folder,
    config,
    ...(past === undefined ? {} : { past }),
  })
  return { told, prometheus }
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

/** As docs/alerts.md says it. */
function plainJob(services: readonly Pick<ServiceProcess, 'metricsOrigin'>[]): object {
  const targets = services.map(({ metricsOrigin }) => new URL(metricsOrigin).host)
  return { job_name: 'idgen', static_configs: [{ targets }] }
}

function prometheusConfig(jobs: readonly object[], alertmanager: string, rules: string): object {
  return {
    global: { scrape_interval: '5s' },
    rule_files: [rules],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: jobs,
  }
}

/** When people were told of each alert first, by both ways: the later of the two. */
export function toldAt({ mail, weCom }: Told): Map<string, number> {
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
