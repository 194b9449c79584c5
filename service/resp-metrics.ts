import type { MetricSource } from './adapters/telemetry/prometheus-metrics.ts'
import { counter, gauge } from './plain-metrics.ts'
import type { RespCounters } from './resp/resp-counters.ts'

/** What the listener for the Redis protocol did; requests and IDs are counted where those of all protocols are. */
export function respSources(read: () => Readonly<RespCounters>): MetricSource[] {
  return [
    gauge('idgen_resp_connections', 'Redis clients connected now', () => read().connections),
    counter('idgen_resp_connections_total', 'Redis clients that connected', () => read().accepted),
    counter(
      'idgen_resp_connections_refused_total',
      'Redis clients turned away because there were too many (server.resp.maxConnections)',
      () => read().refused,
    ),
    counter('idgen_resp_commands_total', 'Commands of Redis clients answered', () => read().commands),
    {
      name: 'idgen_resp_bytes_total',
      help: 'Bytes of commands and answers, without those of TLS',
      kind: 'counter',
      labels: ['direction'],
      read: (set) => {
        set(['in'], read().bytesIn)
        set(['out'], read().bytesOut)
      },
    },
    counter(
      'idgen_resp_protocol_errors_total',
      'Connections ended because what came was not the Redis protocol',
      () => read().protocolErrors,
    ),
    counter(
      'idgen_resp_stalled_total',
      'Connections ended because the client did not read its answers (server.resp.stallTimeout)',
      () => read().stalled,
    ),
    counter(
      'idgen_resp_late_total',
      'Connections ended because a command did not come whole, or no key came, within 10 s',
      () => read().late,
    ),
  ]
}
