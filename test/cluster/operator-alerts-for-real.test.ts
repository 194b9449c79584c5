// Runs alone: each message must be there within a minute of its cause.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { KINDS, OPTIONAL_KINDS } from '../../operator/render/object-kinds.ts'
import type { KubeObject } from '../../operator/runtime/resource.ts'
import { type SelfSigned, selfSigned } from '../fixtures/self-signed.ts'
import { type ServiceProcess, startService } from '../fixtures/service-process.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'
import { startAlerting } from '../integration/alert-world.ts'
import { CausedAlerts } from '../integration/caused-alerts.ts'
import { KEY } from '../integration/embedded-service.ts'
import { testDatabase } from '../integration/postgres-server.ts'
import { withoutPrograms } from '../integration/watch-programs.ts'
import { until } from './cluster-world.ts'
import { installDefinitions } from './custom-resources.ts'
import { define, foreignDefinitions } from './foreign-kinds.ts'
import { GeneratorWorld, QUICK_CANARY, told } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'
import { testCertificate } from './test-certificate.ts'

/**
 * What an operator says of an IdGenerator, of its pods and of itself, on its whole way to people: the rules are those that a
 * real operator writes into a real API server, and the chart's.
 */

const foreign = foreignDefinitions()
const skip =
  missingPrograms('kube-apiserver', 'kube-controller-manager') ??
  ('missing' in foreign ? foreign.missing : withoutPrograms('prometheus', 'alertmanager'))

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** How long what waits by purpose must hold, as it is shipped. The wait would be most of what the test does. */
const PATIENT: Readonly<Record<string, string>> = {
  IdgenOperatorDown: '2m',
  IdgenPodNotReady: '2m',
  IdgenReplicasMissing: '5m',
}
const HELD = '10s'
const CHART_RULES = join(import.meta.dirname, '../../charts/idgen/files/operator-rules.yaml')
const SECRET = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }
/** Two of three days are over: a third of its life is left. */
const LASTING = selfSigned('lasting')
/** Seven of 55 hours are left. */
const ENDING = selfSigned('ending', { endMs: Date.now() + 7 * HOUR_MS })

interface Rules extends KubeObject {
  readonly spec: { readonly groups: readonly { readonly rules: { readonly alert: string; for: string }[] }[] }
}

/** Those of the IdGenerator and those of the chart, the patient ones less so. */
async function rulesInUse(world: GeneratorWorld): Promise<string> {
  const written = await world.find<Rules>(KINDS.PrometheusRule, 'orders')
  assert.ok(written !== undefined)
  // As the chart puts the release's names in (charts/idgen/tests/network_test.yaml).
  const text = readFileSync(CHART_RULES, 'utf8')
    .replace('RELEASE_NAMESPACE', 'idgen')
    .replace('OPERATOR_SERVICE', 'idgen-operator')
  const chart = parse(text) as Rules['spec']
  const groups = [...written.spec.groups, ...chart.groups]
  const patient = groups.flatMap(({ rules }) => rules).filter(({ alert }) => alert in PATIENT)
  assert.deepEqual(Object.fromEntries(patient.map((rule) => [rule.alert, rule.for])), PATIENT)
  for (const rule of patient) rule.for = HELD
  return stringify({ groups })
}

/** Files of the operator's certificate. */
class PortFiles {
  readonly folder = temporaryFolder('idgen-operator-alerts-')
  readonly cert = join(this.folder, 'tls.crt')
  readonly key = join(this.folder, 'tls.key')
  /** Of both certificates that the port ever shows. */
  readonly authorities = join(this.folder, 'ca.crt')

  async write({ cert, key }: SelfSigned): Promise<void> {
    for (const [file, text] of [
      [this.authorities, `${LASTING.cert}${ENDING.cert}`],
      [this.key, key],
      [this.cert, cert],
    ] as const) {
      await writeFile(`${file}.new`, text)
      await rename(`${file}.new`, file)
    }
  }
}

/** As they stand in the Secret of an IdGenerator; it ends when `daysLeft` of its 90 days are over. */
function podCertificate(namespace: string, daysLeft: number): Readonly<Record<string, string>> {
  const madeMs = Date.now() - (90 - daysLeft) * DAY_MS
  const { ca, cert, key } = testCertificate('orders', namespace, randomBytes, madeMs)
  return { 'ca.crt': ca, 'tls.crt': cert, 'tls.key': key }
}

async function startWorld(t: TestContext, port: PortFiles) {
  const api = await KubeApi.start()
  await api.startControllers()
  await installDefinitions(api.client())
  const kinds = OPTIONAL_KINDS.map((name) => KINDS[name])
  if ('files' in foreign) await define(api.client(), foreign.files, kinds)
  const world = await GeneratorWorld.start(api)
  t.after(async () => {
    await world.close()
    await api.close()
  })
  await world.createSecret('own', podCertificate(world.namespace, 60))
  const operator = await world.startOperator({
    IDGEN_OPERATOR_STATUS_CERT: port.cert,
    IDGEN_OPERATOR_STATUS_KEY: port.key,
  })
  await world.applyGenerator(SPEC)
  await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
  return { world, operator }
}

const SPEC = { canary: QUICK_CANARY, tls: { secretName: 'own' }, monitoring: { interval: '5s' } }

/** Two processes that are scraped as two of its pods. */
async function startPods(t: TestContext): Promise<readonly [ServiceProcess, ServiceProcess]> {
  const database = await testDatabase()
  const environment = {
    IDGEN_DATABASE_URL: database.url,
    IDGEN_AUTH_ADMIN_KEY: KEY,
    IDGEN_SERVER_THREADS: '1',
  }
  const pods = [await startService(environment), await startService(environment)] as const
  t.after(() => Promise.all(pods.map((pod) => pod.stop('SIGKILL'))))
  t.after(() => database.drop())
  return pods
}

/** Secrets of people are not watched: the operator looks at them when it looks at the IdGenerator, at most every ten seconds. */
async function endPodCertificate(world: GeneratorWorld): Promise<void> {
  const before = (await world.generator()).status?.certificateNotAfter
  await world.patch(SECRET, 'own', { stringData: podCertificate(world.namespace, 3) })
  let looks = 0
  await until('the operator has read it', async () => {
    looks += 1
    await world.annotate({ 'example.com/look': String(looks) })
    return (await world.generator()).status?.certificateNotAfter !== before
  })
}

test('what an operator says of an IdGenerator, its pods and itself reaches people by e-mail and WeCom within a minute', {
  skip,
}, async (t) => {
  const port = new PortFiles()
  await port.write(LASTING)
  const { world, operator } = await startWorld(t, port)
  const { namespace } = world
  const pods = await startPods(t)
  const names = world.node.pods.map(({ metadata }) => metadata.name)
  const { told: people, prometheus } = await startAlerting(t, pods[0], {
    rules: await rulesInUse(world),
    jobs: [
      {
        job_name: 'idgen-operator',
        scheme: 'https',
        tls_config: { ca_file: port.authorities, server_name: 'localhost' },
        static_configs: [{ targets: [operator.host], labels: { namespace: 'idgen' } }],
      },
      {
        job_name: 'orders',
        static_configs: pods.map(({ metricsOrigin }, at) => ({
          targets: [new URL(metricsOrigin).host],
          labels: { namespace, pod: names[at] },
        })),
      },
    ],
  })
  await until('all are scraped', async () => (await prometheus.query('up == 1')).length === 3)

  const alerts = new CausedAlerts()
  alerts.caused('IdgenRolloutFailed')
  world.crashing.add('idgen:bad')
  await world.applyGenerator({ ...SPEC, image: 'idgen:bad' })
  alerts.caused('IdgenPodNotReady')
  await pods[1].stop('SIGKILL')
  alerts.caused('IdgenOperatorCertificateEnds')
  await port.write(ENDING)
  alerts.caused('IdgenCertificateEnds')
  await endPodCertificate(world)
  await world.becomes('it is rolled back', (it) => told(it, 'Stalled') === 'True RolledBack')
  // A fourth pod that no node has room for.
  alerts.caused('IdgenReplicasMissing')
  world.node.fates = (pod) => (names.includes(pod.metadata.name) ? 'ready' : 'starts')
  await world.applyGenerator({ ...SPEC, image: 'idgen:bad', replicas: 4 })

  await alerts.assertTold(t, people)

  const end = new CausedAlerts()
  end.caused('IdgenOperatorDown')
  await operator.end('SIGKILL')
  await end.assertTold(t, people)
})
