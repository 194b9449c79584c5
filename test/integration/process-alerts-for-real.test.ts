// Runs beside others: each alert has twice the time it took; what a neighbour delays is tried again alone.

import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { startAlerting } from './alert-world.ts'
import { CausedAlerts, rulesWith } from './caused-alerts.ts'
import { KEY } from './embedded-service.ts'
import { testDatabase } from './postgres-server.ts'
import { ProcessAlertCauses, RESP_CONNECTIONS } from './process-alert-causes.ts'
import { withoutPrograms } from './watch-programs.ts'

/** A process that does badly, and one that is gone, on their whole way to people. */

async function start(t: TestContext) {
  const folder = temporaryFolder('idgen-process-alerts-')
  const files = { cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), fault: join(folder, 'fault') }
  const causes = new ProcessAlertCauses(files)
  t.after(() => causes.close())
  await causes.showGoodCertificate()
  const database = await testDatabase()
  t.after(() => database.drop())
  const service = await startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_SERVER_THREADS: '2',
    IDGEN_SERVER_RESP_ENABLED: 'true',
    IDGEN_SERVER_RESP_MAX_CONNECTIONS: String(RESP_CONNECTIONS),
    IDGEN_SERVER_HTTPS_PORT: '0',
    IDGEN_SERVER_HTTPS_CERT: files.cert,
    IDGEN_SERVER_HTTPS_KEY: files.key,
    IDGEN_SERVER_HTTPS_REDIRECT: 'false',
    NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, '../fixtures/thread-fault.ts')).href}`,
    THREAD_FAULT: files.fault,
  })
  causes.service = service
  // It waits for a minute by purpose (docs/alerts.md says why), and for seconds here.
  const rules = await rulesWith({ IdgenEventLoopSlow: { for: ['1m', '10s'] } })
  return { service, causes, ...(await startAlerting(t, service, { rules })) }
}

test('a process that does badly, and one that is gone, reach people by e-mail and WeCom within a minute', {
  skip: withoutPrograms('prometheus', 'alertmanager'),
}, async (t) => {
  const { service, causes, told, prometheus } = await start(t)
  // A counter must be seen before it grows: what it has at the first scrape is no increase.
  const seen = `idgen_thread_deaths_total == 0
    and on (instance) idgen_connections_refused_total{protocol="resp",reason="full"} == 0
    and on (instance) idgen_thread_unpassed_total{reason="address"} == 0`
  await until('a scrape', async () => (await prometheus.query(seen)).length === 1)
  const alerts = new CausedAlerts()

  alerts.caused('IdgenEventLoopSlow')
  causes.takeProcessorAway()
  alerts.caused('IdgenServedCertificateEnds')
  await causes.showCertificateThatEnds()
  alerts.caused('IdgenThreadDied')
  await causes.endThread()
  alerts.caused('IdgenConnectionsRefused')
  await causes.connectTooOften()
  alerts.caused('IdgenManagementRefused')
  await causes.manageTooMuch()
  await alerts.assertTold(t, told)

  await causes.giveProcessorBack()
  const end = new CausedAlerts()
  end.caused('IdgenDown')
  await service.stop('SIGKILL')
  await end.assertTold(t, told)
})
