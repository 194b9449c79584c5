import { randomUUID } from 'node:crypto'
import { pinoOperatorLog } from './pino-operator-log.ts'
import { adminKeysInUse } from './reconcile/admin-keys-in-use.ts'
import { slimBizTag, startBizTags } from './reconcile/biz-tag-start.ts'
import { certificatesInUse } from './reconcile/certificates-in-use.ts'
import { GeneratorCaches } from './reconcile/generator-caches.ts'
import { revisionsOf } from './reconcile/generator-picture.ts'
import { startGenerators } from './reconcile/generator-start.ts'
import type { OperatorLog } from './reconcile/operator-log.ts'
import { SystemClock } from './runtime/clock.ts'
import { EventRecorder } from './runtime/event-recorder.ts'
import { HttpKubeClient } from './runtime/http-kube-client.ts'
import type { KubeClient } from './runtime/kube-client.ts'
import { loadConnection } from './runtime/kubeconfig.ts'
import { LeaderElector } from './runtime/leader-elector.ts'
import { LeadingClient } from './runtime/leading-client.ts'
import { RuntimeMetrics } from './runtime/metrics.ts'
import { OperatorRuntime } from './runtime/operator-runtime.ts'
import type { ReflectorWatcher } from './runtime/reflector.ts'
import { objectKey } from './runtime/resource.ts'
import { ServedCertificate } from './runtime/served-certificate.ts'
import { watchStatusCertificate } from './runtime/status-certificate-metrics.ts'
import { StatusServer } from './runtime/status-server.ts'
import { readSettings, SETTINGS_HELP, type Settings } from './settings.ts'

/** Wires the operator, runs it, and ends it; the only reader of the environment. */
async function main(settings: Settings): Promise<number> {
  const log = pinoOperatorLog(settings.logLevel, settings.podName)
  const clock = new SystemClock()
  const { statusCertificate } = settings
  const certificate = statusCertificate && ServedCertificate.open(statusCertificate, { clock, log })
  const connection = await loadConnection(process.env, clock)
  const client = new HttpKubeClient(connection, 'idgen-operator')
  const metrics = new RuntimeMetrics()
  if (certificate !== undefined) watchStatusCertificate(metrics.registry, certificate)
  const { namespace, leaseName: name, podName } = settings
  const identity = `${podName}_${randomUUID()}`
  const shared = { client, clock, log, random: Math.random }
  const elector = new LeaderElector({ ...shared, namespace, name, identity })
  const recorder = new EventRecorder({
    ...shared,
    controller: 'idgen.io/operator',
    instance: podName,
    newId: () => randomUUID().slice(0, 13),
    onResult: (result) => metrics.eventWritten(result),
  })
  const leading = new LeadingClient(client, () => elector.leads)
  const reconcilers = startReconcilers(settings, { ...shared, client: leading, metrics, recorder })
  const runtime = new OperatorRuntime({ log, metrics, name, elector, recorder, ...reconcilers })
  const server = new StatusServer({ ...runtime.status(), metrics: () => metrics.scrape() }, certificate)
  const port = await server.listen(settings.statusHost, settings.statusPort)
  log.info({ port, identity, namespace, lease: name }, 'the operator started')
  const end = await runtime.run(endSignal())
  reconcilers.close()
  await server.close()
  certificate?.close()
  connection.close()
  log.info({ end }, 'the operator ended')
  // Kubernetes starts it anew, as a standby.
  return end === 'lost' ? 1 : 0
}

interface Shared {
  readonly client: KubeClient
  readonly clock: SystemClock
  readonly log: OperatorLog
  readonly random: () => number
  readonly metrics: RuntimeMetrics
  readonly recorder: EventRecorder
}

/** Both kinds, over the same caches. */
function startReconcilers(settings: Settings, shared: Shared) {
  const { watchNamespaces, serviceAddress, namespace, runbooks } = settings
  const watcher = reflectorWatcher(shared)
  const caches = new GeneratorCaches({ ...shared, watcher, namespaces: watchNamespaces, slimBizTag })
  const { idGenerators, bizTags, secrets } = caches
  const tags = startBizTags({
    ...shared,
    watcher,
    idGenerators,
    bizTags,
    secrets,
    watchNamespaces,
    serviceAddress,
    adminKeys: (generator) => adminKeysInUse(generator, revisionsOf(caches, objectKey(generator.metadata))),
    tlsSecrets: (generator) =>
      certificatesInUse(generator, revisionsOf(caches, objectKey(generator.metadata))),
    onGeneratorTags: (key) => generators.controller.enqueue(key),
  })
  caches.onAuthorityChange((key) => tags.authorityChanged(key))
  const generators = startGenerators({
    ...shared,
    caches,
    images: settings,
    runbooks,
    tagTotals: (key) => tags.totals(key),
    // Outside of the cluster there are no pods of it that a NetworkPolicy could name.
    operatorNamespace: process.env['KUBERNETES_SERVICE_HOST'] === undefined ? undefined : namespace,
  })
  return {
    reflectors: [...caches.reflectors, ...tags.reflectors],
    controllers: [generators.controller, ...tags.controllers],
    close: () => {
      generators.close()
      tags.close()
    },
  }
}

function reflectorWatcher({ metrics, log }: Pick<Shared, 'metrics' | 'log'>): ReflectorWatcher {
  return {
    listed: (kind, count) => {
      metrics.listed(kind)
      log.debug({ kind, count }, 'listed')
    },
    watching: () => {},
    failed: (kind, what, thrown, retryInMs) => {
      metrics.reflectorFailed(kind, what)
      log.warn({ kind, what, retryInMs: Math.round(retryInMs), err: thrown }, 'a cache lost its server')
    },
  }
}

/** Aborts on SIGTERM or SIGINT, and sees to it that the process ends soon after that, whatever hangs. */
function endSignal(): AbortSignal {
  const abort = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => {
      abort.abort()
      setTimeout(() => process.exit(1), END_MAX_MS).unref()
    })
  return abort.signal
}

/** Kubernetes kills a pod 30 s after SIGTERM. */
const END_MAX_MS = 25_000

const HELP = `idgen operator: looks after IdGenerators and BizTags of a Kubernetes cluster. It takes no arguments; its
environment says everything (in parentheses what holds without it):

${SETTINGS_HELP}
`

// Diagnostic reports (--report-on-fatalerror and others) hold the environment, which is where secrets may stand.
process.report.excludeEnv = true

try {
  const [argument] = process.argv.slice(2)
  if (argument === '--help' || argument === '-h') process.stdout.write(HELP)
  else if (argument !== undefined) throw new Error(`"${argument}" is no argument of the operator; see --help`)
  else process.exitCode = await main(readSettings(process.env))
} catch (thrown) {
  process.stderr.write(`idgen operator: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
  process.exitCode = 1
}
