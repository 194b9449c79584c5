import type { ProofConfiguration } from './proof-configurations.ts'

type Constants = ProofConfiguration['set']
type Run = Omit<ProofConfiguration, 'model'>

const holds = (name: string, set: Constants): Run => ({ name, expect: 'holds', set })
const violated = (name: string, set: Constants): Run => ({ name, expect: 'violated', set })
const inShort = (run: Run): Run => ({ ...run, short: true })
const without = (rule: string, set: Constants): Run =>
  inShort(violated(`without a rule: ${rule}`, { ...set, Weakening: rule }))

/** Another rule says the same: it stays for the day when that one is broken. */
const redundant = (rule: string): Run => holds(`redundant rule: ${rule}`, { Weakening: rule })

/** docs/proofs/blocks.tla: segment blocks in Redis, confirmed by etcd. */
const BLOCKS: readonly Run[] = [
  inShort(holds('Redis says anything', {})),
  holds('Redis says anything, three processes', { Instances: 3, Blocks: 3, Late: 1 }),
  inShort(holds('Redis repeats nothing, etcd restored', { Honest: true, Restores: 1 })),
  without('use without confirming', {}),
  without('no answer counts as confirmed', {}),
  without('use what could not be pushed', {}),
  inShort(violated('limit: etcd restored while Redis repeats a block', { Restores: 1 })),
]

/** docs/proofs/authority.tla: the switch of the authority over time. */
const AUTHORITY: readonly Run[] = [
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

export const EXCHANGE_CONFIGURATIONS: readonly ProofConfiguration[] = [
  ...BLOCKS.map((run) => ({ ...run, model: 'blocks' as const })),
  ...AUTHORITY.map((run) => ({ ...run, model: 'authority' as const })),
]
