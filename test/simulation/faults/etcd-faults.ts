import { DONE, type Fault, type FaultContext, type FaultOutcome } from './fault.ts'

function restore(context: FaultContext, bumpRevision: boolean): FaultOutcome {
  const { world, random, backups } = context
  const { dcs } = world.installation
  // The oldest first: it forgets most.
  const candidates = random.chance(0.5) ? backups.etcd : backups.etcd.toReversed()
  const caches = dcs.map((dc) => world.redisOf(dc).snapshot())
  const backup = candidates.find((one) => world.limits.mayRestoreEtcd(one, caches))
  if (backup === undefined) return candidates.length === 0 ? 'impossible' : 'refused'
  world.limits.restoring(backup)
  world.etcd.restore(backup, { bumpRevision })
  if (dcs.some((dc) => world.limits.copiesMustAnswer(dc))) world.tally.add('etcd forgot used time')
  return DONE
}

function loseLease({ world, random }: FaultContext): FaultOutcome {
  const lease = random.pick([...world.etcd.snapshot().leases.keys()])
  if (lease === undefined) return 'impossible'
  world.etcd.endLease(lease)
  return DONE
}

function down({ world }: FaultContext): FaultOutcome {
  if (world.etcd.away !== undefined) return 'impossible'
  world.etcd.away = 'no leader'
  return {
    end: () => {
      world.etcd.away = undefined
    },
  }
}

export const ETCD_FAULTS: readonly Fault[] = [
  { name: 'etcd down', apply: down },
  { name: 'etcd lease lost', apply: loseLease },
  { name: 'etcd restored, revisions repeat', apply: (context) => restore(context, false) },
  { name: 'etcd restored with revision bump', apply: (context) => restore(context, true) },
]
