import { isDeepStrictEqual } from 'node:util'
import type { IdGenerator } from '../api/kinds.ts'
import { LABELS } from '../api/marks.ts'
import { KINDS } from '../render/object-kinds.ts'
import { Applier } from '../runtime/apply.ts'
import type { Clock } from '../runtime/clock.ts'
import { Controller, type Reconcile } from '../runtime/controller.ts'
import { isStatus, type KubeClient, type KubeError } from '../runtime/kube-client.ts'
import type { RuntimeMetrics } from '../runtime/metrics.ts'
import type { Change } from '../runtime/object-store.ts'
import { splitKey } from '../runtime/resource.ts'
import { SteadyApplier } from '../runtime/steady-applier.ts'
import { type BoundedGet, boundedGet } from './bounded-get.ts'
import { CanaryAnalysis } from './canary-analysis.ts'
import type { GeneratorCaches } from './generator-caches.ts'
import { type EventSink, GeneratorEvents } from './generator-events.ts'
import type { TagTotals } from './generator-facts.ts'
import { watchGenerators } from './generator-metrics.ts'
import { GeneratorReconciler } from './generator-reconciler.ts'
import { ObjectWriter } from './object-writer.ts'
import type { OperatorLog } from './operator-log.ts'
import { SecretReader } from './secret-reader.ts'
import { SecretStore } from './secret-store.ts'
import type { ImageRules } from './spec-obstacle.ts'
import { StatusWriter } from './status-writer.ts'

export interface GeneratorOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: OperatorLog
  readonly metrics: RuntimeMetrics
  readonly recorder: EventSink
  readonly caches: GeneratorCaches
  readonly images: ImageRules
  readonly tagTotals: (generatorKey: string) => TagTotals
  /** undefined outside of a cluster. */
  readonly operatorNamespace: string | undefined
  /** As Installation.runbooks. */
  readonly runbooks?: string | undefined
  /** How pods and Prometheus servers are asked; tests answer themselves. */
  readonly get?: BoundedGet
}

export interface StartedGenerators {
  readonly controller: Controller
  close(): void
}

/** Everything that looks after IdGenerators, ready to be started by the runtime. Before the caches are. */
export function startGenerators(options: GeneratorOptions): StartedGenerators {
  const { client, clock, log, metrics, caches, images, tagTotals, operatorNamespace, runbooks } = options
  const events = new GeneratorEvents(options.recorder)
  const onConflict = (key: string, kind: string, conflict: KubeError): void => {
    log.warn(
      { err: conflict, key, kind },
      'somebody else had changed what the operator sets; it was set back',
    )
    tellConflict(caches, events, key, kind, conflict)
  }
  const applier = new Applier({ client, fieldManager: FIELD_MANAGER, onConflict })
  const steady = new SteadyApplier(applier, GUARDED_KINDS)
  const canaries = new CanaryAnalysis({
    clock,
    log,
    get: options.get ?? boundedGet,
    onJudged: (key) => controller.enqueue(key),
  })
  const reconciler = new GeneratorReconciler({
    clock,
    caches,
    canaries,
    events,
    images,
    tagTotals,
    operatorNamespace,
    runbooks,
    store: new SecretStore({
      client,
      applier,
      fieldManager: FIELD_MANAGER,
      reader: new SecretReader(client, clock),
      cached: (key) => caches.secrets.get(key),
    }),
    objects: new ObjectWriter({ client, applier: steady, live: (kind, key) => caches.live(kind, key) }),
    statuses: new StatusWriter({
      client,
      applier: new Applier({ client, fieldManager: `${FIELD_MANAGER}-status` }),
    }),
    onGone: (key) => steady.forget(key),
  })
  const controller = new Controller({
    name: 'id-generator',
    clock,
    metrics,
    log,
    reconcile: quietOnConflict((key, signal) => reconciler.reconcile(key, signal), log),
  })
  caches.idGenerators.onChange((change) => {
    if (!isStatusAlone(change)) controller.enqueue(change.key, change.listed ? 'low' : 'normal')
  })
  caches.onOwnedChange((key) => controller.enqueue(key))
  watchGenerators(metrics.registry, () => ({
    idGenerators: caches.idGenerators.values(),
    bizTags: caches.bizTags.values(),
  }))
  return { controller, close: () => canaries.close() }
}

/**
 * The operator's own write, which it has looked at already. Looking at it again would find tags that came meanwhile, and
 * write again, for as long as thousands of them are coming. What somebody else writes there is found within a minute.
 */
function isStatusAlone({ type, object, previous }: Change<IdGenerator>): boolean {
  if (type !== 'updated' || previous === undefined) return false
  const marks = ({ metadata }: IdGenerator): unknown => {
    const { generation, labels, annotations, finalizers, deletionTimestamp, ownerReferences } = metadata
    return [generation, labels, annotations, finalizers, deletionTimestamp, ownerReferences]
  }
  return isDeepStrictEqual(marks(previous), marks(object))
}

/** What was decided from has changed meanwhile, or the cache is a moment behind: no fault, and soon decided again. */
function quietOnConflict(reconcile: Reconcile, log: OperatorLog): Reconcile {
  return async (key, signal) => {
    try {
      return await reconcile(key, signal)
    } catch (thrown) {
      if (!isStatus(thrown, 409)) throw thrown
      log.debug({ err: thrown, key }, 'an IdGenerator changed while it was decided about')
      return { requeueAfterMs: CONFLICT_MS }
    }
  }
}

/** A cache follows within milliseconds, unless its watch is torn. */
const CONFLICT_MS = 250

/** People see the fight on the IdGenerator, where they look. */
function tellConflict(
  caches: GeneratorCaches,
  events: GeneratorEvents,
  key: string,
  kind: string,
  conflict: KubeError,
): void {
  const generatorName = caches.live(kind, key)?.metadata.labels?.[LABELS.generator]
  const { namespace } = splitKey(key)
  const generator = caches.idGenerators.get(`${namespace}/${generatorName}`)
  if (generator === undefined) return
  events.tell(generator, {
    type: 'Warning',
    reason: 'FieldConflictForced',
    note: `${kind} ${key} was changed by somebody else and was set back: change the IdGenerator instead. ${conflict.message}`,
  })
}

/** Owns what the operator applies; the status has another, so that neither takes the other's fields away. */
const FIELD_MANAGER = 'idgen-operator'
/** How many pods a Deployment is to have rests on how many the others have; a cache that lags would take some away. */
const GUARDED_KINDS = new Set([KINDS.Deployment.kind])
