import type { BizTag } from '../api/kinds.ts'
import {
  type Declaration,
  type DeclareAnswer,
  pathOf,
  pathText,
  type TagOwner,
} from '../core/biz-tag-declaration.ts'
import { advancedEvent, type BizTagEvent, takenOverEvent } from '../core/biz-tag-events.ts'
import { madeLayoutOf } from '../core/made-layout.ts'
import type { BizTagWorld } from './biz-tag-world.ts'
import { isCode, type ServiceClient, ServiceError } from './service-client.ts'

export interface Declared {
  readonly answer: DeclareAnswer
  readonly events: readonly BizTagEvent[]
}

/** Declares the tag; takes it over from an object of this cluster that is gone. Throws ServiceError. */
export async function declareTag(
  world: BizTagWorld,
  service: ServiceClient,
  tag: BizTag,
  declaration: Declaration,
  signal: AbortSignal,
): Promise<Declared> {
  const path = pathOf(tag)
  try {
    return declared(tag, await service.declare(path, declaration, signal))
  } catch (thrown) {
    if (isCode(thrown, 'IDGEN_IMMUTABLE')) throw await madeOtherwiseError(thrown, service, tag, signal)
    if (!isCode(thrown, 'IDGEN_TAG_CLAIMED')) throw thrown
    const owner = (await service.find(path, signal))?.owner
    if (owner === undefined) throw thrown
    if (!(await isGone(world, declaration.owner.cluster, owner, signal)))
      throw claimed(thrown, tag, owner, declaration)
    const answer = await service.declare(path, { ...declaration, takeOverFrom: owner.uid }, signal)
    return declared(tag, answer, owner)
  }
}

function declared(tag: BizTag, answer: DeclareAnswer, from?: TagOwner): Declared {
  const path = pathText(pathOf(tag))
  return {
    answer,
    events: [
      ...(from === undefined ? [] : [takenOverEvent(path, `${from.namespace}/${from.name}`)]),
      ...(answer.advanced.length === 0 ? [] : [advancedEvent(path, answer.advanced)]),
    ],
  }
}

/**
 * Only what this cluster's API server says itself counts: a cache may lack an object that was just made, and of another
 * cluster, or of a namespace that we may not read, nothing is known.
 */
async function isGone(
  { watchNamespaces, objects }: BizTagWorld,
  cluster: string,
  owner: TagOwner,
  signal: AbortSignal,
): Promise<boolean> {
  if (owner.cluster !== cluster) return false
  if (watchNamespaces.length > 0 && !watchNamespaces.includes(owner.namespace)) return false
  const found = await objects.read(`${owner.namespace}/${owner.name}`, signal)
  return found?.metadata.uid !== owner.uid
}

/** The tag is there with another number space than is declared. */
export class MadeOtherwise extends ServiceError {
  readonly madeLayout: string

  constructor(cause: ServiceError, madeLayout: string) {
    super('declare', cause, cause)
    this.madeLayout = madeLayout
  }
}

/** What the status remembers is asked for before it says that the tag was refused: the tag may be lost by the next time. */
async function madeOtherwiseError(
  thrown: ServiceError,
  service: ServiceClient,
  tag: BizTag,
  signal: AbortSignal,
): Promise<ServiceError> {
  const found = await service.find(pathOf(tag), signal)
  return found === undefined ? thrown : new MadeOtherwise(thrown, madeLayoutOf(found.settings))
}

function claimed(
  thrown: ServiceError,
  tag: BizTag,
  owner: TagOwner,
  { owner: self }: Declaration,
): ServiceError {
  const where = owner.cluster === self.cluster ? '' : ` of another cluster (${owner.cluster})`
  const detail = `The tag ${pathText(pathOf(tag))} belongs to BizTag ${owner.namespace}/${owner.name}${where}. Use another tag, or delete that BizTag: this one then takes over.`
  const { code, status } = thrown
  return new ServiceError(
    'declare',
    { code, status, detail, retryable: false, retryAfterMs: undefined },
    thrown,
  )
}
