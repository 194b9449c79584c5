import { goToStep } from './follow-spec.ts'
import {
  activeRollout,
  change,
  isBlocked,
  type RolloutDraft,
  rollBack,
  say,
  stepsOf,
} from './rollout-draft.ts'
import type { CommandName, RolloutSnapshot } from './rollout-snapshot.ts'
import type { TakenCommand } from './rollout-status.ts'

/**
 * Commands are annotations, and an annotation cannot be taken and removed in one write. So that none acts twice when the
 * operator ends between the two, what was taken is written into the status first and stays there until the annotation
 * is seen to be gone; one that is set again after that is a new command.
 */
export interface HeardCommands {
  /** Not taken before. */
  readonly fresh: Readonly<Partial<Record<CommandName, string>>>
  /** Taken once this decision is written, with the annotation still there. */
  readonly taken: TakenCommand[]
  readonly annotationsToRemove: readonly CommandName[]
}

/** A pause is a level: it counts as long as it stands, so nobody but people removes it. */
const REMOVED = ['abort', 'retry', 'promote-full', 'promote'] as const

export function hearCommands({ commands, status }: RolloutSnapshot): HeardCommands {
  const fresh: Partial<Record<CommandName, string>> = {}
  const taken: TakenCommand[] = []
  for (const command of [...REMOVED, 'pause'] as const) {
    const revision = commands[command]
    if (revision === undefined) continue
    if (!isTaken(status.takenCommands, command, revision)) fresh[command] = revision
    if (command !== 'pause' || fresh.pause === undefined) taken.push({ command, revision })
  }
  return { fresh, taken, annotationsToRemove: REMOVED.filter((command) => commands[command] !== undefined) }
}

function isTaken(taken: readonly TakenCommand[] = [], command: CommandName, revision: string): boolean {
  return taken.some((one) => one.command === command && one.revision === revision)
}

/** Before the spec is followed: what ends a rollout, and what lets one begin. */
export function obeyEndings(draft: RolloutDraft, { fresh }: HeardCommands): void {
  const { abort, retry } = fresh
  if (abort !== undefined) {
    if (draft.stable === undefined) ignore(draft, 'abort', abort, 'there is no stable revision to go back to')
    else if (isOn(draft, 'abort', abort)) rollBack(draft, 'Aborted', 'somebody aborted it')
  }
  if (retry === undefined) return
  if (!isBlocked(draft, retry)) {
    ignore(draft, 'retry', retry, 'that revision is not blocked')
    return
  }
  draft.blocked = draft.blocked.filter(({ revision }) => revision !== retry)
  say(
    draft,
    'Normal',
    'RolloutRetried',
    `Revision ${retry} is not blocked any more; somebody wants it tried again.`,
  )
}

/** After the spec is followed: what moves a rollout on. */
export function obeyPromotions(draft: RolloutDraft, { fresh, taken }: HeardCommands): void {
  const full = fresh['promote-full']
  if (full !== undefined && isOn(draft, 'promote-full', full)) {
    const last = stepsOf(draft).length - 1
    change(draft, { promoteFull: true })
    if (activeRollout(draft)?.stepIndex !== last) goToStep(draft, last)
  }
  const { promote, pause } = fresh
  if (promote !== undefined && isOn(draft, 'promote', promote)) change(draft, { stepPromoted: true })
  if (pause === undefined || isPausedByPeople(draft)) return
  isOn(draft, 'pause', pause)
  // Said once, not at every decision while it stands.
  taken.push({ command: 'pause', revision: pause })
}

export function isPausedByPeople(draft: RolloutDraft): boolean {
  const active = activeRollout(draft)
  return active !== undefined && draft.snapshot.commands.pause === active.revision
}

/** Whether the rollout under way is the one that the command names; if not, it is ignored and that is told. */
function isOn(draft: RolloutDraft, command: CommandName, revision: string): boolean {
  const active = activeRollout(draft)
  if (active?.revision === revision) return true
  ignore(
    draft,
    command,
    revision,
    active === undefined ? 'no rollout is under way' : `the rollout under way is that of ${active.revision}`,
  )
  return false
}

function ignore(draft: RolloutDraft, command: CommandName, revision: string, why: string): void {
  say(
    draft,
    'Warning',
    'RolloutCommandIgnored',
    `idgen.io/${command}=${revision} is ignored: ${why}. The value must be the revision that is meant.`,
  )
}
