import type { IdGenerator } from '../api/kinds.ts'
import { COMMANDS } from '../api/marks.ts'
import type { Judgement } from '../core/analysis-verdict.ts'
import { decideRollout } from '../core/decide-rollout.ts'
import { wantedPods } from '../core/pod-budget.ts'
import { readRolloutStatus } from '../core/read-rollout-status.ts'
import type { RolloutDecision } from '../core/rollout-decision.ts'
import { planRollout } from '../core/rollout-plan.ts'
import type { CommandName, Commands, RevisionState } from '../core/rollout-snapshot.ts'
import { isSameSpec } from '../render/revision-record.ts'
import type { GeneratorPicture } from './generator-picture.ts'
import { revisionState } from './known-revisions.ts'

/**
 * What happens to the revisions. undefined: nothing can be decided yet, because the first revision may have no pods. A
 * new revision whose Secrets are missing is not the wanted one yet: what was on its way goes on. One whose migrations
 * run is: a rollout without pods, so that the progress deadline ends it when its image, or its code, never gets there.
 */
export function decideGenerator(
  picture: GeneratorPicture,
  judgement: Judgement | undefined,
): RolloutDecision | undefined {
  const { generator, nowMs, wanted, deployable, migrating } = picture
  const status = readRolloutStatus(generator.status)
  const follows = deployable || (migrating && status.stableRevision !== undefined)
  const followed = follows ? wanted : (status.canaryRevision ?? status.stableRevision)
  if (followed === undefined) return undefined
  return decideRollout({
    nowMs,
    plan: planRollout(generator.spec),
    wantedRevision: followed,
    isRenderedAnew: isRenderedAnew(picture, followed, status.stableRevision),
    replicas: wantedPods(generator.spec),
    endingPods: picture.endingPods,
    status,
    revisions: revisionStates(picture),
    commands: commandsOf(generator),
    ...(judgement === undefined ? {} : { judgement }),
  })
}

function isRenderedAnew(
  { records }: GeneratorPicture,
  followed: string,
  stable: string | undefined,
): boolean {
  const [one, other] = [records.get(followed), stable === undefined ? undefined : records.get(stable)]
  if (one === undefined || other === undefined || followed === stable) return false
  return isSameSpec(one.inputs, other.inputs)
}

/**
 * Revisions with a Deployment; and stable and canary where somebody deleted theirs, because their records are enough to
 * make it again. A canary that the spec left before it had one is nothing that a history would keep.
 */
export function revisionStates(picture: GeneratorPicture): RevisionState[] {
  const { generator, known, records, wanted } = picture
  const { stableRevision, canaryRevision } = generator.status ?? {}
  return [...known.values()]
    .filter(
      ({ revision, deployment }) =>
        deployment !== undefined ||
        (records.has(revision) &&
          (revision === stableRevision || (revision === canaryRevision && revision === wanted))),
    )
    .map((one) => ({ ...revisionState(one), ...migrationFailure(picture, one.revision) }))
}

/** Why a revision has no pods yet. */
function migrationFailure(
  { wanted, migrating, migration }: GeneratorPicture,
  revision: string,
): Pick<RevisionState, 'failing'> {
  if (!migrating || revision !== wanted) return {}
  const message = migration.message ?? 'its Job has not ended'
  return { failing: { reason: 'NotMigrated', message } }
}

const ANNOTATION_OF: Readonly<Record<CommandName, string>> = {
  abort: COMMANDS.abort,
  retry: COMMANDS.retry,
  'promote-full': COMMANDS.promoteFull,
  promote: COMMANDS.promote,
  pause: COMMANDS.pause,
}

function commandsOf({ metadata }: IdGenerator): Commands {
  return Object.fromEntries(
    Object.entries(ANNOTATION_OF).flatMap(([command, annotation]) => {
      const revision = metadata.annotations?.[annotation]
      return revision === undefined ? [] : [[command, revision]]
    }),
  )
}

export function annotationsOf(commands: readonly CommandName[]): string[] {
  return commands.map((command) => ANNOTATION_OF[command])
}
