import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { selfSigned } from '../fixtures/self-signed.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { encryptedStores } from './encrypted-stores.ts'

const TRIES_MAX = 200

test('stores are reached over TLS, and one whose certificate nobody signed is refused in plain words', {
  timeout: 120_000,
}, async (t) => {
  const certificate = selfSigned('stores')
  const folder = await mkdtemp(join(tmpdir(), 'idgen-authorities-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const [right, wrong] = [join(folder, 'right.pem'), join(folder, 'wrong.pem')]
  await writeFile(right, certificate.cert)
  await writeFile(wrong, selfSigned('somebody else').cert)
  const stores = await encryptedStores(t, certificate)
  const begin = async (authorities: { database: string; etcd: string; redis: string }) => {
    const service = await startService({
      IDGEN_DATABASE_URL: stores.databaseUrl.replace('127.0.0.1', 'localhost'),
      IDGEN_DATABASE_TLS_CA: authorities.database,
      IDGEN_ETCD_ENDPOINTS: stores.etcdUrl,
      IDGEN_ETCD_TLS_CA: authorities.etcd,
      IDGEN_REDIS_ENDPOINTS: stores.redisUrl,
      IDGEN_REDIS_TLS_CA: authorities.redis,
    })
    t.after(() => service.stop('SIGTERM'))
    return service
  }

  await t.test('all three are used where their certificates are known', async () => {
    const service = await begin({ database: right, etcd: right, redis: right })
    await until(async () => (await degraded(service)) === '', 'nothing is in trouble')
    const { encrypted, plain } = await stores.sessions()
    assert.ok(encrypted > 0)
    assert.equal(plain, 0)
    assert.equal(await service.stop('SIGTERM'), 0)
  })

  await t.test('a database with a foreign certificate is refused, and the start fails', async () => {
    await assert.rejects(
      begin({ database: wrong, etcd: right, redis: right }),
      /its certificate is not trusted/,
    )
  })

  await t.test('Redis with a foreign certificate is left alone, and said to be', async () => {
    const service = await begin({ database: right, etcd: right, redis: wrong })
    await until(async () => (await degraded(service)).includes('self-signed certificate'), 'Redis is named')
    assert.equal(await service.stop('SIGTERM'), 0)
  })

  await t.test('etcd with a foreign certificate is refused, and said to be', async () => {
    const said = await begin({ database: right, etcd: wrong, redis: right }).then(
      async (service) => {
        await until(async () => /etcd/.test(await degraded(service)), 'etcd is named')
        return JSON.stringify(service.log)
      },
      (error: unknown) => String(error),
    )
    assert.match(said, /self-signed certificate/)
  })
})

/** What /readyz says is in trouble. */
async function degraded({ metricsOrigin }: ServiceProcess): Promise<string> {
  const report = (await (await fetch(`${metricsOrigin}/readyz`)).json()) as { degraded: object[] }
  return report.degraded.map((one) => JSON.stringify(one)).join('\n')
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !(await holds()); tries += 1) {
    assert.ok(tries < TRIES_MAX, `not so: ${what}`)
    await pause(50)
  }
}
