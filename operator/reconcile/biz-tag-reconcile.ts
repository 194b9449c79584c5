import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { BIZ_TAG_FINALIZER } from '../api/marks.ts'
import { type Fact, no } from '../core/biz-tag-conditions.ts'
import { type BizTagStep, decideBizTag, isDeclared } from '../core/biz-tag-decision.ts'
import {
  type Declaration,
  type DeclaredTag,
  declarationOf,
  pathOf,
  pathText,
} from '../core/biz-tag-declaration.ts'
import { type BizTagEvent, settingsRestoredEvent, statusEvents } from '../core/biz-tag-events.ts'
import { type FailureVerdict, judgeFailure } from '../core/biz-tag-failure.ts'
import { onlyReturned } from '../core/biz-tag-refresh.ts'
import { type BizTagOutcome, bizTagStatus } from '../core/biz-tag-status.ts'
import { madeOtherwise } from '../core/made-layout.ts'
import { settingsDiffering } from '../core/tag-settings.ts'
import type { Reconcile, Result } from '../runtime/controller.ts'
import { isStatus } from '../runtime/kube-client.ts'
import { declareTag, MadeOtherwise } from './biz-tag-declare.ts'
import { reconcileDeletion } from './biz-tag-deletion.ts'
import { newest, type TagMemory, wrote } from './biz-tag-memory.ts'
import { type BizTagWorld, generatorKeyOf, nowText, serviceOf, tell } from './biz-tag-world.ts'
import { AccessMissing } from './credentials.ts'
import { withdrawCredentials } from './credentials-withdrawal.ts'
import { type ServiceClient, ServiceError } from './service-client.ts'

/** One BizTag under work. */
interface Task {
  readonly key: string
  /** As it was read, or as it is since we wrote to it. */
  tag: BizTag
  readonly memory: TagMemory
  readonly generatorKey: string
  readonly signal: AbortSignal
}

/** Makes the service have the tag that a BizTag wants. */
export function bizTagReconcile(world: BizTagWorld): Reconcile {
  return async (key, signal) => {
    const cached = world.bizTags.get(key)
    if (cached === undefined) {
      world.memories.forget(key)
      return undefined
    }
    const memory = world.memories.of(key, cached.metadata.uid)
    const tag = newest(memory, cached)
    const task: Task = { key, tag, memory, generatorKey: generatorKeyOf(tag), signal }
    try {
      if (tag.metadata.deletionTimestamp !== undefined) return await reconcileDeletion(world, task)
      return await reconcileLiving(world, task)
    } catch (thrown) {
      if (!isStatus(thrown, 409)) throw thrown
      // It changed while it was decided about: no fault, and decided anew when the cache has it.
      world.log.debug({ err: thrown, key }, 'a BizTag changed while it was decided about')
      return { requeueAfterMs: CONFLICT_MS }
    }
  }
}

async function reconcileLiving(world: BizTagWorld, task: Task): Promise<Result | undefined> {
  const { tag, generatorKey, signal } = task
  const generator = world.idGenerators.get(generatorKey)
  const { namespace = '' } = tag.metadata
  const namespaceLabels =
    generator?.spec.allowedNamespaces?.from === 'Selector'
      ? await world.namespaces.labels(namespace, signal)
      : undefined
  const outage = world.outages.fact(generatorKey)
  const step = decideBizTag({ tag, generatorKey, generator, namespaceLabels, outage })
  if (outage !== undefined) world.outages.wait(generatorKey, task.key)
  switch (step.kind) {
    case 'leave':
      return undefined
    case 'wait': {
      task.memory.declared = undefined
      await record(world, task, { kind: 'not-declared', ready: step.ready, stalled: false })
      return undefined
    }
    case 'refuse':
      task.memory.declared = undefined
      return await refuse(world, task, step.generator, step)
    case 'declare': {
      const { requeueAfterMs } = (await declare(world, task, step.generator)) ?? {}
      return again(sooner(requeueAfterMs, step.againMs))
    }
  }
}

async function refuse(
  world: BizTagWorld,
  task: Task,
  generator: IdGenerator,
  { ready, againMs }: Extract<BizTagStep, { kind: 'refuse' }>,
): Promise<Result | undefined> {
  const { tag, memory, generatorKey, signal } = task
  const ended = await withdrawCredentials(world, { tag, memory, generatorKey, generator, signal }, ready)
  for (const event of ended.events) tell(world, tag, 'RevokeCredentials', event)
  await record(world, task, { kind: 'not-declared', ready, stalled: true, credentials: ended.state })
  return again(sooner(ended.againMs, againMs))
}

async function declare(world: BizTagWorld, task: Task, generator: IdGenerator): Promise<Result | undefined> {
  try {
    const { service, ca } = await serviceOf(world, task.generatorKey, generator)
    return await declareTo(world, task, generator, service, ca)
  } catch (thrown) {
    if (thrown instanceof AccessMissing)
      return await outageBegins(
        world,
        task,
        no('GeneratorNotReady', `${thrown.message}. The tag is made as soon as it is.`),
      )
    if (!(thrown instanceof ServiceError)) throw thrown
    // The pod may know one that lies in a Secret that was not there when it was read.
    if (thrown.status === 401) world.credentials.forget(generator)
    const verdict = judgeFailure(thrown, task.generatorKey, pathText(pathOf(task.tag)))
    if (verdict.outage) return await outageBegins(world, task, no(verdict.reason, verdict.message))
    const madeLayout = thrown instanceof MadeOtherwise ? thrown.madeLayout : undefined
    return await failed(world, task, generator, verdict, madeLayout)
  }
}

async function declareTo(
  world: BizTagWorld,
  task: Task,
  generator: IdGenerator,
  service: ServiceClient,
  ca: string | undefined,
): Promise<Result | undefined> {
  const { memory, signal } = task
  const cluster = await world.namespaces.clusterId(signal)
  // Before the first declaration: what is declared must be let go of at the end.
  await holdByFinalizer(world, task)
  const { tag } = task
  const otherwise = madeOtherwise(tag)
  if (otherwise !== undefined) return await failed(world, task, generator, otherwise)
  const declaration = declarationOf(tag, generator.spec.defaults, cluster)
  const digest = digestOf(task.generatorKey, generator, declaration)
  const refusedDigest = `${digest} ${generator.metadata.generation} ${generator.status?.stableRevision}`
  // Refused for good, as the status says: nothing has changed since.
  if (memory.refused === refusedDigest) return undefined
  memory.refused = undefined
  let seen: DeclaredTag | undefined = memory.seen
  if (memory.declared !== digest || !isComplete(tag, generator)) {
    const { answer, events } = await declareTag(world, service, tag, declaration, signal)
    seen = answer
    memory.settled = onlyReturned(tag, answer) ? answer : undefined
    // Until the status has it: nobody asks again after a write that failed.
    memory.seen = memory.settled === undefined ? answer : undefined
    for (const event of [...events, ...restored(task)]) tell(world, tag, 'Declare', event)
    memory.settings = answer.settings
    memory.foundSettings = undefined
    // Whatever made a declaration necessary may have ended the key: another one had the tag, or a backup is older than it.
    memory.secret = undefined
    memory.declared = digest
    memory.declaredAtMs = world.clock.monotonicMs()
  }
  const secret = await world.issuer.ensure({ tag, generator, ca, service, memory, signal })
  for (const event of secret.events) tell(world, tag, 'IssueCredentials', event)
  const outcome: BizTagOutcome = {
    kind: 'declared',
    // Numbers that only went back have their turn with those that a look brings.
    tag: memory.seen,
    datacenter: generator.spec.datacenter,
    onlyNumbers: declaration.spec.chain?.join() === 'segment',
    credentials: secret.state,
  }
  await record(world, task, outcome)
  if (memory.seen !== undefined) {
    memory.recordedAtMs = world.clock.monotonicMs()
    memory.settled = undefined
  }
  memory.seen = undefined
  const opens = seen !== undefined && seen.chain[0] === 'segment' && !hasPlace(seen, generator)
  if (opens) memory.declared = undefined
  return again(opens ? RANGE_MS : secret.againMs)
}

/** A look may have shown that the settings were not those of the last declaration; there is a new one now. */
function restored({ tag, memory: { settings, foundSettings } }: Task): readonly BizTagEvent[] {
  if (settings === undefined || foundSettings === undefined) return []
  const differing = settingsDiffering(settings, foundSettings)
  return differing.length === 0 ? [] : [settingsRestoredEvent(pathText(pathOf(tag)), differing)]
}

/** A declaration that failed, for this tag. */
async function failed(
  world: BizTagWorld,
  task: Task,
  generator: IdGenerator,
  verdict: FailureVerdict,
  madeLayout?: string,
): Promise<Result | undefined> {
  const { reason, message, stalled, againMs } = verdict
  const { memory, tag } = task
  memory.declared = undefined
  // What is declared already stays so while the service is unwell.
  if (stalled || !isDeclared(tag))
    await record(world, task, { kind: 'not-declared', ready: no(reason, message), stalled, madeLayout })
  // Last: before the status says it, it was not told.
  if (stalled && againMs === undefined) {
    const cluster = await world.namespaces.clusterId(task.signal)
    const digest = digestOf(
      task.generatorKey,
      generator,
      declarationOf(tag, generator.spec.defaults, cluster),
    )
    memory.refused = `${digest} ${generator.metadata.generation} ${generator.status?.stableRevision}`
  }
  return again(againMs === undefined ? undefined : againMs * (1 + world.random()))
}

async function outageBegins(world: BizTagWorld, task: Task, fact: Fact): Promise<undefined> {
  const { generatorKey, key, tag } = task
  if (world.outages.begin(generatorKey, fact)) world.probe(generatorKey)
  world.outages.wait(generatorKey, key)
  if (!isDeclared(tag)) await record(world, task, { kind: 'not-declared', ready: fact, stalled: false })
  return undefined
}

async function holdByFinalizer(world: BizTagWorld, task: Task): Promise<void> {
  const { key, tag, memory, signal } = task
  if (tag.metadata.finalizers?.includes(BIZ_TAG_FINALIZER) === true) return
  task.tag = await world.objects.addFinalizer(tag, signal)
  wrote(memory, tag, task.tag, world.bizTags.get(key))
}

/** Once, and only when it says something new. */
async function record(
  world: BizTagWorld,
  { key, tag, memory, signal }: Task,
  outcome: BizTagOutcome,
): Promise<void> {
  const status = bizTagStatus(tag, outcome, nowText(world.clock))
  if (isDeepStrictEqual(tag.status, status)) return
  const after = await world.objects.writeStatus(tag, status, signal)
  wrote(memory, tag, after, world.bizTags.get(key))
  for (const event of statusEvents(tag.status, status)) tell(world, tag, 'Reconcile', event)
}

/** The status has what only an answer can tell. */
function isComplete({ status }: BizTag, { spec }: IdGenerator): boolean {
  if (status?.tagId === undefined || status.algorithm === undefined) return false
  return (
    status.algorithm !== 'segment' || status.datacenters?.some(({ id }) => id === spec.datacenter) === true
  )
}

function hasPlace(tag: DeclaredTag, { spec }: IdGenerator): boolean {
  return tag.datacenters.some(({ dc }) => dc === spec.datacenter)
}

/** Of all that a declaration says but the floors, which rise all the time, and of whom it is said to. */
function digestOf(
  generatorKey: string,
  { metadata }: IdGenerator,
  { owner, generation, spec }: Declaration,
): string {
  const text = JSON.stringify([generatorKey, metadata.uid, owner, generation, spec])
  return createHash('sha256').update(text).digest('base64')
}

function sooner(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}

function again(requeueAfterMs: number | undefined): Result | undefined {
  return requeueAfterMs === undefined ? undefined : { requeueAfterMs }
}

/** A cache follows within milliseconds, unless its watch is torn. */
const CONFLICT_MS = 250
/** The service opens a range within moments of the first question; more would be a fault that its log tells. */
const RANGE_MS = 5000
