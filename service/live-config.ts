import type { PinoLog } from './adapters/telemetry/pino-log.ts'
import { clientIdentities } from './config/client-identities.ts'
import type { Config } from './config/keys.ts'
import { witnessRules } from './open-coordinator.ts'
import { samplingOf } from './open-tracing.ts'
import type { Service } from './start-use-cases.ts'

/** Puts every key that is marked live in force, at once. */
export function applyLive(service: LiveParts, log: PinoLog, config: Config): void {
  log.setLevel(config.log.level)
  const { deadline, maxWaiting } = config.server.generate
  service.useCases.generate.configure({ deadlineMs: deadline, maxWaiting })
  service.useCases.rates.configure(config.limits)
  service.useCases.addresses.configure(config.server)
  service.useCases.ledger.configure({ sampleEvery: config.audit.sampleEvery })
  service.useCases.authenticator.configure({
    adminKey: config.auth.adminKey,
    clients: clientIdentities(config),
  })
  service.useCases.tracer.configure(samplingOf(config.tracing))
  service.capacity.configure({ alertShare: config.capacity.alertShare })
  service.allocator.configure({ headroomSteps: witnessRules(config).headroomSteps })
}

type LiveParts = Pick<Service, 'useCases' | 'capacity' | 'allocator'>
