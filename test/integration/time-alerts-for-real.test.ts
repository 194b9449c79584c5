// Runs beside others: it waits; people were told as soon with a load of twenty on two cores as without, after 43 s of the minute.

import { type TestContext, test } from 'node:test'
import { steppedClock, steppedClockMissing } from '../faults/stepped-clock.ts'
import { freePort } from '../fixtures/free-ports.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { until } from '../fixtures/until.ts'
import { startAlerting } from './alert-world.ts'
import { AuditReceiver } from './audit-receiver.ts'
import { CausedAlerts, rulesWith } from './caused-alerts.ts'
import { KEY } from './embedded-service.ts'
import { testEtcd } from './etcd-server.ts'
import { testDatabase } from './postgres-server.ts'
import { TimeAlertCauses } from './time-alert-causes.ts'
import { withoutPrograms } from './watch-programs.ts'

/**
 * Time, worker ids and the second store on their whole way to people; and the audit log's receiver, since the database's
 * part of the same alerts comes in other files: a second process with the trouble of a first is told of after a minute.
 */

/** Of the two processes with many worker ids: in all they hold more than a twentieth of the 256. */
const WORKER_IDS = 8

async function start(t: TestContext) {
  const [etcd, database, other] = await Promise.all([testEtcd(), testDatabase(), testDatabase()])
  const proxied = async (url: string): Promise<TcpProxy> => {
    const { hostname, port } = new URL(url)
    return await TcpProxy.start({ host: hostname, port: Number(port) })
  }
  const [endpoint = ''] = etcd.endpoints
  const [toEtcd, toDatabase] = await Promise.all([proxied(endpoint), proxied(other.url)])
  const receiver = new AuditReceiver(t)
  const receiverPort = await receiver.start(0)
  const clock = steppedClockMissing() === undefined ? temporaryFolder('idgen-clock-') : undefined
  const services: ServiceProcess[] = []
  const begin = async (more: Record<string, string>): Promise<ServiceProcess> => {
    const common = {
      IDGEN_AUTH_ADMIN_KEY: KEY,
      IDGEN_SERVER_THREADS: '1',
      // Else a start asks etcd, which on a busy machine may be late with its first answer.
      IDGEN_DATACENTER_ID: '0',
    }
    const service = await startService({ ...common, ...more })
    services.push(service)
    return service
  }
  t.after(() => Promise.all(services.map((service) => service.stop('SIGKILL'))))
  t.after(() => Promise.all([toEtcd.close(), toDatabase.close()]))
  t.after(() => Promise.all([etcd.close(), database.drop(), other.drop()]))
  const withMany = {
    IDGEN_ETCD_ENDPOINTS: endpoint,
    IDGEN_ETCD_PREFIX: '/two',
    IDGEN_SERVER_WORKER_IDS: String(WORKER_IDS),
  }
  const [service, second] = await Promise.all([
    begin({
      IDGEN_DATABASE_URL: database.url,
      IDGEN_ETCD_ENDPOINTS: toEtcd.through(endpoint).replace(/\/$/, ''),
      IDGEN_ETCD_PREFIX: '/one',
      // Allocations go on below the ceiling for as long as the test lasts.
      IDGEN_WITNESS_HEADROOM: '10000',
      IDGEN_AUDIT_OTLP_ENDPOINT: `http://127.0.0.1:${receiverPort}/v1/logs`,
      IDGEN_AUDIT_OTLP_QUEUE_MAX: '500',
    }),
    begin({
      ...withMany,
      IDGEN_DATABASE_URL: toDatabase.through(other.url),
      IDGEN_SNOWFLAKE_RENEW_EVERY: '1s',
      ...(clock === undefined ? {} : steppedClock.environment(clock)),
    }),
  ])
  const metricsPort = await freePort()
  const startThird = async (): Promise<void> => {
    await begin({
      ...withMany,
      IDGEN_DATABASE_URL: other.url,
      IDGEN_SERVER_METRICS_PORT: String(metricsPort),
    })
  }
  // Those that wait for minutes by purpose (docs/alerts.md says why of each) wait for seconds here.
  const rules = await rulesWith({
    IdgenWorkerIdMissing: { for: ['1m', '10s'] },
    IdgenTimeCopyBehind: { for: ['5m', '10s'] },
    // Thirteen processes would be needed.
    IdgenWorkerIdsShort: { for: ['1m', '10s'], expr: ['> 0.8 * 256', '> 0.05 * 256'] },
  })
  const others = [second, { metricsOrigin: `http://127.0.0.1:${metricsPort}` }]
  const alerting = await startAlerting(t, service, { rules, others })
  const causes = new TimeAlertCauses(service, receiver)
  t.after(() => causes.close())
  return { causes, toEtcd, toDatabase, clock, startThird, ...alerting }
}

test('what ends the time to stamp reaches people by e-mail and WeCom within a minute', {
  skip: withoutPrograms('prometheus', 'alertmanager'),
}, async (t) => {
  const { causes, toEtcd, toDatabase, clock, startThird, told, prometheus } = await start(t)
  await causes.prepare()
  const well = `idgen_witness_ok == 1 and on (instance) idgen_time_copy_ok == 1
    and on (instance) idgen_audit_otlp_records_total{outcome="refused"} == 0`
  await until('two scraped processes', async () => (await prometheus.query(well)).length === 2)
  const alerts = new CausedAlerts()

  await startThird()
  alerts.caused('IdgenWorkerIdsShort')
  await causes.untilRenewalIsNear(() => {
    alerts.caused('IdgenTimeGrantEnds', 'IdgenWorkerIdMissing', 'IdgenWitnessUnavailable')
    toEtcd.set('hold')
    return () => toEtcd.set('pass')
  })
  alerts.caused('IdgenTimeCopyBehind')
  await toDatabase.close()
  if (clock !== undefined) {
    alerts.caused('IdgenClockOff')
    steppedClock.step(clock, 5)
  }
  alerts.caused('IdgenAuditRecordsDropped')
  await causes.recordWhatIsRefused()
  alerts.caused('IdgenAuditQueueFills')
  await causes.recordMoreThanHalf()

  await alerts.assertTold(t, told)
})
