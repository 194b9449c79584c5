import type { BizTag, IdGenerator } from '../api/kinds.ts'
import type { BizTagEvent } from './biz-tag-events.ts'
import type { ServiceFailure } from './biz-tag-failure.ts'

export type DeletionStep =
  /** The object may go; the service is not asked. */
  | { readonly kind: 'let-go'; readonly event: BizTagEvent }
  /** One short attempt to give the claim up; then the object may go, whatever came of it. */
  | { readonly kind: 'release' }
  /** The object stays until the tag is deleted. */
  | { readonly kind: 'purge' }
  | { readonly kind: 'wait'; readonly message: string }

export interface DeletionSnapshot {
  readonly tag: BizTag
  readonly path: string
  readonly generatorKey: string
  readonly generator: IdGenerator | undefined
  /** All tags of the IdGenerator wait for its service: an attempt would take a second and fail. */
  readonly outage: boolean
}

/** Retain never waits for anybody, so that the deletion of a namespace never does. */
export function decideDeletion({
  tag,
  path,
  generatorKey,
  generator,
  outage,
}: DeletionSnapshot): DeletionStep {
  if (generator === undefined || generator.metadata.deletionTimestamp !== undefined)
    return {
      kind: 'let-go',
      event: retained(path, `IdGenerator ${generatorKey} is gone, its database was not touched`, tag),
    }
  if (tag.spec.deletionPolicy !== 'Purge')
    return outage || generator.spec.suspend === true
      ? { kind: 'let-go', event: retained(path, UNRELEASED, tag) }
      : { kind: 'release' }
  if (generator.spec.suspend === true)
    return {
      kind: 'wait',
      message: `IdGenerator ${generatorKey} is suspended: ${path} is purged when it no longer is. Set deletionPolicy: Retain to let this BizTag go at once.`,
    }
  return { kind: 'purge' }
}

export function releasedEvent(path: string, failure: string | undefined, tag: BizTag): BizTagEvent {
  return failure === undefined
    ? retained(path, 'no BizTag declares it any more')
    : retained(path, `${UNRELEASED}; ${failure}`, tag)
}

export function purgedEvent(path: string): BizTagEvent {
  return {
    type: 'Normal',
    reason: 'DataPurged',
    note: `The tag ${path} was deleted. A BizTag with that path begins above the numbers that it had issued.`,
  }
}

/** It never had the tag, or another object has taken it over. */
export function notReleasedEvent(path: string, { detail }: ServiceFailure): BizTagEvent {
  return retained(path, `this BizTag did not have it; ${detail}`)
}

/** Another object declares the tag: it is not ours to delete. */
export function notPurgedEvent(path: string, { detail }: ServiceFailure): BizTagEvent {
  return { type: 'Warning', reason: 'DataRetained', note: `The tag ${path} was not deleted: ${detail}` }
}

export function purgeWaits(path: string, why: string): string {
  return `${path} is not deleted yet: ${why} Set deletionPolicy: Retain to let this BizTag go at once; the tag then stays in the service.`
}

/** With `unrevoked` nobody knows whether its key still opens anything. */
function retained(path: string, why: string, unrevoked?: BizTag): BizTagEvent {
  const id = unrevoked?.status?.credentials?.keyId
  const key =
    id === undefined
      ? ''
      : ` Its key may be valid until another BizTag declares the tag: revoke it by DELETE /v1/keys/${id}.`
  return {
    type: 'Normal',
    reason: 'DataRetained',
    note: `The tag ${path} and its numbers stay (${why}). A BizTag with that path goes on above them.${key}`,
  }
}

const UNRELEASED = 'the service was not reached, and the next BizTag of this cluster takes the claim over'
