import { holds, inShort, type ProofRun, runsOf, violated, without } from './proof-run.ts'

/** Another rule says the same: it stays for the day when that one is broken. */
const redundant = (rule: string): ProofRun => holds(`redundant rule: ${rule}`, { Weakening: rule })

/** docs/proofs/blocks.tla: segment blocks in Redis, confirmed by etcd. */
const BLOCKS: readonly ProofRun[] = [
  inShort(holds('Redis says anything', {})),
  holds('Redis says anything, three processes', { Instances: 3, Blocks: 3, Late: 1 }),
  inShort(holds('Redis repeats nothing, etcd restored', { Honest: true, Restores: 1 })),
  without('use without confirming', {}),
  without('no answer counts as confirmed', {}),
  without('use what could not be pushed', {}),
  inShort(violated('limit: etcd restored while Redis repeats a block', { Restores: 1 })),
]

/** docs/proofs/authority.tla: the switch of the authority over time. */
const AUTHORITY: readonly ProofRun[] = [
  inShort(holds('one switch', {})),
  holds('two switches, also at once', { Switches: 2, MaxMs: 1 }),
  without('etcd not frozen', {}),
  without('time not carried to PostgreSQL', {}),
  without('authority not compared by etcd', {}),
  redundant('PostgreSQL not frozen'),
  redundant('time not carried to etcd'),
  redundant('authority not compared by PostgreSQL'),
  redundant('authority not compared by the copy'),
  without('moves not counted', { Switches: 2, MaxMs: 1, First: 'etcd' }),
  without('mark not compared', { Switches: 2, MaxMs: 1, First: 'postgres' }),
  inShort(violated('limit: PostgreSQL loses the commits of a switch', { Losses: 1 })),
]

export const EXCHANGE_CONFIGURATIONS = [...runsOf('blocks', BLOCKS), ...runsOf('authority', AUTHORITY)]
