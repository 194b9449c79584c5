import type { Installation } from '../world/installation.ts'
import type { Variant } from '../world/variant.ts'
import { copiesWithoutNonces } from './copy-mutants.ts'
import { comparesHold, WithoutCompares } from './mutant-coordinator.ts'
import {
  AdvanceInPlace,
  alwaysConfirms,
  BlindReturn,
  CountSetBack,
  MaxIdPlusStep,
} from './segment-mutants.ts'
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
  /** The directed test that shows the duplicate, step by step (traces/). */
  readonly trace: string
  readonly variant: Variant
  /** What must be installed for the rule to matter. */
  readonly installation?: Partial<Installation>
  /** Kinds of faults that lead there soonest; default: as the seed says. */
  readonly faults?: RegExp
  /** 'rare': random faults take hundreds of seeds to get there, so that the directed test alone is run. */
  readonly found: 'by chance' | 'rare'
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

export const TIME_MUTANTS: readonly Mutant[] = [
  {
    // Either half of the compare fences alone (pinned in traces/), and so does the compare of the time: all go.
    name: 'the create-revision of the holder is not compared',
    trace: 'not compared a millisecond is stamped twice',
    variant: { coordinator: (inner) => new WithoutCompares(inner, comparesHold) },
    ...SCRAMBLE,
    found: 'rare',
  },
  {
    name: 'there is no nonce when etcd is restored',
    trace: 'without nonces a millisecond is stamped twice',
    variant: { coordinator: (inner) => new WithoutNonces(inner), copies: copiesWithoutNonces },
    ...SCRAMBLE,
    found: 'rare',
  },
  {
    name: 'until is read outside the acquiring transaction',
    trace: 'read by the list a millisecond is stamped twice',
    variant: { coordinator: (inner) => new TimeOfTheList(inner) },
    ...SCRAMBLE,
    found: 'rare',
  },
  {
    name: 'until is lowered before the threads stopped',
    trace: 'with a thread that was not told a millisecond is stamped twice',
    variant: { snowflake: (options) => new DeafSnowflake(options), stampsWhileStopping: true },
    faults: /restarted|killed/,
    found: 'by chance',
  },
  {
    name: 'the lease timer is trusted instead of the window',
    trace: 'with the lease timer alone a millisecond is stamped twice',
    variant: { snowflake: (options) => new LeaseTimerSnowflake(options) },
    found: 'by chance',
  },
  {
    name: 'a run crosses its millisecond',
    trace: 'in one run it would take the numbers of the next worker id',
    variant: { snowflake: (options) => new LongRunSnowflake(options) },
    found: 'by chance',
  },
]

export const SEGMENT_MUTANTS: readonly Mutant[] = [
  {
    name: 'leftovers are given back without a compare',
    trace: 'taken back without a compare the numbers after them are issued twice',
    variant: { store: (inner, ledger) => new BlindReturn(inner, ledger) },
    installation: { redis: false },
    faults: /restarted|reloaded|cut/,
    found: 'by chance',
  },
  {
    name: 'the witness is skipped',
    trace: 'skipping the witness issues the number twice',
    variant: { witness: 'off' },
    installation: { etcd: true, synchronous: false },
    faults: /failover|backup|split/,
    found: 'by chance',
  },
  {
    name: 'without etcd it proceeds',
    trace: 'proceeding without etcd issues the number twice',
    variant: { rules: { proceed: true } },
    installation: { etcd: true, synchronous: false },
    faults: /failover|backup|split|cut|etcd down/,
    found: 'by chance',
  },
  {
    name: 'max_id + step is written instead of hi',
    trace: 'max_id + step in the row issues the number twice',
    variant: { ledger: (inner) => new MaxIdPlusStep(inner) },
    installation: { etcd: true },
    found: 'by chance',
  },
  {
    name: 'a COMMIT with a notice counts',
    trace: 'counting it issues the number twice',
    variant: { counts: (tag) => tag !== 'ROLLBACK' },
    installation: { etcd: false },
    faults: /notices|failover|killed/,
    found: 'by chance',
  },
  {
    name: 'a COMMIT answered ROLLBACK counts',
    trace: 'counting the tag issues the number twice',
    variant: { counts: () => true },
    faults: /ROLLBACK|etcd down/,
    found: 'by chance',
  },
  {
    name: 'Redis blocks are bound to run_id alone',
    trace: 'bound to run_id alone its numbers are issued twice',
    variant: { blockCoordinator: alwaysConfirms, identityOf: (runId) => String(runId) },
    installation: { etcd: true, redis: true },
    faults: /Redis/,
    found: 'by chance',
  },
]

export const DATE_MUTANTS: readonly Mutant[] = [
  {
    name: 'the count of a date is set back with the clock',
    trace: 'with a count that is set back the ID is issued twice',
    variant: { ledger: (inner) => new CountSetBack(inner) },
    installation: { etcd: false, redis: false },
    faults: /clock of PostgreSQL/,
    found: 'by chance',
  },
]

export const ADVANCE_MUTANTS: readonly Mutant[] = [
  {
    name: 'an advance stays where the last grant ended',
    trace: 'that stays where it is is undone by the return',
    variant: { ledger: (inner) => new AdvanceInPlace(inner) },
    installation: { etcd: false, redis: false },
    faults: /advanced|restarted|reloaded/,
    found: 'by chance',
  },
]

export const MUTANTS: readonly Mutant[] = [
  ...TIME_MUTANTS,
  ...SEGMENT_MUTANTS,
  ...DATE_MUTANTS,
  ...ADVANCE_MUTANTS,
]
