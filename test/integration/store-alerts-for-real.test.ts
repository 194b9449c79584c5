// Runs beside others: it waits; people were told as soon with a load of twenty on two cores as without, after 44 s of the minute.

import { type TestContext, test } from 'node:test'
import { startService } from '../fixtures/service-process.ts'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import { until } from '../fixtures/until.ts'
import { startAlerting } from './alert-world.ts'
import { CausedAlerts, rulesWith } from './caused-alerts.ts'
import { KEY } from './embedded-service.ts'
import { testDatabase } from './postgres-server.ts'
import { testRedis } from './redis-server.ts'
import { StoreAlertCauses } from './store-alert-causes.ts'
import { withoutPrograms } from './watch-programs.ts'

/** A database that is locked and a Redis that is gone, on their whole way to people. */

async function start(t: TestContext) {
  const [database, redis] = await Promise.all([testDatabase(), testRedis()])
  const { hostname, port } = new URL(redis.endpoints[0] ?? '')
  const toRedis = await TcpProxy.start({ host: hostname, port: Number(port) })
  const starting = startService({
    IDGEN_DATABASE_URL: database.url,
    IDGEN_DATABASE_POOL_MAX: '4',
    IDGEN_DATABASE_POOL_MIN: '1',
    // Nobody gives up while the database is locked.
    IDGEN_DATABASE_POOL_ACQUIRE_TIMEOUT: '2m',
    IDGEN_SEGMENT_REFILL_DEADLINE: '1m',
    IDGEN_SERVER_GENERATE_DEADLINE: '1m',
    IDGEN_REDIS_ENDPOINTS: toRedis.through(redis.endpoints[0] ?? ''),
    // A busy machine is no Redis that is away.
    IDGEN_REDIS_TIMEOUT: '2s',
    // A hundredth of it, one request in each round, is enough to be told to Redis.
    IDGEN_LIMITS_PER_TAG: '100',
    IDGEN_LIMITS_SHARED: 'true',
    IDGEN_LIMITS_SETTLE_EVERY: '1s',
    IDGEN_AUDIT_QUEUE_MAX: '200',
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_SERVER_THREADS: '1',
  })
  t.after(async () => void (await (await starting.catch(() => undefined))?.stop('SIGKILL')))
  t.after(() => toRedis.close())
  const service = await starting
  const causes = new StoreAlertCauses(service, database.url)
  t.after(() => causes.close())
  t.after(() => database.drop())
  // Those that wait for minutes by purpose (docs/alerts.md says why of each) wait for seconds here.
  const rules = await rulesWith({
    IdgenDatabasePoolExhausted: { for: ['1m', '10s'] },
    IdgenRedisUnreachable: { for: ['5m', '10s'] },
    IdgenRateLimitsNotShared: { expr: ['> 300', '> 2.5'] },
  })
  return { toRedis, causes, ...(await startAlerting(t, service, { rules })) }
}

test('a locked database and a Redis that is gone reach people by e-mail and WeCom within a minute', {
  skip: withoutPrograms('prometheus', 'alertmanager'),
}, async (t) => {
  const { toRedis, causes, told, prometheus } = await start(t)
  await causes.prepare()
  const well = 'idgen_redis_ok == 1 and idgen_database_pool_waiting == 0 and idgen_generate_waiting == 0'
  await until('a scrape of a service that is well', async () => (await prometheus.query(well)).length === 1)
  const alerts = new CausedAlerts()

  alerts.caused('IdgenDateNearlyUsed')
  await causes.useNearlyAllOfTheDate()
  alerts.caused('IdgenRedisUnreachable', 'IdgenRateLimitsNotShared')
  await toRedis.close()
  alerts.caused('IdgenDatabasePoolExhausted', 'IdgenRequestsWait')
  await causes.lockSegments()
  await causes.askForWhatIsLocked()
  alerts.caused('IdgenAuditQueueFills')
  await causes.recordMoreThanHalf()

  await alerts.assertTold(t, told)
})
