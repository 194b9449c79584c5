import { SystemClock } from '../adapters/system/system-clock.ts'
import { PinoLog } from '../adapters/telemetry/pino-log.ts'
import { AuditSettings } from '../app/audit-settings.ts'
import type { ConfigChange } from '../config/change.ts'
import { keptSettings } from '../config/kept-settings.ts'
import type { Config } from '../config/keys.ts'
import { loadConfig } from '../config/load.ts'
import { type ConfigWatch, watchConfig } from '../config/watch.ts'
import { instanceName } from '../instance-name.ts'
import { applyLive } from '../live-config.ts'
import { giveBackStartMemory } from '../memory-after-start.ts'
import { type OpenConfig, openConfig, tellUnknown } from '../open-config.ts'
import type { KeptSettings } from '../ports/settings-store.ts'
import { type RunningService, startService } from '../running-service.ts'
import { keepCollectionsShort } from '../short-collections.ts'
import { type QuickstartAddress, quickstart } from './quickstart.ts'

export interface ServeOptions {
  readonly config?: string
  readonly quickstart?: boolean
}

/** `idgen serve`: from the configuration until it is told to stop. Ends the process. */
export async function serve(options: ServeOptions): Promise<void> {
  keepCollectionsShort()
  const environment = environmentOf(options)
  const local = loadConfig(options.config, environment)
  const log = new PinoLog(local.log.level, { instance: instanceName(local) })
  const stopSignal = nextStopSignal()
  const opened = await openConfig(options.config, environment, log)
  const { config } = opened
  log.setLevel(config.log.level)
  const { dcAssumed } = opened
  const running = await startService(config, log, { dcAssumed, beforeReady: giveBackStartMemory })
  const watch = followConfig({ file: options.config, environment }, opened, running, log)
  const { httpPort, httpsPort, grpcPort, respPort, metricsPort } = running
  log.info({ httpPort, httpsPort, grpcPort, respPort, metricsPort }, 'listening')
  if (options.quickstart === true)
    process.stdout.write(
      await quickstart(running.service.useCases, config.data.dir, {
        ...addressOf(config, running),
        hasPages: config.server.ui.enabled,
      }),
    )
  const reason = await Promise.race([stopSignal, running.failed])
  watch.stop()
  await opened.coordinator?.close()
  await stop(running, log, reason)
}

/** Where callers are not sent elsewhere. */
function addressOf(
  { server: { https } }: Config,
  { httpPort, httpsPort }: RunningService,
): Pick<QuickstartAddress, 'origin' | 'trusts'> {
  return httpsPort === undefined || !https.redirect
    ? { origin: `http://localhost:${httpPort}` }
    : { origin: `https://localhost:${httpsPort}`, trusts: https.cert }
}

/** Who tries idgen out opens /docs first, and has no key yet. */
function environmentOf({ quickstart: isQuickstart = false }: ServeOptions): NodeJS.ProcessEnv {
  return isQuickstart ? { IDGEN_SERVER_OPEN_DOCUMENTS: 'true', ...process.env } : process.env
}

function followConfig(
  { file, environment }: { readonly file: string | undefined; readonly environment: NodeJS.ProcessEnv },
  { config, settings: fromEtcd, coordinator }: OpenConfig,
  running: RunningService,
  log: PinoLog,
): ConfigWatch {
  const settings = new AuditSettings(running.service.audit)
  return watchConfig({
    file,
    environment,
    started: config,
    settings: fromEtcd,
    etcd: coordinator === undefined ? undefined : { coordinator, clock: new SystemClock() },
    listener: {
      onChange: (change) => {
        applyLive(running.service, log, change.config)
        settings.changed(change)
        void running.startedSettings.keep(changedSettings(change))
        log.info({ live: change.changedLiveKeys, needsRestart: change.needsRestart }, 'configuration changed')
      },
      onFaults: (error) => {
        log.error({ err: error, faults: error.faults }, 'configuration refused, the last good one stays')
        settings.refused(error.faults)
      },
      onUnknown: (unknown) => tellUnknown(log, unknown),
    },
  })
}

/** Those that are in force now. */
function changedSettings({ config, changedLiveKeys }: ConfigChange): KeptSettings {
  const all = keptSettings(config)
  return Object.fromEntries(
    changedLiveKeys.flatMap((path) => (all[path] === undefined ? [] : [[path, all[path]]])),
  )
}

/** SIGTERM from a supervisor or Ctrl-C. A second one ends the process at once. */
function nextStopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let asked = false
    const onSignal = (signal: string): void => {
      if (asked) process.exit(130)
      asked = true
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}

async function stop(running: RunningService, log: PinoLog, reason: string | Error): Promise<void> {
  if (typeof reason === 'string') log.info({ signal: reason }, 'stopping')
  else log.error({ err: reason }, 'stopping: the promise can no longer be kept')
  await running.stop()
  log.info({}, 'stopped')
  log.flush()
  process.exit(typeof reason === 'string' ? 0 : 1)
}
