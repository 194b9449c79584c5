// Runs beside others: the alert has twice the time it took; what a neighbour delays is tried again alone.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { ownCertificate } from '../../operator/certificates/own-certificate.ts'
import { SERVER_LIFE_MS } from '../../operator/certificates/renewal-decision.ts'
import { decoded } from '../../operator/certificates/secret-data.ts'
import { startService } from '../fixtures/service-process.ts'
import { startAlerting } from '../integration/alert-world.ts'
import { CausedAlerts } from '../integration/caused-alerts.ts'
import { KEY } from '../integration/embedded-service.ts'
import { testDatabase } from '../integration/postgres-server.ts'
import { withoutPrograms } from '../integration/watch-programs.ts'
import { until } from './cluster-world.ts'
import { installDefinitions } from './custom-resources.ts'
import { GeneratorWorld } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

/** A certificate of pods that nobody renewed, on its whole way to people: what the operator itself makes it renews. */

const DAY_MS = 86_400_000

/** As people bring it, in a Secret of theirs; made so long ago. */
function certificate(namespace: string, agoMs: number): Record<string, string> {
  const made = ownCertificate(
    { generator: 'orders', namespace, dnsNames: [], authority: undefined, certificate: undefined },
    {
      nowMs: Date.now() - agoMs,
      newKeys: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      randomBytes,
    },
  )
  return { ...decoded(made.certificate) }
}

async function start(t: TestContext) {
  const api = await KubeApi.start()
  const started = GeneratorWorld.start(api)
  t.after(async () => {
    await (await started).close()
    await api.close()
  })
  await installDefinitions(api.client())
  return await started
}

test('a certificate of pods that ends soon reaches people by e-mail and WeCom within a minute', {
  skip: missingPrograms('kube-apiserver') ?? withoutPrograms('prometheus', 'alertmanager'),
}, async (t) => {
  const database = await testDatabase()
  const service = await startService({ IDGEN_DATABASE_URL: database.url, IDGEN_AUTH_ADMIN_KEY: KEY })
  t.after(() => service.stop('SIGKILL'))
  t.after(() => database.drop())
  const world = await start(t)
  await world.createSecret('good', certificate(world.namespace, 0))
  await world.createSecret('old', certificate(world.namespace, SERVER_LIFE_MS - 3 * DAY_MS))
  await world.applyGenerator({ tls: { secretName: 'good' } })
  const operator = await world.startOperator()
  await until('the operator listens', () => operator.host !== undefined)
  const { told, prometheus } = await startAlerting(t, service, { operators: [operator.host ?? ''] })
  const end = 'idgen_operator_certificate_expiry_seconds - time() > 7 * 86400'
  await until(
    'a scrape of a certificate that is good',
    async () => (await prometheus.query(end)).length === 1,
  )
  const alerts = new CausedAlerts()

  alerts.caused('IdgenCertificateEnds')
  await world.applyGenerator({ tls: { secretName: 'old' } })
  await alerts.assertTold(t, told)
})
