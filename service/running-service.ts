import { SystemClock } from './adapters/system/system-clock.ts'
import { SystemRandom } from './adapters/system/system-random.ts'
import type { PinoLog } from './adapters/telemetry/pino-log.ts'
import { advertisedNode } from './advertised-node.ts'
import { StartedSettings } from './app/started-settings.ts'
import { keptDefaults, keptSettings } from './config/kept-settings.ts'
import type { Config } from './config/keys.ts'
import { instanceName } from './instance-name.ts'
import { openAuditExport } from './open-audit-export.ts'
import { openStore } from './open-store.ts'
import { openTracing } from './open-tracing.ts'
import { type ListeningPorts, startListeners } from './start-listeners.ts'
import { type Service, startUseCases } from './start-use-cases.ts'

export interface RunningService extends ListeningPorts {
  readonly service: Service
  readonly startedSettings: StartedSettings
  /** Resolves with the reason when the process can no longer keep its promise and must stop. */
  readonly failed: Promise<Error>
  /** Drains and stops everything, in the order of docs/architecture.md. Safe to call twice. */
  stop(): Promise<void>
}

interface StartOptions {
  readonly dcAssumed?: boolean
  /** When everything runs, and nobody counts on this process yet. */
  readonly beforeReady?: () => void
}

/**
 * The whole service in this process. What was started is stopped again, in reverse order, when a later step fails.
 * @throws IDGEN_DATA_FOLDER_IN_USE, IDGEN_STORE_UNAVAILABLE, IDGEN_SCHEMA_MISMATCH, IDGEN_PORT_IN_USE, …
 */
export async function startService(
  config: Config,
  log: PinoLog,
  { dcAssumed = false, beforeReady }: StartOptions = {},
): Promise<RunningService> {
  await using starting = new AsyncDisposableStack()
  const instance = instanceName(config)
  const clock = new SystemClock()
  const random = new SystemRandom()
  const parts = { clock, random, log, instance }
  const tracing = openTracing(config, parts)
  const auditExport = openAuditExport(config, parts)
  if (tracing !== undefined) log.follow(tracing.tracer)
  // Last: what the stop itself calls is traced too, and the audit log has ended. Together: each has its own few seconds.
  starting.defer(async () => {
    await Promise.all([tracing?.exporter.stop(), auditExport?.stop()])
  })
  const store = await openStore(config, log, instance, tracing?.tracer)
  starting.defer(() => store.close())
  const claim = store.claim === undefined ? {} : { claim: { ...store.claim, dcAssumed } }
  const outside = {
    ...store,
    ...claim,
    clock,
    random,
    log,
    instance,
    ...(tracing && { tracer: tracing.tracer }),
    ...(auditExport && { auditExport }),
  }
  const service = await startUseCases(config, outside)
  starting.defer(() => service.stop())
  const startedSettings = new StartedSettings({
    store: store.settingsStore,
    audit: service.audit,
    clock,
    log,
    dc: config.datacenter.id,
    defaults: keptDefaults(),
  })
  await startedSettings.begin(keptSettings(config))
  const listeners = await startListeners(
    config,
    { ...service, tracing, sessionKey: store.sessionKey, node: instance },
    store.poolStats,
    starting,
  )
  beforeReady?.()
  service.useCases.readiness.started()
  service.useCases.nodes.start({
    ...advertisedNode(config, instance, listeners, clock.nowMs()),
    ...(store.shared && { database: store.shared.database }),
  })
  const stack = starting.move()
  let stopping: Promise<void> | undefined
  return {
    service,
    startedSettings,
    ...listeners,
    failed: store.lost,
    stop: () => (stopping ??= stack.disposeAsync()),
  }
}
