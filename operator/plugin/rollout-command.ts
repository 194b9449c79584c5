import type { IdGenerator } from '../api/kinds.ts'
import { COMMANDS } from '../api/marks.ts'
import { PluginError } from './plugin-error.ts'

export type CommandVerb = 'promote' | 'promote-full' | 'abort' | 'retry' | 'pause' | 'resume'

/** What a command writes, to whom it is meant, and how one sees that it took effect. */
export interface PlannedCommand {
  readonly verb: CommandVerb
  readonly revision: string
  /** The annotation and its value; null takes it away. */
  readonly annotation: readonly [string, string | null]
  /** To be answered with yes first: what happens cannot be taken back with a word. */
  readonly question?: string
  /** Said beside the outcome. */
  readonly note?: string
}

/** Nothing is to be written: it is so already. */
export interface AlreadySo {
  readonly alreadySo: string
}

export interface Situation {
  readonly generator: IdGenerator
  /** What must stand behind a command that is advised: " -n shop", or "". */
  readonly flags: string
  /** The revision to retry, where somebody chose one. */
  readonly revision?: string
}

/**
 * A command names the revision that it is meant for, so that one that comes too late changes nothing. Throws, saying how
 * things stand, where it makes no sense now.
 */
export function planCommand(verb: CommandVerb, situation: Situation): PlannedCommand | AlreadySo {
  switch (verb) {
    case 'promote':
    case 'promote-full':
      return planPromotion(verb, situation)
    case 'abort':
      return planAbort(situation)
    case 'retry':
      return planRetry(situation)
    case 'pause':
      return planPause(situation)
    case 'resume':
      return planResume(situation)
  }
}

function typed(command: string, { generator, flags }: Situation): string {
  return `kubectl idgen ${command} ${generator.metadata.name}${flags}`
}

function planPromotion(verb: 'promote' | 'promote-full', situation: Situation): PlannedCommand {
  const { generator } = situation
  const revision = underWay(situation, 'promote')
  const name = generator.metadata.name
  const paused = generator.metadata.annotations?.[COMMANDS.pause] === revision
  const note = paused
    ? { note: `The rollout is paused: it goes on after ${typed('resume', situation)}.` }
    : {}
  if (verb === 'promote') return { verb, revision, annotation: [COMMANDS.promote, revision], ...note }
  return {
    verb,
    revision,
    annotation: [COMMANDS.promoteFull, revision],
    question: `All pods of ${name} become revision ${revision} now, without holds and without analysis. Go on?`,
    ...note,
  }
}

function planAbort(situation: Situation): PlannedCommand {
  const { generator } = situation
  const revision = underWay(situation, 'abort')
  const stable = generator.status?.stableRevision
  if (stable === undefined)
    throw new PluginError(
      `Nothing to go back to: ${revision} is the first revision of ${generator.metadata.name}. Change the spec instead.`,
    )
  return {
    verb: 'abort',
    revision,
    annotation: [COMMANDS.abort, revision],
    question: `Revision ${revision} is given up: all pods go back to ${stable}, and it stays blocked until somebody retries it. Go on?`,
  }
}

function planRetry({ generator, revision: chosen }: Situation): PlannedCommand {
  const { metadata, status } = generator
  const blocked = status?.blockedRevisions ?? []
  const [newest] = blocked
  if (newest === undefined)
    throw new PluginError(`Nothing to retry: no revision of ${metadata.name} is blocked.`)
  const last = status?.rollout?.revision
  const revision = chosen ?? blocked.find((one) => one.revision === last)?.revision ?? newest.revision
  if (!blocked.some((one) => one.revision === revision))
    throw new PluginError(
      `Revision ${revision} is not blocked. Blocked are ${blocked.map((one) => one.revision).join(', ')}.`,
    )
  return { verb: 'retry', revision, annotation: [COMMANDS.retry, revision] }
}

function planPause(situation: Situation): PlannedCommand | AlreadySo {
  const { generator } = situation
  const revision = underWay(situation, 'pause')
  if (generator.metadata.annotations?.[COMMANDS.pause] === revision)
    return { alreadySo: `The rollout of ${revision} is paused already.` }
  return { verb: 'pause', revision, annotation: [COMMANDS.pause, revision] }
}

function planResume(situation: Situation): PlannedCommand | AlreadySo {
  const { metadata, status } = situation.generator
  const revision = metadata.annotations?.[COMMANDS.pause]
  if (revision !== undefined) return { verb: 'resume', revision, annotation: [COMMANDS.pause, null] }
  const reason = status?.rollout?.state === 'Progressing' ? status.rollout.pause?.reason : undefined
  if (reason === undefined || reason === 'User') return { alreadySo: `${metadata.name} is not paused.` }
  throw new PluginError(
    `${metadata.name} is not paused by anybody; it waits (${WAITS[reason]}). ${typed('promote', situation)} lets it go on.`,
  )
}

const WAITS = {
  Hold: 'the hold of the step is not over',
  Approval: 'for approval',
  Inconclusive: 'for a clear judgement',
  AnalysisError: 'because it cannot be judged',
} as const

/** The revision of the rollout under way. */
function underWay(situation: Situation, verb: string): string {
  const { metadata, status } = situation.generator
  const { rollout, stableRevision, blockedRevisions = [] } = status ?? {}
  if (rollout?.state === 'Progressing' && rollout.revision !== undefined) return rollout.revision
  const start = `Nothing to ${verb}: no rollout of ${metadata.name} is under way.`
  const blocked = blockedRevisions.find((one) => one.revision === rollout?.revision)
  if (blocked !== undefined)
    throw new PluginError(
      `${start} Revision ${blocked.revision} was rolled back (${blocked.message ?? blocked.reason ?? 'no reason was given'}); ` +
        `${typed('retry', situation)} tries it again.`,
    )
  throw new PluginError(
    stableRevision === undefined
      ? `${start} The operator has not deployed it yet; see ${typed('status', situation)}.`
      : `${start} Revision ${stableRevision} serves. A change of the image or of the configuration starts a rollout.`,
  )
}
