import type { IdGenerator } from '../api/kinds.ts'
import { ANNOTATIONS } from '../api/marks.ts'
import type { RolloutDecision } from '../core/rollout-decision.ts'
import { migrationJob } from '../render/migration-job.ts'
import { KINDS } from '../render/object-kinds.ts'
import { refusedClients } from '../render/refused-clients.ts'
import { remarksOn, render } from '../render/render.ts'
import { revisionReferences } from '../render/revision-objects.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Result } from '../runtime/controller.ts'
import { objectKey } from '../runtime/resource.ts'
import type { CanaryWatch } from './canary-watch.ts'
import { conditionEvents } from './condition-events.ts'
import { formerCertificate, withFormer } from './former-certificate.ts'
import type { GeneratorCaches } from './generator-caches.ts'
import { annotationsOf, decideGenerator, revisionStates } from './generator-decision.ts'
import type { GeneratorEvents } from './generator-events.ts'
import type { GeneratorFacts, Obstacle, TagTotals } from './generator-facts.ts'
import { type InstallationPlan, planInstallation } from './generator-installation.ts'
import { countPods, type GeneratorPicture, revisionsOf, takePicture } from './generator-picture.ts'
import { heldGenerator } from './held-generator.ts'
import { type KnownRevision, revisionState } from './known-revisions.ts'
import type { ObjectWriter } from './object-writer.ts'
import { keyIn, podCertificate } from './pod-certificate.ts'
import type { SecretStore } from './secret-store.ts'
import { type ImageRules, specObstacle } from './spec-obstacle.ts'
import type { StatusWriter } from './status-writer.ts'

export interface GeneratorReconcilerOptions {
  readonly clock: Clock
  readonly caches: GeneratorCaches
  readonly store: SecretStore
  readonly objects: ObjectWriter
  readonly statuses: StatusWriter
  readonly events: GeneratorEvents
  readonly canaries: CanaryWatch
  readonly images: ImageRules
  readonly tagTotals: (key: string) => TagTotals
  /** Where the operator's pods run; undefined outside of a cluster. */
  readonly operatorNamespace: string | undefined
  /** As Installation.runbooks. */
  readonly runbooks: string | undefined
  /** The IdGenerator is gone: nothing about it is to be remembered. */
  readonly onGone: (key: string) => void
}

/** One look, and what came of it. */
interface Course {
  readonly key: string
  readonly picture: GeneratorPicture
  readonly decision: RolloutDecision | undefined
  /** Why the spec is not carried out: only what runs is looked after. */
  readonly obstacle: Obstacle | undefined
  readonly signal: AbortSignal
}

/**
 * Makes the cluster as an IdGenerator wants it: looks at everything once, decides from that, writes down what was
 * decided, and only then acts. Whoever is killed in between leaves nothing behind that the next one would do twice.
 */
export class GeneratorReconciler {
  readonly #options: GeneratorReconcilerOptions
  /** What the API server refused when it was asked last: part of the status until it no longer does. */
  readonly #refusals = new Map<string, string>()

  constructor(options: GeneratorReconcilerOptions) {
    this.#options = options
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Result | undefined> {
    const { caches, statuses, images, clock, store } = this.#options
    const asked = statuses.latest(key, caches.idGenerators.get(key))
    if (asked === undefined) return this.#forget(key)
    // What it owns is collected with it, and its finalizers, if any, are other people's.
    if (asked.metadata.deletionTimestamp !== undefined) return undefined
    const obstacle = specObstacle(asked, images)
    const { stableRevision, canaryRevision } = asked.status ?? {}
    const held = obstacle === undefined ? undefined : (canaryRevision ?? stableRevision)
    if (obstacle?.reason === 'Suspended' || (obstacle !== undefined && held === undefined))
      return await this.#leaveAlone(key, asked, obstacle, signal)
    const generator = obstacle === undefined ? asked : await heldGenerator(asked, store, signal)
    const nowMs = clock.nowMs()
    const picture = await takePicture(generator, { caches, store, nowMs, image: images.image, held }, signal)
    const decision = decideGenerator(picture, this.#options.canaries.latest(key))
    const course: Course = { key, picture, decision, obstacle, signal }
    const reported = await this.#write(course)
    this.#watchCanary(reported, course)
    await this.#act(reported, course)
    const wrote = reported !== generator
    return { requeueAfterMs: Math.min(requeueAfterMs(picture, decision), wrote ? FOLLOW_UP_MS : SECRETS_MS) }
  }

  /** Only the certificate of its pods is kept from ending. */
  async #leaveAlone(
    key: string,
    asked: IdGenerator,
    obstacle: Obstacle,
    signal: AbortSignal,
  ): Promise<Result> {
    const { caches, store, clock, events, canaries } = this.#options
    canaries.watch(key, undefined)
    const known = revisionsOf(caches, key)
    const facts = { ...this.#found(asked, known), revisions: statesOf(known), obstacle }
    if (known.size === 0) {
      await this.#report(facts, signal)
      return { requeueAfterMs: SECRETS_MS }
    }
    const generator = await heldGenerator(asked, store, signal)
    const nowMs = clock.nowMs()
    const former = await formerCertificate(store, asked, known, nowMs, signal)
    const certificate = withFormer(await podCertificate(store, generator, nowMs, signal), former)
    const { notAfterMs } = certificate
    const ends = notAfterMs === undefined ? {} : { certificateNotAfterMs: notAfterMs }
    await this.#report({ ...facts, ...ends }, signal)
    for (const { reason, note } of certificate.events) events.tell(asked, { type: 'Normal', reason, note })
    return { requeueAfterMs: SECRETS_MS }
  }

  /** Before anything is done about it: the status is what a restarted operator goes on from. */
  async #write(course: Course): Promise<IdGenerator> {
    const { picture, decision, signal } = course
    const { statuses, events } = this.#options
    const { generator, secrets } = picture
    const reported = await this.#report(this.#facts(course), signal)
    for (const event of decision?.events ?? []) events.tell(generator, event)
    for (const { reason, note } of secrets.events) events.tell(generator, { type: 'Normal', reason, note })
    return await statuses.removeAnnotations(
      reported,
      annotationsOf(decision?.annotationsToRemove ?? []),
      signal,
    )
  }

  async #act(generator: IdGenerator, course: Course): Promise<void> {
    const { picture, decision, signal } = course
    const { objects, events, caches, operatorNamespace, runbooks } = this.#options
    const { optionalKinds } = caches
    const plan = planInstallation(picture, decision, {
      optionalKinds,
      ...(operatorNamespace === undefined ? {} : { operatorNamespace }),
      ...(runbooks === undefined ? {} : { runbooks }),
    })
    const rendering = render(plan.installation)
    const record = picture.records.get(picture.wanted)
    events.remark(generator, [
      ...rendering.remarks,
      ...(record === undefined ? [] : remarksOn(record.inputs)),
    ])
    const refused = await objects.apply(generator, rendering.objects, signal)
    for (const { deployment, replicas } of plan.scaledOnly)
      if (deployment.spec?.replicas !== replicas) await objects.scale(deployment, replicas, signal)
    const jobRefused = await this.#migrate(generator, picture, plan, signal)
    await objects.delete(generator, rendering.unwanted, signal)
    for (const revision of plan.released) await this.#release(generator, revision, signal)
    await this.#settleRefusals(generator, course, [...refused, ...jobRefused])
  }

  async #migrate(
    generator: IdGenerator,
    { migration, wanted }: GeneratorPicture,
    { installation }: InstallationPlan,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const revision = installation.revisions.find((one) => one.revision === wanted)
    if (migration.action === undefined || revision === undefined) return []
    const { objects } = this.#options
    const job = migrationJob(generator, revision)
    const { name } = job.metadata
    if (migration.action !== 'create') await objects.delete(generator, [{ kind: KINDS.Job, name }], signal)
    if (migration.action === 'discard') return []
    const annotations = { ...job.metadata.annotations, [ANNOTATIONS.attempt]: String(migration.attempt) }
    return await objects.create(KINDS.Job, { ...job, metadata: { ...job.metadata, annotations } }, signal)
  }

  /** A Job that runs is left to its end: migrations must not be cut off. */
  async #release(generator: IdGenerator, revision: string, signal: AbortSignal): Promise<void> {
    const { caches } = this.#options
    const references = revisionReferences(generator.metadata.name, revision)
    const jobs = references.filter(({ kind }) => kind === KINDS.Job)
    const runs = jobs.some(({ name }) => (caches.jobs.get(keyIn(generator, name))?.status?.active ?? 0) > 0)
    if (!runs) await this.#options.objects.delete(generator, references, signal)
  }

  /** Says so in the status when what the API server refuses has changed, and fails, so that it is tried again. */
  async #settleRefusals(generator: IdGenerator, course: Course, refused: readonly string[]): Promise<void> {
    const { key, picture, signal } = course
    const before = this.#refusals.get(key)
    if (refused.length === 0) this.#refusals.delete(key)
    else this.#refusals.set(key, refused.join(' ').slice(0, REFUSAL_MAX))
    if (before !== this.#refusals.get(key)) {
      // Decided is what was written: the rollout is read back from it.
      const facts = this.#facts({ ...course, picture: { ...picture, generator } })
      await this.#report(facts, signal)
    }
    if (refused.length > 0) throw new Error(`the API server refused ${refused.join(' ')}`)
  }

  #facts({ key, picture, decision, obstacle }: Course): GeneratorFacts {
    const { generator, known, credentials, migration, wanted } = picture
    const applyFailure = this.#refusals.get(key)
    return {
      ...this.#found(generator, known),
      images: new Map([...picture.records].map(([revision, { inputs }]) => [revision, inputs.image])),
      revisions: revisionStates(picture),
      refusedClients: new Map(
        [...picture.records].map(([revision, { inputs }]) => [
          revision,
          refusedClients(generator, inputs).map(({ name }) => name),
        ]),
      ),
      credentials,
      migration,
      wantedRevision: wanted,
      ...(obstacle === undefined ? {} : { obstacle }),
      ...(decision === undefined ? {} : { rollout: decision }),
      ...(applyFailure === undefined ? {} : { applyFailure }),
    }
  }

  #found(generator: IdGenerator, known: ReadonlyMap<string, KnownRevision>) {
    const images = new Map<string, string>()
    for (const { revision, record } of known.values())
      if (record !== undefined) images.set(revision, record.inputs.image)
    return {
      generator,
      nowMs: this.#options.clock.nowMs(),
      images,
      pods: countPods(known),
      tags: this.#options.tagTotals(objectKey(generator.metadata)),
    }
  }

  async #report(facts: GeneratorFacts, signal: AbortSignal): Promise<IdGenerator> {
    const { statuses, events } = this.#options
    const reported = await statuses.write(facts, signal)
    const before = facts.generator.status?.conditions
    for (const event of conditionEvents(before, reported.status?.conditions)) events.tell(reported, event)
    return reported
  }

  #watchCanary(generator: IdGenerator, { key, picture, decision }: Course): void {
    const { known, secrets } = picture
    const request = decision?.wantsAnalysis
    // Of a spec that cannot be read, what can be: the API server's answer has all of it again.
    const { spec } = picture.generator
    const ca = secrets.caCertificate
    const watched = request && { generator: { ...generator, spec }, request, known, ca }
    this.#options.canaries.watch(key, watched)
  }

  #forget(key: string): undefined {
    this.#refusals.delete(key)
    const { statuses, events, canaries, onGone } = this.#options
    statuses.forget(key)
    events.forget(key)
    canaries.watch(key, undefined)
    onGone(key)
    return undefined
  }
}

function statesOf(known: ReadonlyMap<string, KnownRevision>) {
  return [...known.values()].filter(({ deployment }) => deployment !== undefined).map(revisionState)
}

function requeueAfterMs(
  { credentials, secrets, migration }: GeneratorPicture,
  decision: RolloutDecision | undefined,
): number {
  const times = [
    credentials.missing.length > 0 ? MISSING_MS : SECRETS_MS,
    secrets.lookAgainInMs,
    migration.lookAgainInMs,
    decision?.requeueAfterMs,
  ].filter((ms) => ms !== undefined)
  return Math.max(REQUEUE_MIN_MS, Math.min(...times))
}

/** Nobody tells when a Secret of people comes or changes: it is looked for, without a write where nothing changed. */
const MISSING_MS = 10_000
/** A decision that was written may be followed by the next one. */
const FOLLOW_UP_MS = 1000
const SECRETS_MS = 60_000
const REQUEUE_MIN_MS = 500
/** Several objects may be refused for the same reason; the schema allows 32,768. */
const REFUSAL_MAX = 2000
