// Runs beside others: it waits half a minute where a store takes seconds, and asserts on no time.

import assert from 'node:assert/strict'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type Authority, authority, selfSigned } from '../fixtures/self-signed.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { encryptedStores } from './encrypted-stores.ts'

/** Half a minute, for a busy machine. */
const TRIES_MAX = 600

test('stores are reached over TLS, and one whose certificate nobody signed is refused in plain words', {
  timeout: 120_000,
}, async (t) => {
  const certificate = selfSigned('stores')
  const folder = temporaryFolder('idgen-authorities-')
  const [right, wrong] = [join(folder, 'right.pem'), join(folder, 'wrong.pem')]
  await writeFile(right, certificate.cert)
  await writeFile(wrong, selfSigned('somebody else').cert)
  const clients = authority('clients')
  const stores = await encryptedStores(t, certificate, clients)
  const begin = async (
    authorities: { database: string; etcd: string; redis: string },
    more: Readonly<Record<string, string>> = {},
  ) => {
    const service = await startService({
      IDGEN_DATABASE_URL: stores.databaseUrl.replace('127.0.0.1', 'localhost'),
      IDGEN_DATABASE_TLS_CA: authorities.database,
      IDGEN_ETCD_ENDPOINTS: stores.etcdUrl,
      IDGEN_ETCD_TLS_CA: authorities.etcd,
      IDGEN_REDIS_ENDPOINTS: stores.redisUrl,
      IDGEN_REDIS_TLS_CA: authorities.redis,
      ...more,
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

  const closedEtcd = async (signer: Authority | undefined) => {
    const file = await mkdtemp(join(folder, 'own-'))
    const own = signer?.sign('idgen', [])
    if (own !== undefined)
      for (const part of ['cert', 'key'] as const) await writeFile(join(file, part), own[part])
    return {
      IDGEN_ETCD_ENDPOINTS: stores.closedEtcdUrl,
      ...(own && { IDGEN_ETCD_TLS_CERT: join(file, 'cert'), IDGEN_ETCD_TLS_KEY: join(file, 'key') }),
    }
  }
  const known = { database: right, etcd: right, redis: right }

  await t.test('etcd that asks for certificates of clients is used with one', async () => {
    const service = await begin(known, await closedEtcd(clients))
    await until(async () => (await degraded(service)) === '', 'nothing is in trouble')
    assert.equal(await service.stop('SIGTERM'), 0)
  })

  await t.test('etcd that asks for certificates of clients refuses others, and it is said', async () => {
    for (const [signer, said] of [
      [undefined, /it takes only clients that show a certificate: set etcd\.tls\.cert/],
      [authority('strangers'), /it does not take the certificate of etcd\.tls\.cert/],
    ] as const) {
      const service = await begin(known, await closedEtcd(signer))
      await until(async () => said.test(await degraded(service)), String(said))
      assert.equal(await service.stop('SIGTERM'), 0)
    }
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
