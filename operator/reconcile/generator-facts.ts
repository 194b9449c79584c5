import type { IdGenerator } from '../api/kinds.ts'
import type { RolloutDecision } from '../core/rollout-decision.ts'
import type { RevisionState } from '../core/rollout-snapshot.ts'
import type { MigrationStep } from './migration.ts'

/** All that a status is made from: what was found and decided in one reconcile. */
export interface GeneratorFacts {
  readonly generator: IdGenerator
  readonly nowMs: number
  readonly revisions: readonly RevisionState[]
  /** Of each revision that is known. */
  readonly images: ReadonlyMap<string, string>
  /** Names of clients that pods of a revision were made to let in and refuse by now. */
  readonly refusedClients?: ReadonlyMap<string, readonly string[]>
  readonly pods: PodCounts
  readonly tags: TagTotals
  /** Why the spec is not carried out. Where nothing is done at all those below are missing: what the status says of them stays. */
  readonly obstacle?: Obstacle
  /** When the certificate of an IdGenerator that is left alone ends. */
  readonly certificateNotAfterMs?: number
  readonly credentials?: CredentialFacts
  readonly migration?: MigrationStep
  /** The revision that the spec asks for, which the migrations are for. */
  readonly wantedRevision?: string
  readonly rollout?: Pick<RolloutDecision, 'status' | 'conditions'>
  /** What the API server said when the objects were applied last, if it refused one. */
  readonly applyFailure?: string
}

export interface PodCounts {
  readonly existing: number
  readonly ready: number
  readonly available: number
}

export interface TagTotals {
  readonly total: number
  readonly ready: number
  /** Of the fullest tag: "12.3". */
  readonly usedPercent?: string | undefined
}

export interface Obstacle {
  readonly reason: 'ImageNotAllowed' | 'SpecInvalid' | 'Suspended'
  readonly message: string
}

export interface CredentialFacts {
  /** What is missing or wrong, each a sentence for people. */
  readonly missing: readonly string[]
  readonly certificateNotAfterMs?: number
}
