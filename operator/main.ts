import { randomUUID } from 'node:crypto'
import { pino, stdTimeFunctions } from 'pino'
import { SystemClock } from './runtime/clock.ts'
import { EventRecorder } from './runtime/event-recorder.ts'
import { HttpKubeClient } from './runtime/http-kube-client.ts'
import { loadConnection } from './runtime/kubeconfig.ts'
import { LeaderElector } from './runtime/leader-elector.ts'
import { RuntimeMetrics } from './runtime/metrics.ts'
import { OperatorRuntime } from './runtime/operator-runtime.ts'
import { StatusServer } from './runtime/status-server.ts'
import { readSettings, type Settings } from './settings.ts'

/** Wires the operator, runs it, and ends it; the only reader of the environment. */
async function main(settings: Settings): Promise<number> {
  const log = pino({
    level: settings.logLevel,
    base: { pod: settings.podName },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  })
  const clock = new SystemClock()
  const connection = await loadConnection(process.env, clock)
  const client = new HttpKubeClient(connection, 'idgen-operator')
  const metrics = new RuntimeMetrics()
  const { namespace, leaseName: name, podName } = settings
  const identity = `${podName}_${randomUUID()}`
  const elector = new LeaderElector({ client, clock, random: Math.random, log, namespace, name, identity })
  const recorder = new EventRecorder({
    client,
    clock,
    log,
    controller: 'idgen.io/operator',
    instance: podName,
    newId: () => randomUUID().slice(0, 13),
    onResult: (result) => metrics.eventWritten(result),
  })
  const runtime = new OperatorRuntime({
    log,
    metrics,
    name,
    elector,
    recorder,
    reflectors: [],
    controllers: [],
  })
  const server = new StatusServer({ ...runtime.status(), metrics: () => metrics.scrape() })
  const port = await server.listen(settings.statusHost, settings.statusPort)
  log.info({ port, identity, namespace, lease: name }, 'the operator started')
  const end = await runtime.run(endSignal())
  await server.close()
  connection.close()
  log.info({ end }, 'the operator ended')
  // Kubernetes starts it anew, as a standby.
  return end === 'lost' ? 1 : 0
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

try {
  process.exitCode = await main(readSettings(process.env))
} catch (thrown) {
  process.stderr.write(`idgen operator: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`)
  process.exitCode = 1
}
