import type { PodRestarts } from '../core/judge-restarts.ts'
import { parseTimestamp } from '../core/timestamp.ts'
import { CONTAINER } from '../render/pod-template.ts'
import type { Pod } from './kube-kinds.ts'

/** Restarts of the service's own container: one that a mesh adds says nothing of a revision. */
export function podRestarts(pods: readonly Pod[]): PodRestarts[] {
  return pods.flatMap(({ metadata, status }) => {
    const container = status?.containerStatuses?.find(({ name }) => name === CONTAINER)
    const createdMs = parseTimestamp(metadata.creationTimestamp ?? '')
    if (container === undefined || createdMs === undefined) return []
    const { restartCount = 0, state, lastState } = container
    const end = state?.terminated ?? lastState?.terminated
    const lastEndMs = parseTimestamp(end?.finishedAt ?? '')
    return [{ createdMs, restarts: restartCount, ...(lastEndMs === undefined ? {} : { lastEndMs }) }]
  })
}
