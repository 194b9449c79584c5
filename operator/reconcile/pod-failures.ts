import type { RevisionState } from '../core/rollout-snapshot.ts'
import type { Condition, ContainerStatus, Pod } from './kube-kinds.ts'

type Failure = NonNullable<RevisionState['failing']>

/** Why pods of a revision do not come up, as their states tell: the first that says something; undefined: none does. */
export function podFailure(pods: readonly Pod[], conditions: readonly Condition[] = []): Failure | undefined {
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined) continue
    const failure = failureOf(pod)
    if (failure !== undefined) return failure
  }
  // Quotas and Pod Security refuse pods before there are any.
  const refused = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  return refused && { reason: refused.reason ?? 'ReplicaFailure', message: short(refused.message ?? '') }
}

function failureOf({ metadata, status = {} }: Pod): Failure | undefined {
  const unscheduled = status.conditions?.find(
    ({ type, status: holds, reason }) =>
      type === 'PodScheduled' && holds === 'False' && reason === 'Unschedulable',
  )
  if (unscheduled !== undefined)
    return { reason: 'Unschedulable', message: told(metadata.name, unscheduled.message) }
  for (const container of status.containerStatuses ?? []) {
    const reason = stuck(container)
    if (reason !== undefined) return { reason, message: told(metadata.name, reasonText(container)) }
  }
  return undefined
}

function stuck({ ready = false, state = {}, restartCount = 0 }: ContainerStatus): string | undefined {
  const waiting = state.waiting?.reason
  if (waiting !== undefined && !PASSING.has(waiting)) return waiting
  // Between two starts nothing is wrong for a moment.
  if (!ready && restartCount > 0) return 'Restarting'
  if (state.terminated !== undefined && state.terminated.exitCode !== 0)
    return state.terminated.reason ?? 'Error'
  return undefined
}

function reasonText({ state = {}, lastState = {}, restartCount = 0 }: ContainerStatus): string {
  const ended = state.terminated ?? lastState.terminated
  const parts = [
    state.waiting?.message,
    ended && `ended with ${ended.exitCode ?? '?'} (${ended.reason ?? 'no reason'})`,
    ended?.message === undefined ? undefined : lastWords(ended.message),
    restartCount > 0 ? `${restartCount} restarts` : undefined,
  ]
  return parts.filter((part) => part !== undefined && part !== '').join(', ')
}

/**
 * Where a container says nothing itself, Kubernetes gives the end of its log (terminationMessagePolicy). What idgen says
 * at its end (service/cli/report-error.ts) comes after lines that a condition has no room for.
 */
function lastWords(message: string): string {
  const lines = message.trim().split('\n')
  const said = lines.findLastIndex((line) => line.startsWith('idgen: '))
  return lines.slice(said === -1 ? -1 : said).join('\n')
}

function told(pod: string, message = ''): string {
  return short(message === '' ? `pod ${pod}` : `pod ${pod}: ${message}`)
}

function short(text: string): string {
  return text.length <= MESSAGE_MAX ? text : `${text.slice(0, MESSAGE_MAX - 1)}…`
}

/** Every pod goes through these. */
const PASSING = new Set(['ContainerCreating', 'PodInitializing'])
/** It stands in conditions and events, which end at 1,024 bytes. */
const MESSAGE_MAX = 300
