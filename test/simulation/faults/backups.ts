import type { BlockSnapshot } from '../../../service/adapters/memory/memory-block-cache.ts'
import type { CoordinationSnapshot } from '../../../service/adapters/memory/memory-coordination.ts'
import type { PostgresCluster } from '../stores/postgres-cluster.ts'
import type { PostgresState } from '../stores/postgres-state.ts'
import type { World } from '../world/world.ts'

/** Backups of all stores, taken now and then. */
export class Backups {
  readonly etcd: CoordinationSnapshot[] = []
  readonly #postgres = new Map<PostgresCluster, PostgresState[]>()
  readonly #redis = new Map<number, BlockSnapshot[]>()

  take(world: World): void {
    keep(this.etcd, world.etcd.snapshot())
    for (const cluster of world.clusters) {
      const states = this.ofCluster(cluster)
      keep(states, cluster.primary.state)
      this.#postgres.set(cluster, states)
    }
    for (const dc of world.installation.dcs) {
      const dumps = this.ofRedis(dc)
      keep(dumps, world.redisOf(dc).snapshot())
      this.#redis.set(dc, dumps)
    }
  }

  ofCluster(cluster: PostgresCluster): PostgresState[] {
    return this.#postgres.get(cluster) ?? []
  }

  ofRedis(dc: number): BlockSnapshot[] {
    return this.#redis.get(dc) ?? []
  }
}

function keep<T>(list: T[], backup: T): void {
  list.push(backup)
  if (list.length > KEPT) list.shift()
}

/** Of some seconds each. */
const KEPT = 5
