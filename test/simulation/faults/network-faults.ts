import type { Host } from '../world/host.ts'
import { type Link, USUAL_MS } from '../world/network.ts'
import type { World } from '../world/world.ts'
import type { Fault, FaultContext, FaultOutcome } from './fault.ts'

/** The ways that one fault touches: one host or a whole data centre, to one store or to all. */
function links({ world, random }: FaultContext): Link[] {
  const host = random.pick(world.hosts)
  if (host === undefined) return []
  const hosts = random.chance(WHOLE_DC_SHARE) ? world.hostsOf(host.dc) : [host]
  const all = storesOf(world, host)
  const stores = random.chance(ALL_STORES_SHARE) ? all : [random.pick(all) ?? 'etcd']
  return hosts.flatMap((one) => stores.map((store) => world.network.link(one, store)))
}

function storesOf(world: World, host: Host): string[] {
  const { etcd, redis } = world.installation
  const coordination = etcd ? ['etcd'] : []
  return [world.clusterOf(host.dc).name, ...coordination, ...(redis ? [`redis${host.dc}`] : [])]
}

function spoil(faultContext: FaultContext, change: (link: Link) => void): FaultOutcome {
  const touched = links(faultContext)
  for (const link of touched) change(link)
  return {
    end: () => {
      for (const link of touched) {
        Object.assign(link.there, { cut: false, loss: 0, slowMs: USUAL_MS })
        Object.assign(link.back, { cut: false, loss: 0, slowMs: USUAL_MS })
        link.twice = 0
      }
    },
  }
}

export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'network cut',
    apply: (faultContext) =>
      spoil(faultContext, ({ there, back }) => {
        there.cut = true
        back.cut = true
      }),
  },
  {
    name: 'network cut, requests only',
    apply: (faultContext) => spoil(faultContext, ({ there }) => Object.assign(there, { cut: true })),
  },
  {
    name: 'network cut, answers only',
    apply: (faultContext) => spoil(faultContext, ({ back }) => Object.assign(back, { cut: true })),
  },
  {
    name: 'messages lost',
    apply: (faultContext) => {
      const loss = faultContext.random.between(0.05, 0.5)
      return spoil(faultContext, ({ there, back }) => {
        there.loss = loss
        back.loss = loss
      })
    },
  },
  {
    name: 'messages delayed',
    apply: (faultContext) => {
      const slowMs = faultContext.random.pick([60, 400, 2500, 6000]) ?? 400
      return spoil(faultContext, ({ there, back }) => {
        there.slowMs = slowMs
        back.slowMs = slowMs
      })
    },
  },
  {
    name: 'messages to Redis doubled',
    apply: ({ world, random }) => {
      const host = random.pick(world.hosts)
      if (host === undefined || !world.installation.redis) return 'impossible'
      const link = world.network.link(host, `redis${host.dc}`)
      link.twice = 0.5
      return {
        end: () => {
          link.twice = 0
        },
      }
    },
  },
]

const WHOLE_DC_SHARE = 0.3
const ALL_STORES_SHARE = 0.2
