import type { PostgresCluster } from '../stores/postgres-cluster.ts'
import type { PostgresState } from '../stores/postgres-state.ts'
import { DONE, type Fault, type FaultContext, type FaultOutcome } from './fault.ts'

/** A cluster in which trouble is inside the limits of the promise: nobody must reach the copies it holds. */
function troublable({ world, random }: FaultContext): PostgresCluster | 'refused' {
  const cluster = random.pick(world.clusters)
  if (cluster === undefined || cluster.dcs.some((dc) => world.limits.copiesMustAnswer(dc))) return 'refused'
  return cluster
}

/** Every connection to the cluster breaks. */
function shake({ world }: FaultContext, cluster: PostgresCluster): void {
  for (const dc of cluster.dcs)
    for (const host of world.hostsOf(dc)) world.network.trouble(host, cluster.name)
}

/** The state furthest back that is still inside the limits, of those named. */
function permitted(
  { world }: FaultContext,
  cluster: PostgresCluster,
  wanted: readonly PostgresState[],
  others: readonly PostgresState[],
): PostgresState | undefined {
  return wanted.find((state) => world.limits.mayLosePostgres(cluster, [state, ...others]))
}

/** States that a standby may have, those with most commits lost first. */
function standbyStates({ random }: FaultContext, { primary }: PostgresCluster): PostgresState[] {
  const most = Math.min(primary.lossesMax, random.int(1, 20))
  return [most, most >> 1, most >> 2, 1]
    .filter((commits) => commits > 0)
    .map((commits) => primary.before(commits))
}

function down(context: FaultContext): FaultOutcome {
  const cluster = troublable(context)
  if (cluster === 'refused') return 'refused'
  const { primary } = cluster
  if (primary.down !== undefined) return 'impossible'
  shake(context, cluster)
  primary.dropAll()
  primary.down = 'connection refused'
  return {
    end: () => {
      if (cluster.primary !== primary) return
      // Started again: nothing is lost, but nobody can know.
      cluster.replacePrimary(primary.state, 'same')
    },
  }
}

function failOver(context: FaultContext): FaultOutcome {
  const cluster = troublable(context)
  if (cluster === 'refused' || cluster.split) return 'refused'
  const state = permitted(context, cluster, standbyStates(context, cluster), [])
  if (state === undefined) return 'refused'
  shake(context, cluster)
  cluster.replacePrimary(state, 'next')
  return DONE
}

function restoreBackup(context: FaultContext): FaultOutcome {
  const { world, backups } = context
  // Without etcd a restored backup is outside the promise.
  if (!world.installation.etcd) return 'refused'
  const cluster = troublable(context)
  if (cluster === 'refused' || cluster.split) return 'refused'
  const older = backups.ofCluster(cluster).filter((state) => state !== cluster.primary.state)
  const state = permitted(context, cluster, older, [])
  if (state === undefined) return older.length === 0 ? 'impossible' : 'refused'
  shake(context, cluster)
  cluster.replacePrimary(state, 'next')
  return DONE
}

function split(context: FaultContext): FaultOutcome {
  const { world, random } = context
  // Without etcd nobody would decide between two primaries.
  if (!world.installation.etcd) return 'refused'
  const cluster = troublable(context)
  if (cluster === 'refused') return 'refused'
  const { primary } = cluster
  if (cluster.split || primary.down !== undefined) return 'impossible'
  const candidates = [...standbyStates(context, cluster), primary.state]
  const state = permitted(context, cluster, candidates, [primary.state])
  if (state === undefined) return 'refused'
  const onOld = world.hosts.filter(() => random.chance(0.5)).map(({ name }) => name)
  shake(context, cluster)
  cluster.splitOff(state, onOld)
  if (state !== primary.state) world.tally.add('split brain with commits missing')
  return {
    end: () => {
      shake(context, cluster)
      cluster.fenceOld()
    },
  }
}

function commitTrouble(context: FaultContext, kind: 'rollback' | 'notice' | 'silent'): FaultOutcome {
  const cluster = troublable(context)
  if (cluster === 'refused') return 'refused'
  cluster.primary.trouble[kind] = context.random.between(0.1, 0.6)
  return {
    end: () => {
      for (const { trouble } of cluster.servers) trouble[kind] = 0
    },
  }
}

/** By seconds, hours or days, and back when it ends, unless another server has taken its place. */
function clockStepped({ world, random }: FaultContext): FaultOutcome {
  const server = random.pick(world.clusters.flatMap(({ servers }) => servers))
  if (server === undefined) return 'impossible'
  const size = random.pick([2000, 10_000, HOUR_MS, 2 * DAY_MS, 40 * DAY_MS]) ?? DAY_MS
  const ms = Math.round(random.between(-size, size))
  server.aheadMs += ms
  return {
    end: () => {
      server.aheadMs -= ms
    },
  }
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export const POSTGRES_FAULTS: readonly Fault[] = [
  { name: 'PostgreSQL down and started again', apply: down },
  { name: 'PostgreSQL failover that loses commits', apply: failOver },
  { name: 'PostgreSQL restored from a backup', apply: restoreBackup },
  { name: 'PostgreSQL split brain', apply: split },
  { name: 'clock of PostgreSQL stepped', apply: clockStepped },
  { name: 'COMMIT answered ROLLBACK for a while', apply: (context) => commitTrouble(context, 'rollback') },
  { name: 'COMMIT with notices for a while', apply: (context) => commitTrouble(context, 'notice') },
  { name: 'COMMIT unanswered for a while', apply: (context) => commitTrouble(context, 'silent') },
]
