import { type Constants, holds, inShort, runsOf, violated, without } from './proof-run.ts'

/** etcd is restored once, and PostgreSQL answers from then on. */
const RESTORED: Constants = { Restores: 1, Away: 'before' }
/** PostgreSQL loses copies; etcd knows all by itself. */
const LOST: Constants = { Losses: 1, BothLost: true }
/** etcd is restored while its copy is complete, and PostgreSQL is away later. */
const RESTORED_THEN_AWAY: Constants = { Restores: 1, Away: 'always', TimersRight: true, Holds: 2 }

/** docs/proofs/time_grant.tla: time grants out of etcd with their copy in PostgreSQL. */
export const TIME_GRANT_CONFIGURATIONS = runsOf('time_grant', [
  inShort(holds('PostgreSQL away at any time, two milliseconds', { Holds: 2, MaxMs: 2 })),
  holds('PostgreSQL away at any time', { Holds: 2 }),
  holds('PostgreSQL away at any time, three holds', {}),
  holds('two messages late', { Holds: 2, Late: 2, MaxMs: 2 }),
  holds('three processes paused at once', { Instances: 3, Lowering: false, Late: 0 }),
  holds('two worker ids', { Workers: 2, Holds: 3, Late: 0, MaxMs: 2, Away: 'never' }),
  inShort(holds('etcd restored, two milliseconds', { ...RESTORED, Holds: 2, Late: 0, MaxMs: 2 })),
  holds('etcd restored', { ...RESTORED, Holds: 2 }),
  holds('etcd restored, three holds', { ...RESTORED, Late: 0 }),
  holds('etcd restored with revision bump', { ...RESTORED, Bump: true, Holds: 2, Late: 0 }),
  holds('etcd restored, then PostgreSQL away', { ...RESTORED_THEN_AWAY, Late: 0 }),
  inShort(holds('PostgreSQL loses copies, two milliseconds', { ...LOST, Holds: 2, Late: 0, MaxMs: 2 })),
  holds('PostgreSQL loses copies', { ...LOST, Holds: 2 }),
  holds('both lose, never the same grant', { Losses: 1, Restores: 1, Away: 'never', Holds: 2, Late: 0 }),

  without('holder not compared', {}),
  without('nonce not compared', RESTORED_THEN_AWAY),
  holds('redundant rule: another hold is not taken for an own try, where the holder is compared', {
    Holds: 2,
    MaxMs: 2,
    Weakening: "another hold's time taken for an own try",
  }),
  holds('redundant rule: create-revision not compared, where the nonce is', {
    Holds: 2,
    Weakening: 'create-revision not compared',
  }),
  without('until read outside the transaction', {}),
  without('trust the lease timer', {}),
  without('time not compared', {}),
  without('acquire without the copy', RESTORED_THEN_AWAY),
  without('go on after the lease without the copy', RESTORED_THEN_AWAY),
  without('use the window before it is copied', { ...RESTORED, BothLost: true }),
  without('copy not compared', RESTORED),
  without('lower before the threads have stopped', { Holds: 2 }),

  inShort(
    without('use without asking etcd again', {
      Restores: 1,
      Losses: 1,
      Away: 'never',
      Holds: 2,
    }),
  ),
  inShort(
    violated('limit: a window used while PostgreSQL was away, then etcd restored', {
      Restores: 1,
      BothLost: true,
      Holds: 2,
    }),
  ),
  inShort(
    violated('limit: both stores lose the same grant', {
      Restores: 1,
      Losses: 1,
      Away: 'never',
      BothLost: true,
      Holds: 2,
    }),
  ),
  inShort(
    violated('limit: etcd restored, then PostgreSQL away, and a lease that ran out early', {
      ...RESTORED_THEN_AWAY,
      TimersRight: false,
    }),
  ),
])
