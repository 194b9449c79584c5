import type { IdGeneratorStatus } from '../api/generated/id-generator.ts'
import { readRolloutStatus } from '../core/read-rollout-status.ts'
import type { RolloutStatus } from '../core/rollout-status.ts'
import { printTimestamp } from '../core/timestamp.ts'
import { canonicalJson } from '../render/canonical-json.ts'
import { podSelectorText } from '../render/metadata.ts'
import { adminKeySecret, PORTS } from '../render/names.ts'
import { generatorConditions } from './generator-conditions.ts'
import type { GeneratorFacts } from './generator-facts.ts'

/** The whole status: what is not in it is taken away. */
export function generatorStatus(facts: GeneratorFacts): IdGeneratorStatus {
  const { generator, images, pods, tags, migration } = facts
  const { metadata, spec, status: before = {} } = generator
  const rollout = facts.rollout?.status ?? readRolloutStatus(before)
  const stableImage = images.get(rollout.stableRevision ?? '') ?? before.stableImage
  const share = shareText(rollout)
  const notAfterMs = facts.credentials?.certificateNotAfterMs ?? facts.certificateNotAfterMs
  const notAfter =
    facts.credentials === undefined && notAfterMs === undefined
      ? before.certificateNotAfter
      : notAfterMs === undefined
        ? undefined
        : printTimestamp(notAfterMs)
  const migrated = migration?.state === 'Done' ? facts.wantedRevision : before.migratedRevision
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    conditions: generatorConditions(facts),
    replicas: pods.existing,
    readyReplicas: pods.ready,
    readyOfDesired: `${pods.ready}/${spec.replicas}`,
    selector: podSelectorText(metadata.name),
    ...rolloutStatus(rollout, images),
    ...(stableImage === undefined ? {} : { stableImage }),
    ...(share === undefined ? {} : { share }),
    ...(tags.usedPercent === undefined ? {} : { usedPercent: tags.usedPercent }),
    ...(migrated === undefined ? {} : { migratedRevision: migrated }),
    revisions: revisionsOf(facts),
    bizTags: { total: tags.total, ready: tags.ready },
    endpoints: endpointsOf(facts),
    adminKeySecret: adminKeySecret(generator).name,
    ...(notAfter === undefined ? {} : { certificateNotAfter: notAfter }),
  }
}

function rolloutStatus(
  { rollout, blockedRevisions, ...rest }: RolloutStatus,
  images: ReadonlyMap<string, string>,
): IdGeneratorStatus {
  const withImage = <T extends { readonly revision: string; readonly message: string }>(
    item: T,
  ): T & { readonly image?: string } => {
    const image = images.get(item.revision)
    const message = item.message.slice(0, MESSAGE_MAX)
    return { ...item, message, ...(image === undefined ? {} : { image }) }
  }
  return {
    ...rest,
    ...(rollout === undefined ? {} : { rollout: withImage(rollout) }),
    ...(blockedRevisions === undefined ? {} : { blockedRevisions: blockedRevisions.map(withImage) }),
  }
}

/** "25% (5% wanted)": with few pods a small share cannot be had exactly. */
function shareText({ rollout, canaryRevision, stableRevision }: RolloutStatus): string | undefined {
  if (rollout !== undefined && canaryRevision !== undefined) {
    const { actualWeight, desiredWeight } = rollout
    return actualWeight === desiredWeight ? `${actualWeight}%` : `${actualWeight}% (${desiredWeight}% wanted)`
  }
  return stableRevision === undefined ? undefined : '100%'
}

function revisionsOf({
  revisions,
  images,
  refusedClients,
}: GeneratorFacts): NonNullable<IdGeneratorStatus['revisions']> {
  return [...revisions]
    .sort((a, b) => (a.createdAt === b.createdAt ? 0 : a.createdAt < b.createdAt ? 1 : -1))
    .slice(0, REVISIONS_MAX)
    .map(({ revision, replicas, available }) => {
      const image = images.get(revision)
      // A revision without pods refuses nobody, and nobody should wait for it.
      const refused = replicas + available > 0 ? (refusedClients?.get(revision) ?? []) : []
      return {
        revision,
        ...(image === undefined ? {} : { image }),
        desired: replicas,
        available,
        ...(refused.length === 0 ? {} : { refusedClients: [...refused] }),
      }
    })
}

function endpointsOf({ generator }: GeneratorFacts): NonNullable<IdGeneratorStatus['endpoints']> {
  const { metadata, spec } = generator
  const host = `${metadata.name}.${metadata.namespace ?? 'default'}.svc`
  return {
    // With TLS required it only redirects.
    ...(spec.tls.mode === 'Required' ? {} : { http: `http://${host}:${PORTS.http}` }),
    https: `https://${host}:${PORTS.https}`,
    grpc: `${host}:${PORTS.grpc}`,
    ...(spec.resp?.enabled === true ? { resp: `${host}:${PORTS.resp}` } : {}),
  }
}

/** Whether a write would change anything. Lists that the API server keeps by key may come back in another order. */
export function sameStatus(a: IdGeneratorStatus | undefined, b: IdGeneratorStatus): boolean {
  return canonicalJson(ordered(a ?? {})) === canonicalJson(ordered(b))
}

function ordered(status: IdGeneratorStatus): IdGeneratorStatus {
  const { conditions, revisions, blockedRevisions, takenCommands } = status
  return {
    ...status,
    ...(conditions === undefined ? {} : { conditions: by(conditions, ({ type }) => type) }),
    ...(revisions === undefined ? {} : { revisions: by(revisions, ({ revision }) => revision) }),
    ...(blockedRevisions === undefined
      ? {}
      : { blockedRevisions: by(blockedRevisions, ({ revision }) => revision) }),
    ...(takenCommands === undefined ? {} : { takenCommands: by(takenCommands, ({ command }) => command) }),
  }
}

function by<T>(items: readonly T[], key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}

/** The schema allows no more, and a status that is refused would be a rollout that stands still. */
const REVISIONS_MAX = 32
const MESSAGE_MAX = 1024
