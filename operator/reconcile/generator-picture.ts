import type { IdGenerator } from '../api/kinds.ts'
import { COMMANDS } from '../api/marks.ts'
import { readRolloutStatus } from '../core/read-rollout-status.ts'
import { wantedRevision } from '../core/wanted-revision.ts'
import { NAMES } from '../render/names.ts'
import { newRevision } from '../render/new-revision.ts'
import { isSameSpec, type RevisionRecord } from '../render/revision-record.ts'
import { type SecretFacts, secretFacts, wantedSecrets } from '../render/secret-facts.ts'
import { objectKey } from '../runtime/resource.ts'
import type { GeneratorCaches } from './generator-caches.ts'
import type { CredentialFacts, PodCounts } from './generator-facts.ts'
import { generatorSecrets, type SecretsFound } from './generator-secrets.ts'
import { endingPods, type KnownRevision, knownRevisions } from './known-revisions.ts'
import { type MigrationStep, nextMigration } from './migration.ts'
import { keyIn } from './pod-certificate.ts'
import { podFailure } from './pod-failures.ts'
import type { SecretStore } from './secret-store.ts'

/** One IdGenerator and all that belongs to it, as it was found at the beginning of a reconcile. */
export interface GeneratorPicture {
  readonly generator: IdGenerator
  readonly nowMs: number
  /** The revision that the spec asks for, or, where that must not be carried out, the one that is on its way or stable. */
  readonly wanted: string
  readonly known: ReadonlyMap<string, KnownRevision>
  /** Pods that end, those of deleted revisions included: they have their worker ids until then. */
  readonly endingPods: number
  /** Of every revision whose record can be read, and of the wanted one. */
  readonly records: ReadonlyMap<string, RevisionRecord>
  readonly secrets: SecretsFound
  readonly secretFacts: ReadonlyMap<string, SecretFacts>
  readonly credentials: CredentialFacts
  readonly migration: MigrationStep
  /** Whether pods of the wanted revision may be made. */
  readonly deployable: boolean
  /** Whether only the migrations are missing for that. */
  readonly migrating: boolean
}

export interface PictureSources {
  readonly caches: GeneratorCaches
  readonly store: SecretStore
  readonly nowMs: number
  /** For IdGenerators that name no image. */
  readonly image: string | undefined
  /** In the place of what the spec asks for: a revision that is there. */
  readonly held?: string | undefined
}

export async function takePicture(
  generator: IdGenerator,
  { caches, store, nowMs, image, held }: PictureSources,
  signal: AbortSignal,
): Promise<GeneratorPicture> {
  const known = revisionsOf(caches, objectKey(generator.metadata))
  const records = new Map<string, RevisionRecord>()
  const wanted = held ?? chosenRevision(generator, known, image, records)
  for (const { revision, record } of known.values()) if (record !== undefined) records.set(revision, record)
  // Also of a revision whose Deployment somebody deleted: it is made again.
  const { stableRevision, canaryRevision } = generator.status ?? {}
  const used = new Set([wanted, stableRevision, canaryRevision])
  const needed = [...records]
    .filter(([revision]) => used.has(revision) || known.get(revision)?.deployment !== undefined)
    .flatMap(([, { inputs }]) => wantedSecrets(inputs).map(({ name }) => name))
  const secrets = await generatorSecrets(store, generator, { names: new Set(needed), known, nowMs }, signal)
  const facts = new Map(
    [...records].map(([revision, { inputs }]) => [revision, secretFacts(inputs, secrets.contents)]),
  )
  const missing = [...secrets.problems, ...(facts.get(wanted)?.missing ?? [])]
  const hasDeployment = known.get(wanted)?.deployment !== undefined
  const migration = migrationOf(generator, caches, { wanted, hasDeployment, missing, nowMs })
  const migrated = migration.state === 'Done' || migration.state === 'NotManaged'
  return {
    generator,
    nowMs,
    wanted,
    known,
    endingPods: endingPods(caches.pods.by(objectKey(generator.metadata)), known),
    records,
    secrets,
    secretFacts: facts,
    credentials: {
      missing,
      ...(secrets.certificateNotAfterMs === undefined
        ? {}
        : { certificateNotAfterMs: secrets.certificateNotAfterMs }),
    },
    migration,
    deployable: hasDeployment || (migrated && missing.length === 0),
    migrating: !hasDeployment && !migrated && missing.length === 0,
  }
}

/** And its record, where it is a new one. */
function chosenRevision(
  generator: IdGenerator,
  known: ReadonlyMap<string, KnownRevision>,
  image: string | undefined,
  records: Map<string, RevisionRecord>,
): string {
  const { spec, status, metadata } = generator
  const { revision: rendered, record } = newRevision(generator, { image: image ?? '' })
  const same = [...known.values()].filter(
    (one) => one.record !== undefined && isSameSpec(one.record.inputs, record.inputs),
  )
  const wanted = wantedRevision({
    rendered,
    sameSpec: new Set(same.map(({ revision }) => revision)),
    status: readRolloutStatus(status),
    strategy: spec.canary.strategy,
    retry: metadata.annotations?.[COMMANDS.retry],
  })
  if (wanted === rendered) records.set(wanted, record)
  return wanted
}

export function revisionsOf(caches: GeneratorCaches, key: string): ReadonlyMap<string, KnownRevision> {
  return knownRevisions({
    deployments: caches.deployments.by(key),
    controllerRevisions: caches.controllerRevisions.by(key),
    pods: caches.pods.by(key),
  })
}

function migrationOf(
  generator: IdGenerator,
  caches: GeneratorCaches,
  about: {
    readonly wanted: string
    readonly hasDeployment: boolean
    readonly missing: readonly string[]
    readonly nowMs: number
  },
): MigrationStep {
  const { metadata, spec, status } = generator
  const job = NAMES.migrationJob(metadata.name, about.wanted)
  const pods = caches.pods.by(objectKey(metadata)).filter((pod) => pod.metadata.labels?.[JOB_NAME] === job)
  const step = nextMigration({
    wanted: spec.database.migrate,
    revision: about.wanted,
    migratedRevision: status?.migratedRevision,
    hasDeployment: about.hasDeployment,
    credentialsValid: about.missing.length === 0,
    blocked: status?.blockedRevisions?.some(({ revision }) => revision === about.wanted) === true,
    started: pods.some((pod) => pod.status?.phase !== 'Pending'),
    job: caches.jobs.get(keyIn(generator, job)),
    nowMs: about.nowMs,
  })
  // The Job itself only says that it failed; its pod may say why.
  const failure = podFailure(pods)
  if (failure === undefined || (step.state !== 'Failed' && step.state !== 'Running')) return step
  return { ...step, message: `${failure.reason}: ${failure.message}` }
}

/** Pods of all revisions together. */
export function countPods(known: ReadonlyMap<string, KnownRevision>): PodCounts {
  const counts = { existing: 0, ready: 0, available: 0 }
  for (const { deployment } of known.values()) {
    counts.existing += deployment?.status?.replicas ?? 0
    counts.ready += deployment?.status?.readyReplicas ?? 0
    counts.available += deployment?.status?.availableReplicas ?? 0
  }
  return counts
}

/** The Job controller puts it on pods. */
const JOB_NAME = 'batch.kubernetes.io/job-name'
