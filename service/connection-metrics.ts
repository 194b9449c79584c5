import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import type { ProbePlaces } from './http/probe-places.ts'
import { type ConnectionTable, PROTOCOLS, REFUSALS } from './sockets/connection-table.ts'

/** Connections of all listeners of the API, over all threads; and those of the metrics port that went for others. */
export function connectionSources(
  table: ConnectionTable,
  probes: Pick<ProbePlaces, 'ended'>,
): MetricSource[] {
  return [
    {
      name: 'idgen_connections',
      help: 'Connections open now, those that still agree on keys among them; HTTPS counts as http',
      kind: 'gauge',
      labels: ['protocol'],
      read: (set) => {
        for (const protocol of PROTOCOLS) set([protocol], table.open(protocol))
      },
    },
    {
      name: 'idgen_connections_refused_total',
      help: 'Connections turned away: full: server.<protocol>.maxConnections; address: server.maxConnectionsPerAddress. metrics: of the metrics port, whose oldest idle one goes for the 257th',
      kind: 'counter',
      labels: ['protocol', 'reason'],
      read: (set) => {
        for (const protocol of PROTOCOLS)
          for (const why of REFUSALS) set([protocol, why], table.refused(protocol, why))
        set(['metrics', 'full'], probes.ended)
      },
    },
  ]
}
