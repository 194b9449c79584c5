import type { Snowflake, SnowflakeOptions } from '../../../service/core/snowflake.ts'
import type { TagCursors, TagCursorsOptions } from '../../../service/core/tag-cursors.ts'
import type { WitnessRules } from '../../../service/core/witness.ts'
import type { Coordinator } from '../../../service/ports/coordinator.ts'
import type { Random } from '../../../service/ports/random.ts'
import type { SegmentLedger } from '../../../service/ports/segment-ledger.ts'
import type { SegmentStore } from '../../../service/ports/segment-store.ts'
import type { TimeCopyStore } from '../../../service/ports/time-copy-store.ts'
import type { CommitTag } from '../stores/postgres-server.ts'

/**
 * Where a mutant (mutants/) takes the place of a part of the service. All left out: the service as it is. The wraps
 * stand between the real code and its ports; no code of the service knows of them.
 */
export interface Variant {
  readonly counts?: (tag: CommitTag) => boolean
  readonly coordinator?: (inner: Coordinator) => Coordinator
  readonly blockCoordinator?: (inner: Coordinator) => Coordinator
  readonly copies?: (inner: TimeCopyStore) => TimeCopyStore
  readonly ledger?: (inner: SegmentLedger) => SegmentLedger
  readonly store?: (inner: SegmentStore, ledger: SegmentLedger) => SegmentStore
  readonly nonces?: (inner: Random) => Random
  readonly witness?: 'off'
  readonly rules?: Partial<WitnessRules>
  readonly snowflake?: (options: SnowflakeOptions) => Snowflake
  readonly tagCursors?: (options: TagCursorsOptions) => TagCursors
  readonly identityOf?: (runId: number, replid: number) => string
  /** The process goes on stamping while it stops: an extra thread that nobody told. */
  readonly stampsWhileStopping?: true
}
