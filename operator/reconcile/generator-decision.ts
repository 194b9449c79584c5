import type { IdGenerator } from '../api/kinds.ts'
import { COMMANDS } from '../api/marks.ts'
import type { Judgement } from '../core/analysis-verdict.ts'
import { decideRollout } from '../core/decide-rollout.ts'
import { readRolloutStatus } from '../core/read-rollout-status.ts'
import type { RolloutDecision } from '../core/rollout-decision.ts'
import { planRollout } from '../core/rollout-plan.ts'
import type { CommandName, Commands, RevisionState } from '../core/rollout-snapshot.ts'
import type { GeneratorPicture } from './generator-picture.ts'
import { revisionState } from './known-revisions.ts'

/**
 * What happens to the revisions. undefined: nothing can be decided yet, because the first revision may have no pods. A
 * new revision that may have none yet is not the wanted one yet either: what was on its way goes on.
 */
export function decideGenerator(
  picture: GeneratorPicture,
  judgement: Judgement | undefined,
): RolloutDecision | undefined {
  const { generator, nowMs, wanted, deployable } = picture
  const status = readRolloutStatus(generator.status)
  const followed = deployable ? wanted : (status.canaryRevision ?? status.stableRevision)
  if (followed === undefined) return undefined
  return decideRollout({
    nowMs,
    plan: planRollout(generator.spec),
    wantedRevision: followed,
    replicas: generator.spec.replicas,
    status,
    revisions: revisionStates(picture),
    commands: commandsOf(generator),
    ...(judgement === undefined ? {} : { judgement }),
  })
}

/**
 * Revisions with a Deployment; and stable and canary where somebody deleted theirs, because their records are enough to
 * make it again.
 */
export function revisionStates({ generator, known, inputs }: GeneratorPicture): RevisionState[] {
  const { stableRevision, canaryRevision } = generator.status ?? {}
  return [...known.values()]
    .filter(
      ({ revision, deployment }) =>
        deployment !== undefined ||
        (inputs.has(revision) && (revision === stableRevision || revision === canaryRevision)),
    )
    .map(revisionState)
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
