import { LABELS } from '../api/marks.ts'
import type { Installation } from './installation.ts'
import { ownedObject } from './metadata.ts'
import { PORTS } from './names.ts'
import { KINDS } from './object-kinds.ts'
import { servesRedisClients } from './redis-clients.ts'
import type { RenderedObject } from './rendered-object.ts'

/**
 * Who may reach the pods (those of migrations, too, which listen on nothing), and whom they may reach. Probes come from
 * the node, which policies do not hold back.
 */
export function networkPolicy(installation: Installation): RenderedObject[] {
  const { generator, operatorNamespace } = installation
  const { enabled, from = [], metricsFrom = [] } = generator.spec.networkPolicy
  const { name } = generator.metadata
  if (!enabled) return []
  // The operator asks the management API and reads the metrics of both revisions.
  const operator = operatorNamespace === undefined ? [] : [namespace(operatorNamespace)]
  const spec = {
    podSelector: { matchLabels: { [LABELS.generator]: name } },
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      {
        ...(from.length === 0 ? {} : { from: [...from, ...operator] }),
        ports: ports('http', 'https', 'grpc', ...(servesRedisClients(installation) ? ['resp' as const] : [])),
      },
      {
        from: metricsFrom.length === 0 ? [{ namespaceSelector: {} }] : [...metricsFrom, ...operator],
        ports: ports('metrics'),
      },
    ],
    egress: [
      // Where the stores are is in Secrets; so what is shut is what no store is: the cloud's credentials.
      {
        to: [
          { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32', '100.100.100.200/32'] } },
          { ipBlock: { cidr: '::/0', except: ['fd00:ec2::254/128'] } },
          // Some networks do not count pods as addresses.
          { namespaceSelector: {} },
        ],
      },
      // Some clouds answer names at that very address.
      {
        ports: [
          { port: 53, protocol: 'UDP' },
          { port: 53, protocol: 'TCP' },
        ],
      },
    ],
  }
  return [ownedObject(generator, KINDS.NetworkPolicy, name, { spec })]
}

function namespace(name: string): object {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }
}

function ports(...names: readonly (keyof typeof PORTS)[]): object[] {
  return names.map((name) => ({ port: PORTS[name], protocol: 'TCP' }))
}
