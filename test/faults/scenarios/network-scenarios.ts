import type { Direction } from '../../fixtures/tcp-proxy.ts'
import { FORM, type Scenario } from '../scenario.ts'
import { STORES, type Store } from '../service-network.ts'

const WAYS = [
  { name: 'requests', text: 'requests to it are lost', direction: 'to-server' },
  { name: 'answers', text: 'its answers are lost', direction: 'to-client' },
  { name: 'both', text: 'nothing passes in either direction', direction: undefined },
] as const

const NAMES = { postgres: 'PostgreSQL', etcd: 'etcd', redis: 'Redis' } as const

/** The network of service 0; the others go on, so that what it holds can be wanted by them meanwhile. */
function cut(store: Store, way: (typeof WAYS)[number]): Scenario {
  const direction: Direction | undefined = way.direction
  const pastLease = store === 'etcd' && FORM === 'long'
  return {
    name: `cut-${store}-${way.name}`,
    title: `the network between one service and ${NAMES[store]} is cut: ${way.text}`,
    holdS: pastLease ? PAST_LEASE_S : 10,
    degrades: pastLease ? ['events'] : [],
    async inject({ installation }) {
      installation.network(0).set(store, 'hold', direction)
    },
    async heal({ installation }) {
      installation.network(0).set(store, 'pass')
    },
  }
}

/** The lease of the worker id ends meanwhile (30 s), and with it the right to stamp. */
const PAST_LEASE_S = 40

export const NETWORK_SHORT: readonly Scenario[] = [cut('etcd', WAYS[1])]
export const NETWORK_LONG: readonly Scenario[] = STORES.flatMap((store) => WAYS.map((way) => cut(store, way)))
