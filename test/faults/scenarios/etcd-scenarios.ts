import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { EtcdCluster } from '../../integration/etcd-server.ts'
import type { Installation } from '../installation.ts'
import type { Scenario } from '../scenario.ts'

/** The worst member to lose: the others have to elect another leader first. */
const LEADER_KILLED: Scenario = {
  name: 'etcd-leader-killed',
  title: 'the leading member of three etcd members is killed and started',
  installation: { etcdMembers: 3 },
  async inject({ installation, measured }) {
    const leader = await etcdOf(installation).leader()
    measured.set('member killed', leader.name)
    await leader.kill()
  },
  heal: startAgain,
}

const CLUSTER_KILLED: Scenario = {
  name: 'etcd-cluster-killed',
  title: 'all three etcd members are killed and started',
  installation: { etcdMembers: 3 },
  holdS: 30,
  async inject({ installation }) {
    await Promise.all(etcdOf(installation).members.map((member) => member.kill()))
  },
  heal: startAgain,
  degrades: ['orders', 'events'],
}

/** Longer than every lease and window: first the ceiling of the witness is reached, then the windows end. */
const UNREACHABLE: Scenario = {
  name: 'etcd-unreachable',
  title: 'etcd is unreachable for two minutes',
  holdS: 120,
  async inject({ installation }) {
    installation.setAll('etcd', 'hold')
  },
  async heal({ installation }) {
    installation.setAll('etcd', 'pass')
  },
  degrades: ['orders', 'events'],
}

/** It forgets time grants and witness records of the last seconds; PostgreSQL remembers them. */
const RESTORED: Scenario = {
  name: 'etcd-restored',
  title: 'etcd is restored from an older snapshot, its revisions repeating',
  async beforeFault({ installation }) {
    await etcdOf(installation).snapshot(join(installation.folder, SNAPSHOT))
    await pause(AGE_MS)
  },
  async inject({ installation }) {
    await etcdOf(installation).restore(join(installation.folder, SNAPSHOT))
  },
  normalWithinS: 90,
}

const SNAPSHOT = 'etcd-snapshot'
/** Longer than a renewal, so that time was granted that the snapshot does not know. */
const AGE_MS = 12_000

async function startAgain({ installation }: { installation: Installation }): Promise<void> {
  const etcd = etcdOf(installation)
  for (const member of etcd.members) member.start()
  await etcd.ready()
}

function etcdOf({ etcd }: Installation): EtcdCluster {
  if (etcd === undefined) throw new Error('this installation has no etcd')
  return etcd
}

export const ETCD_SHORT: readonly Scenario[] = [LEADER_KILLED]
export const ETCD_LONG: readonly Scenario[] = [LEADER_KILLED, CLUSTER_KILLED, UNREACHABLE, RESTORED]
