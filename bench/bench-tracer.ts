import { SystemClock } from '../service/adapters/system/system-clock.ts'
import { SystemRandom } from '../service/adapters/system/system-random.ts'
import { loadConfig } from '../service/config/load.ts'
import { openTracing } from '../service/open-tracing.ts'
import { NO_TRACER, type Tracer } from '../service/ports/tracer.ts'
import { SILENT } from '../test/fixtures/silent-log.ts'

/**
 * As the service traces: a share `ratio` of the calls (of the Redis protocol: of the bursts), whose spans are sent as OTLP to
 * `collector`.
 */
export function tracerTo(collector: string, ratio: string): Tracer {
  const environment = {
    IDGEN_TRACING_EXPORTER: 'otlp',
    IDGEN_TRACING_ENDPOINT: collector,
    IDGEN_TRACING_RATIO: ratio,
    // More than any of them has: what is left out would cost nothing.
    IDGEN_TRACING_MAX_PER_SECOND: '10000',
  }
  const parts = { clock: new SystemClock(), random: new SystemRandom(), log: SILENT, instance: 'bench' }
  return openTracing(loadConfig(undefined, environment), parts)?.tracer ?? NO_TRACER
}
