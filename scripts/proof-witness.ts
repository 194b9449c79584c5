import { type Constants, holds, inShort, runsOf, violated, without } from './proof-run.ts'

/** One failover, restored backup or restart of the database. */
const LOST: Constants = { Losses: 1 }
const RETURNING: Constants = { Remembered: 1 }
const NO_ETCD: Constants = { Etcd: 'none', Losses: 1, Synchronous: true }

/** Two dates of two numbers, and a clock that says either at any time. */
const DATED: Constants = { Date: 2 }

/** docs/proofs/witness.tla: segment grants of one tag in one data centre. */
export const WITNESS_CONFIGURATIONS = runsOf('witness', [
  inShort(holds('etcd away at any time', {})),
  inShort(holds('the database loses commits', LOST)),
  holds('the database loses commits, a move comes late', { ...LOST, Late: 1, MaxNumber: 3 }),
  holds('the database loses commits twice', { Losses: 2, MaxNumber: 3 }),
  holds('three processes', { Instances: 3, Losses: 1, MaxNumber: 3 }),
  holds('the database loses commits, leftovers go back', {
    ...LOST,
    ...RETURNING,
    MaxNumber: 3,
    EtcdAway: false,
  }),
  holds('leftovers go back, a move comes late', { ...RETURNING, Late: 1, MaxNumber: 2 }),
  inShort(holds('etcd restored', { Restores: 1, MaxNumber: 2 })),
  holds('etcd restored, three numbers', { Restores: 1, MaxNumber: 3 }),
  holds('etcd restored, leftovers go back', { Restores: 1, ...RETURNING, MaxNumber: 2 }),
  holds('both lose, never the same grant', { Restores: 1, Losses: 1, BothLost: false, MaxNumber: 2 }),
  holds('two databases answer at once', { Splits: 1, MaxNumber: 3 }),
  holds('two databases answer at once, a move comes late', { Splits: 1, Late: 1, MaxNumber: 2 }),
  inShort(holds('the database rolled back invisibly, etcd there', { HiddenLosses: 1, EtcdAway: false })),
  inShort(holds('the tag is deleted', { Closes: 1, MaxNumber: 2 })),
  holds('the tag is deleted, the database loses commits', { Closes: 1, Losses: 1, MaxNumber: 2 }),
  holds('etcd restored, then the tag deleted', { Closes: 1, Restores: 1, MaxNumber: 2 }),
  inShort(holds('no etcd, a synchronous standby', NO_ETCD)),
  inShort(holds('no etcd, leftovers go back', { Etcd: 'none', ...RETURNING })),
  inShort(holds('some processes without etcd', { Etcd: 'mixed', MaxNumber: 3 })),
  inShort(holds('dates, etcd away at any time', DATED)),
  holds('dates, the database loses commits', { ...DATED, ...LOST }),
  holds('dates, two databases answer at once', { ...DATED, Splits: 1, Headroom: 1 }),
  holds('dates, a segment larger than the rest of its date', { ...DATED, ...LOST, Step: 2, Headroom: 1 }),
  holds('dates, etcd restored', { ...DATED, Restores: 1, MaxNumber: 3 }),
  holds('dates, leftovers go back', { ...DATED, ...RETURNING, MaxNumber: 3 }),
  inShort(holds('dates, no etcd, a synchronous standby', { ...DATED, ...NO_ETCD })),

  without('skip the witness', { ...LOST }),
  without('no skip on a new history', LOST),
  without('ceiling without used', { HiddenLosses: 1, EtcdAway: false }),
  without('ceiling of another history', LOST),
  without('proceed without etcd', LOST),
  without('write max_id + step', { ...LOST, Late: 1 }),
  without('move without comparing', { Splits: 1 }),
  without('no answer counts as moved', { ...LOST, Late: 1 }),
  without('fall back and write the new ceiling', { ...LOST, Headroom: 1, MaxNumber: 3 }),
  without('count the command tag ROLLBACK', {}),
  without('count a COMMIT with a notice', NO_ETCD),
  without('grant past the witness', { Etcd: 'mixed', ...LOST }),
  without('grant from a closed record', { Closes: 1 }),
  without('close without asking the database', { Closes: 1, Restores: 1 }),
  without('set the count back with the clock', DATED),
  without('give back twice', { ...RETURNING, MaxNumber: 3 }),
  without('give back while issuing', RETURNING),
  without('give back without comparing the row', { ...RETURNING, MaxNumber: 3 }),
  without('give back without comparing used', {
    ...RETURNING,
    HiddenLosses: 1,
    EtcdAway: false,
    MaxNumber: 3,
  }),

  holds('redundant rule: give back without comparing the history', {
    ...RETURNING,
    ...LOST,
    MaxNumber: 2,
    Weakening: 'give back without comparing the history',
  }),

  holds('redundant rule: end the ceiling with the date', {
    ...DATED,
    ...LOST,
    MaxNumber: 3,
    Weakening: 'end the ceiling with the date',
  }),

  inShort(violated('limit: both stores lose the same grant', { Losses: 1, Restores: 1 })),
  inShort(violated('limit: the database rolled back invisibly while etcd was away', { HiddenLosses: 1 })),
  inShort(violated('limit: no etcd, and an asynchronous failover', { ...NO_ETCD, Synchronous: false })),
])
