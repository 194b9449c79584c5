import type { IdGenerator } from '../api/kinds.ts'
import { no } from '../core/biz-tag-conditions.ts'
import { isAvailable } from '../core/biz-tag-decision.ts'
import type { DeclaredTag } from '../core/biz-tag-declaration.ts'
import { judgeFailure } from '../core/biz-tag-failure.ts'
import { decideRefresh } from '../core/biz-tag-refresh.ts'
import type { Reconcile, Result } from '../runtime/controller.ts'
import { objectKey } from '../runtime/resource.ts'
import { type BizTagWorld, serviceOf } from './biz-tag-world.ts'
import { AccessMissing } from './credentials.ts'
import { isCode, type ServiceClient, ServiceError } from './service-client.ts'

/** Has a tag reconciled, behind what people just changed. */
export type Wake = (tagKey: string) => void

/**
 * Looks at the service of each IdGenerator, by its key: probes one that could not be reached, and reads every few minutes
 * how far all its tags are in one listing, instead of a question for each of thousands.
 */
export function bizTagStateReconcile(world: BizTagWorld, wake: Wake): Reconcile {
  const looks = new Map<string, number>()
  return async (key, signal) => {
    const generator = world.idGenerators.get(key)
    if (generator === undefined || generator.metadata.deletionTimestamp !== undefined) {
      looks.delete(key)
      world.services.forget(key)
      for (const tag of world.outages.end(key)) wake(tag)
      world.outages.forget(key)
      return undefined
    }
    // When that changes, its change brings it here again.
    if (!isAvailable(generator) || generator.spec.suspend === true) return endQuietly(world, key, wake)
    try {
      return await look(world, wake, { key, generator, looks, signal })
    } catch (thrown) {
      if (!(thrown instanceof ServiceError) && !(thrown instanceof AccessMissing)) throw thrown
      return lookFailed(world, wake, { key, generator }, thrown)
    }
  }
}

interface Look {
  readonly key: string
  readonly generator: IdGenerator
  readonly looks: Map<string, number>
  readonly signal: AbortSignal
}

async function look(
  world: BizTagWorld,
  wake: Wake,
  { key, generator, looks, signal }: Look,
): Promise<Result> {
  const { clock, random, namespaces, outages } = world
  const waitMs = outages.probeInMs(key)
  if (waitMs > 0) return { requeueAfterMs: waitMs }
  const cluster = await namespaces.clusterId(signal)
  const { service } = await serviceOf(world, key, generator)
  if (outages.fact(key) !== undefined) {
    await service.list(cluster, { limit: 1 }, signal)
    for (const tag of outages.end(key)) wake(tag)
  }
  const dueMs = looks.get(key) ?? clock.monotonicMs() + FIRST_MS * random()
  if (clock.monotonicMs() >= dueMs) {
    await refresh(world, wake, { key, cluster, service, signal })
    looks.set(key, clock.monotonicMs() + LOOK_MS * (1 + JITTER * (2 * random() - 1)))
  } else looks.set(key, dueMs)
  return { requeueAfterMs: Math.max(1000, (looks.get(key) ?? 0) - clock.monotonicMs()) }
}

function lookFailed(
  world: BizTagWorld,
  wake: Wake,
  { key, generator }: Pick<Look, 'key' | 'generator'>,
  thrown: ServiceError | AccessMissing,
): Result {
  // Its Secrets may have changed.
  world.credentials.forget(generator)
  const verdict = thrown instanceof ServiceError ? judgeFailure(thrown, key, 'its tags') : undefined
  if (isCode(thrown, 'IDGEN_FORBIDDEN')) {
    // Tags that its key does reach must not wait for a probe that it never may ask.
    world.log.warn({ err: thrown, key }, NARROW)
    endQuietly(world, key, wake)
  }
  // One that answers is not away; what a tag lacks, its own reconcile learns.
  if (verdict?.outage === false) return { requeueAfterMs: verdict.againMs ?? LOOK_MS }
  const reason = verdict?.reason ?? 'GeneratorNotReady'
  const fact = no(reason, verdict?.message ?? thrown.message)
  return {
    requeueAfterMs: world.outages.begin(key, fact)
      ? world.outages.probeInMs(key)
      : world.outages.probeFailed(key),
  }
}

function endQuietly(world: BizTagWorld, key: string, wake: Wake): undefined {
  for (const tag of world.outages.end(key)) wake(tag)
  return undefined
}

interface Refresh {
  readonly key: string
  readonly cluster: string
  readonly service: ServiceClient
  readonly signal: AbortSignal
}

async function refresh(world: BizTagWorld, wake: Wake, task: Refresh): Promise<void> {
  const startedMs = world.clock.monotonicMs()
  const open = new Map(
    world.bizTags.by(task.key).map(({ metadata }) => [metadata.uid, objectKey(metadata)] as const),
  )
  const behind: Behind[] = []
  const take = (key: string, seen: DeclaredTag | undefined): void => {
    const step = judge(world, key, seen, startedMs)
    if (step === 'declare') declareAgain(world, { key, seen }, wake)
    else if (step !== 'same' && seen !== undefined) behind.push({ key, seen, sinceMs: step.sinceMs })
  }
  let cursor: string | undefined
  let page = 0
  do {
    const query = { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) }
    const { items, nextCursor } = await task.service.list(task.cluster, query, task.signal)
    for (const seen of items) {
      const key = open.get(seen.owner?.uid ?? '')
      open.delete(seen.owner?.uid ?? '')
      if (key !== undefined) take(key, seen)
    }
    cursor = nextCursor
    page += 1
  } while (cursor !== undefined && page < PAGES_MAX)
  // What no page named is not declared any more; a list that was not read to its end says nothing of it.
  if (cursor === undefined) for (const key of open.values()) take(key, undefined)
  recordOldest(world, behind, wake)
}

/** A status that is behind, and since when. */
interface Behind {
  readonly key: string
  readonly seen: DeclaredTag
  readonly sinceMs: number
}

/** The rest has its turn at the next look: the API server has no peak of writes, and in the long run all come. */
function recordOldest({ memories }: BizTagWorld, behind: readonly Behind[], wake: Wake): void {
  for (const { key, seen } of behind.toSorted((a, b) => a.sinceMs - b.sinceMs).slice(0, RECORDS_MAX)) {
    const memory = memories.get(key)
    if (memory !== undefined) memory.seen = seen
    wake(key)
  }
}

function declareAgain(
  { memories }: BizTagWorld,
  { key, seen }: { readonly key: string; readonly seen: DeclaredTag | undefined },
  wake: Wake,
): void {
  const memory = memories.get(key)
  if (memory !== undefined) {
    memory.declared = undefined
    memory.foundSettings = seen?.settings
  }
  wake(key)
}

/** `startedMs`: what was declared since may not be in the listing. */
function judge(
  { bizTags, memories }: BizTagWorld,
  key: string,
  seen: DeclaredTag | undefined,
  startedMs: number,
): 'same' | 'declare' | { readonly sinceMs: number } {
  const tag = bizTags.get(key)
  if (tag === undefined || tag.metadata.deletionTimestamp !== undefined) return 'same'
  const memory = memories.of(key, tag.metadata.uid)
  if (memory.newer !== undefined || (memory.declaredAtMs ?? -1) >= startedMs) return 'same'
  const sinceMs = memory.recordedAtMs ?? Number.NEGATIVE_INFINITY
  const { settled, settings } = memory
  const step = decideRefresh(tag, seen, { recordedMs: startedMs - sinceMs, settled, settings })
  return step === 'record' ? { sinceMs } : step
}

const NARROW =
  'the admin key of an IdGenerator may not list its tags: what they use is not followed, and a database that lost data is not noticed'
/** Often enough for the alert at 80 %, and a page a second of reading at most in the service. */
const LOOK_MS = 180_000
const JITTER = 0.2
/** After a start all tags are declared anew anyway. */
const FIRST_MS = 60_000
const PAGE_SIZE = 500
/** 100,000 tags; a service that never ends its list is not read for ever. */
const PAGES_MAX = 200
/** With core's quarter of an hour between two records of a tag, 5,000 busy ones all have their turn in it. */
const RECORDS_MAX = 1000
