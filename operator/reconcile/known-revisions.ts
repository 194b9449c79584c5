import { LABELS } from '../api/marks.ts'
import type { RevisionState } from '../core/rollout-snapshot.ts'
import { SERVER } from '../render/metadata.ts'
import { type RevisionRecord, recordOf } from '../render/revision-record.ts'
import type { ControllerRevision, Deployment, Pod } from './kube-kinds.ts'
import { podFailure } from './pod-failures.ts'

/** What the caches have of one revision. */
export interface KnownRevision {
  readonly revision: string
  readonly createdAt: string
  /** undefined: its record is gone, so its pods can be scaled but not rendered. */
  readonly record: RevisionRecord | undefined
  readonly deployment: Deployment | undefined
  readonly pods: readonly Pod[]
}

export interface RevisionSources {
  readonly deployments: readonly Deployment[]
  readonly controllerRevisions: readonly ControllerRevision[]
  readonly pods: readonly Pod[]
}

/** By revision. */
export function knownRevisions(sources: RevisionSources): ReadonlyMap<string, KnownRevision> {
  const found = new Map<string, KnownRevision>()
  const deployments = byRevision(sources.deployments)
  const records = byRevision(sources.controllerRevisions)
  const pods = Map.groupBy(
    sources.pods.filter(({ metadata }) => metadata.labels?.[LABELS.component] === SERVER),
    ({ metadata }) => metadata.labels?.[LABELS.revision] ?? '',
  )
  for (const revision of new Set([...deployments.keys(), ...records.keys()])) {
    const deployment = deployments.get(revision)
    const record = records.get(revision)
    found.set(revision, {
      revision,
      createdAt: (deployment ?? record)?.metadata.creationTimestamp ?? '',
      record: record === undefined ? undefined : recordOf(record),
      deployment,
      pods: pods.get(revision) ?? [],
    })
  }
  return found
}

/** As a rollout is decided from it. */
export function revisionState({ revision, createdAt, deployment, pods }: KnownRevision): RevisionState {
  const { readyReplicas = 0, availableReplicas = 0, conditions = [] } = deployment?.status ?? {}
  const failing = podFailure(pods, conditions)
  return {
    revision,
    createdAt,
    replicas: deployment?.spec?.replicas ?? 0,
    ready: readyReplicas,
    available: availableReplicas,
    ...(failing === undefined ? {} : { failing }),
  }
}

/** Of `pods`, all of an IdGenerator: those on their way out, and those that a Deployment has above what it was asked for. */
export function endingPods(pods: readonly Pod[], known: ReadonlyMap<string, KnownRevision>): number {
  const servers = pods.filter(
    ({ metadata, status }) =>
      metadata.labels?.[LABELS.component] === SERVER && !ENDED.has(status?.phase ?? ''),
  )
  const living = servers.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  const byName = Map.groupBy(living, ({ metadata }) => metadata.labels?.[LABELS.revision] ?? '')
  let count = servers.length - living.length
  for (const [revision, own] of byName)
    count += Math.max(0, own.length - (known.get(revision)?.deployment?.spec?.replicas ?? 0))
  return count
}

const ENDED: ReadonlySet<string> = new Set(['Succeeded', 'Failed'])

function byRevision<T extends Deployment | ControllerRevision>(objects: readonly T[]): Map<string, T> {
  const found = new Map<string, T>()
  for (const object of objects) {
    const revision = object.metadata.labels?.[LABELS.revision]
    if (revision !== undefined && object.metadata.deletionTimestamp === undefined) found.set(revision, object)
  }
  return found
}
