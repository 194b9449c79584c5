import type { Installation } from '../world/installation.ts'
import type { Variant } from '../world/variant.ts'
import { copiesWithoutNonces } from './copy-mutants.ts'
import { comparesHolder, WithoutCompares } from './mutant-coordinator.ts'
import { alwaysConfirms, BlindReturn, MaxIdPlusStep } from './segment-mutants.ts'
import {
  DeafSnowflake,
  LeaseTimerSnowflake,
  LongRunSnowflake,
  TimeOfTheList,
  WithoutNonces,
} from './time-mutants.ts'

/** One rule of the protocols left out. */
export interface Mutant {
  readonly name: string
  readonly variant: Variant
  /** What must be installed for the rule to matter. */
  readonly installation?: Partial<Installation>
  /** Kinds of faults that lead there soonest; default: as the seed says. */
  readonly faults?: RegExp
}

/** More processes than worker ids, and all that takes one away from its holder. */
const SCRAMBLE = {
  installation: {
    etcd: true,
    redis: false,
    dcs: [0],
    databases: 'shared',
    hostsPerDc: 4,
    workers: 2,
    leaseMs: 2000,
    renewEveryMs: 700,
    windowMs: 2000,
  },
  faults: /lease|paused|suspended|cut|delayed|lost|down|restored, revisions/,
} as const

export const MUTANTS: readonly Mutant[] = [
  {
    // Either half of the compare fences alone (pinned in mutants.test.ts), so both go.
    name: 'the create-revision of the holder is not compared',
    variant: { coordinator: (inner) => new WithoutCompares(inner, comparesHolder) },
    ...SCRAMBLE,
  },
  {
    name: 'there is no nonce when etcd is restored',
    variant: { coordinator: (inner) => new WithoutNonces(inner), copies: copiesWithoutNonces },
    ...SCRAMBLE,
  },
  {
    name: 'until is read outside the acquiring transaction',
    variant: { coordinator: (inner) => new TimeOfTheList(inner) },
    ...SCRAMBLE,
  },
  {
    name: 'until is lowered before the threads stopped',
    variant: { snowflake: (options) => new DeafSnowflake(options), stampsWhileStopping: true },
    faults: /restarted|killed/,
  },
  {
    name: 'leftovers are given back without a compare',
    variant: { store: (inner, ledger) => new BlindReturn(inner, ledger) },
    installation: { redis: false },
  },
  {
    name: 'the lease timer is trusted instead of the window',
    variant: { snowflake: (options) => new LeaseTimerSnowflake(options) },
  },
  {
    name: 'the witness is skipped',
    variant: { witness: 'off' },
    installation: { etcd: true, synchronous: false },
  },
  {
    name: 'without etcd it proceeds',
    variant: { rules: { proceed: true } },
    installation: { etcd: true, synchronous: false },
  },
  {
    name: 'max_id + step is written instead of hi',
    variant: { ledger: (inner) => new MaxIdPlusStep(inner) },
    installation: { etcd: true },
  },
  {
    name: 'a COMMIT with a notice counts',
    variant: { counts: (tag) => tag !== 'ROLLBACK' },
    installation: { etcd: false },
  },
  {
    name: 'a COMMIT answered ROLLBACK counts',
    variant: { counts: () => true },
  },
  {
    name: 'Redis blocks are bound to run_id alone',
    variant: { blockCoordinator: alwaysConfirms, identityOf: (runId) => String(runId) },
    installation: { etcd: true, redis: true },
  },
  {
    name: 'a run crosses its millisecond',
    variant: { snowflake: (options) => new LongRunSnowflake(options) },
  },
]
