import type { BizTag, IdGenerator } from '../api/kinds.ts'
import { BIZ_TAG_FINALIZER } from '../api/marks.ts'
import { conditionOf, type Fact, no } from '../core/biz-tag-conditions.ts'
import { isAvailable } from '../core/biz-tag-decision.ts'
import { pathOf, pathText } from '../core/biz-tag-declaration.ts'
import { judgeFailure } from '../core/biz-tag-failure.ts'
import type { TagMemory } from './biz-tag-memory.ts'
import { type BizTagWorld, serviceOf } from './biz-tag-world.ts'
import { AccessMissing } from './credentials.ts'
import type { IssueResult } from './credentials-issue.ts'
import { ServiceError } from './service-client.ts'

/** A tag that its IdGenerator does not take, or takes no longer. */
export interface WithdrawalTask {
  readonly tag: BizTag
  readonly memory: TagMemory
  readonly generatorKey: string
  readonly generator: IdGenerator
  readonly signal: AbortSignal
}

/** Ends the key that a tag had while it was permitted; asks nobody about one that has none. */
export async function withdrawCredentials(
  world: BizTagWorld,
  task: WithdrawalTask,
  refusal: Fact,
): Promise<IssueResult> {
  const { tag, generatorKey, generator } = task
  if (!mayHaveKey(tag, refusal.reason)) return { state: undefined, events: [] }
  // Its end wakes this tag.
  const outage = world.outages.fact(generatorKey)
  if (outage !== undefined) return notYet(tag, outage.message)
  // Its change wakes this tag.
  if (!isAvailable(generator)) return notYet(tag, `IdGenerator ${generatorKey} has no pod that is ready.`)
  try {
    const { service } = await serviceOf(world, generatorKey, generator)
    const because = `IdGenerator ${generatorKey} does not take BizTags of namespace ${tag.metadata.namespace} any more`
    const events = await world.issuer.withdraw({ ...task, service }, because)
    const fact = no(refusal.reason, `There is no key, because ${because}.`)
    return { state: { fact, credentials: undefined }, events }
  } catch (thrown) {
    if (thrown instanceof AccessMissing) return notYet(tag, `${thrown.message}.`, AGAIN_MS)
    if (!(thrown instanceof ServiceError)) throw thrown
    const { message, reason, outage: away } = judgeFailure(thrown, generatorKey, pathText(pathOf(tag)))
    if (!away) return notYet(tag, message, AGAIN_MS)
    if (world.outages.begin(generatorKey, no(reason, message))) world.probe(generatorKey)
    world.outages.wait(generatorKey, `${tag.metadata.namespace}/${tag.metadata.name}`)
    return notYet(tag, message)
  }
}

/** `refusal`: the reason of CredentialsReady once the key is known to be gone. */
function mayHaveKey({ metadata, spec, status }: BizTag, refusal: string): boolean {
  // Nothing is made for a tag without it.
  if (metadata.finalizers?.includes(BIZ_TAG_FINALIZER) !== true) return false
  if (status?.credentials !== undefined) return true
  return (
    spec.credentialsSecret !== undefined &&
    conditionOf(status?.conditions, 'CredentialsReady')?.reason !== refusal
  )
}

function notYet({ status }: BizTag, why: string, againMs?: number): IssueResult {
  const known = status?.credentials
  const id = known?.keyId === undefined ? 'key' : `key ${known.keyId}`
  const fact = no('NotRevoked', `The ${id} is still valid; it could not be revoked yet: ${why}`)
  return {
    state: { fact, credentials: known },
    events: [],
    ...(againMs === undefined ? {} : { againMs }),
  }
}

const AGAIN_MS = 10_000
