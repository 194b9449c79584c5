import { type Constants, holds, inShort, runsOf, violated, without } from './proof-run.ts'

/** Two tags made past etcd, or one that another database makes with etcd. */
const PAST: Constants = { PastEtcd: 2 }
const MOVED: Constants = { Moved: true, PastEtcd: 0 }
/** A person writes a key or takes one away. */
const BY_HAND: Constants = { Hands: 1 }
/** etcd begins empty, or is restored with backups. */
const RESTORED: Constants = { Restores: 1, PastEtcd: 0 }
const HANDBOOK: Constants = { ...RESTORED, Patient: 'conflicts settled, new tags wait' }

/** docs/proofs/names.tla: in which snowflake layouts the tags of one name are stamped, in two databases. */
export const NAME_CONFIGURATIONS = runsOf('names', [
  inShort(holds('two tags, one of them past etcd', {})),
  holds('two tags past etcd', PAST),
  inShort(holds('a database that was published in another etcd', MOVED)),
  holds('two layouts of their own', { Layouts: 2, ...PAST }),
  holds('three tags, one of them past etcd', { Tags: 3 }),
  holds('three tags past etcd', { Tags: 3, PastEtcd: 3 }),
  holds('a person writes a key', { ...BY_HAND, Tags: 3 }),
  holds('a database restored', { Losses: 1, ...PAST }),
  holds('a database restored, three tags', { Losses: 1, Tags: 3 }),

  without('a tag without a layout is stamped without a look', {}),
  without('every tag counts as published', {}),
  without('what was published in any etcd needs no look', MOVED),
  without('a name that nobody has counts as free', {}),
  without('a claim without settings counts', { Tags: 3 }),
  without('a tombstone of 2^53 counts as any other', {}),
  without('a layout is stamped without its claim', PAST),
  without('a name that was used takes a layout', {}),
  without('the claim goes before the tombstone comes', {}),
  without('a claim is taken back that others made newer', { PastEtcd: 0 }),
  without('a claim is taken back whose settings are there', { ...BY_HAND, Knowing: true, Tags: 3 }),
  without('the name is written without comparing', {}),
  without('the mark names no generation', { Losses: 1, Tags: 3 }),

  inShort(violated('limit: etcd loses a claim, and another database makes the name', RESTORED)),
  inShort(
    violated('limit: etcd loses a claim, and a name in conflict is claimed by the other one', {
      ...RESTORED,
      ...PAST,
      Patient: 'new tags wait',
    }),
  ),
  holds('etcd begins empty, no name was in conflict, and new tags wait until all are claimed', HANDBOOK),
  holds('etcd restored, no name was in conflict, and new tags wait until all are claimed', {
    ...HANDBOOK,
    Backups: true,
  }),
  holds('etcd begins empty, and each database is asked about a claim before it is stamped', {
    ...RESTORED,
    AskAll: true,
  }),
  holds('etcd restored, and each database is asked about a claim before it is stamped', {
    ...RESTORED,
    Backups: true,
    AskAll: true,
  }),
  violated('limit: a person writes the settings of a creation under way, and takes them away', {
    Hands: 2,
    Knowing: true,
    Tags: 3,
  }),
])
