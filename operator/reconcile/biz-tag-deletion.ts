import { isDeepStrictEqual } from 'node:util'
import type { BizTag } from '../api/kinds.ts'
import { BIZ_TAG_FINALIZER } from '../api/marks.ts'
import { no } from '../core/biz-tag-conditions.ts'
import { pathOf, pathText } from '../core/biz-tag-declaration.ts'
import {
  decideDeletion,
  notPurgedEvent,
  notReleasedEvent,
  purgedEvent,
  purgeWaits,
  releasedEvent,
} from '../core/biz-tag-deletion.ts'
import type { BizTagEvent } from '../core/biz-tag-events.ts'
import { judgeFailure } from '../core/biz-tag-failure.ts'
import { bizTagStatus } from '../core/biz-tag-status.ts'
import { sleep } from '../runtime/clock.ts'
import type { Result } from '../runtime/controller.ts'
import { type TagMemory, wrote } from './biz-tag-memory.ts'
import { type BizTagWorld, nowText, serviceOf, tell } from './biz-tag-world.ts'
import { AccessMissing } from './credentials.ts'
import { isCode, ServiceError } from './service-client.ts'

interface DeletionTask {
  readonly tag: BizTag
  readonly generatorKey: string
  readonly memory: TagMemory
  readonly signal: AbortSignal
  readonly key: string
}

/** Lets go of the tag, or deletes it, and then of the object. */
export async function reconcileDeletion(world: BizTagWorld, task: DeletionTask): Promise<Result | undefined> {
  const { tag, generatorKey, signal } = task
  if (tag.metadata.finalizers?.includes(BIZ_TAG_FINALIZER) !== true) return undefined
  const path = pathText(pathOf(tag))
  const step = decideDeletion({
    tag,
    path,
    generatorKey,
    generator: world.idGenerators.get(generatorKey),
    outage: world.outages.fact(generatorKey) !== undefined,
  })
  switch (step.kind) {
    case 'let-go':
      return await letGo(world, task, step.event)
    case 'release':
      return await letGo(world, task, await release(world, task, path))
    case 'wait':
      await say(world, task, 'Suspended', step.message)
      return undefined
    case 'purge':
      signal.throwIfAborted()
      return await purge(world, task, path)
  }
}

/** One attempt, over after a second at most; answers what came of it. */
async function release(world: BizTagWorld, task: DeletionTask, path: string): Promise<BizTagEvent> {
  const limit = new AbortController()
  const signal = AbortSignal.any([task.signal, limit.signal])
  const late = sleep(world.clock, RELEASE_MAX_MS, signal).then(() => new Error(LATE))
  const attempt = letGoOfClaim(world, task, 'retain', signal).then(() => undefined, asError)
  const failure = await Promise.race([attempt, late])
  limit.abort(new Error(LATE))
  if (failure === undefined) return releasedEvent(path, undefined, task.tag)
  if (isCode(failure, 'IDGEN_TAG_CLAIMED', 'IDGEN_DECLARATION_STALE')) return notReleasedEvent(path, failure)
  const silent = failure.message === LATE || (failure instanceof ServiceError && failure.status === 0)
  // Those that are deleted after it must not wait a second each.
  if (silent) beginOutage(world, task, 'ServiceUnreachable', failure.message)
  return releasedEvent(path, failure.message, task.tag)
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

function beginOutage(
  { outages, probe }: BizTagWorld,
  { generatorKey }: DeletionTask,
  reason: string,
  message: string,
): void {
  if (outages.begin(generatorKey, no(reason, message))) probe(generatorKey)
}

async function purge(world: BizTagWorld, task: DeletionTask, path: string): Promise<Result | undefined> {
  const { generatorKey, key, tag } = task
  try {
    await letGoOfClaim(world, task, 'purge', task.signal)
  } catch (thrown) {
    if (isCode(thrown, 'IDGEN_TAG_CLAIMED', 'IDGEN_DECLARATION_STALE'))
      return await letGo(world, task, notPurgedEvent(path, thrown))
    if (thrown instanceof AccessMissing) {
      await say(world, task, 'GeneratorNotReady', purgeWaits(path, `${thrown.message}.`))
      return { requeueAfterMs: PURGE_AGAIN_MS }
    }
    if (!(thrown instanceof ServiceError)) throw thrown
    const verdict = judgeFailure(thrown, generatorKey, path)
    await say(world, task, verdict.reason, purgeWaits(path, verdict.message))
    if (verdict.outage) {
      beginOutage(world, task, verdict.reason, verdict.message)
      world.outages.wait(generatorKey, key)
    }
    return { requeueAfterMs: PURGE_AGAIN_MS * (1 + world.random()) }
  }
  tell(world, tag, 'Delete', purgedEvent(path))
  return await letGo(world, task, undefined)
}

async function letGoOfClaim(
  world: BizTagWorld,
  { tag, generatorKey }: DeletionTask,
  policy: 'retain' | 'purge',
  signal: AbortSignal,
): Promise<void> {
  const generator = world.idGenerators.get(generatorKey)
  if (generator === undefined) return
  const { service } = await serviceOf(world, generatorKey, generator)
  // The key first: it would outlive the one who knows of it.
  await world.issuer.revoke(tag, service, signal)
  await service.release(pathOf(tag), tag.metadata.uid, policy, signal)
}

async function letGo(
  world: BizTagWorld,
  task: DeletionTask,
  event: BizTagEvent | undefined,
): Promise<undefined> {
  const { tag, key, signal } = task
  // Before the object goes: an event about something that is not there is hard to find.
  if (event !== undefined) tell(world, tag, 'Delete', event)
  await world.objects.removeFinalizer(tag, signal)
  world.memories.forget(key)
}

async function say(
  world: BizTagWorld,
  { key, tag, memory, signal }: DeletionTask,
  reason: string,
  message: string,
): Promise<void> {
  const outcome = { kind: 'not-declared', ready: no(reason, message), stalled: false } as const
  const status = bizTagStatus(tag, outcome, nowText(world.clock))
  if (isDeepStrictEqual(tag.status, status)) return
  const after = await world.objects.writeStatus(tag, status, signal)
  wrote(memory, tag, after, world.bizTags.get(key))
  tell(world, tag, 'Delete', { type: 'Warning', reason: 'DeletionWaits', note: message })
}

const LATE = 'it did not answer within a second'
/** The deletion of a namespace waits for each of its BizTags. */
const RELEASE_MAX_MS = 1000
const PURGE_AGAIN_MS = 5000
