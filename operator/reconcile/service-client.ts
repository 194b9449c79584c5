import type { Declaration, DeclareAnswer, DeclaredTag, TagPath } from '../core/biz-tag-declaration.ts'
import type { ServiceFailure } from '../core/biz-tag-failure.ts'

/** A key that may only issue IDs of one tag. */
export interface TagKey {
  /** For people. */
  readonly name: string
  /** "workspace/group/tag" */
  readonly within: string
  /** Of the whole text of the key, hexadecimal. */
  readonly sha256: string
  /** Uid of the BizTag that it is for: the service ends it when another one declares the tag. */
  readonly declaredBy: string
}

/**
 * What the operator asks of an idgen service. Every call may be repeated: a repeat changes nothing more. Each throws
 * ServiceError, also when there is no answer (status 0): then it may have been done.
 */
export interface ServiceClient {
  /** @throws IDGEN_TAG_CLAIMED, IDGEN_DECLARATION_STALE, … : nothing was changed */
  declare(path: TagPath, declaration: Declaration, signal: AbortSignal): Promise<DeclareAnswer>
  /** undefined: there is no such tag. */
  find(path: TagPath, signal: AbortSignal): Promise<DeclaredTag | undefined>
  /**
   * The object with that uid declares the tag no more, now and for ever; `purge` deletes the tag. Done already is done.
   * @throws IDGEN_TAG_CLAIMED when another object declares the tag
   */
  release(path: TagPath, uid: string, policy: 'retain' | 'purge', signal: AbortSignal): Promise<void>
  /** One page of the tags that a cluster declares, by path; `cursor` of the page before. */
  list(
    cluster: string,
    page: { readonly limit: number; readonly cursor?: string },
    signal: AbortSignal,
  ): Promise<DeclaredPage>
  /**
   * From now on the key with this id is this one.
   * @throws IDGEN_KEY_REVOKED: the id was used up
   */
  putKey(id: string, key: TagKey, signal: AbortSignal): Promise<void>
  /** For ever. One that never was is revoked. */
  revokeKey(id: string, signal: AbortSignal): Promise<void>
}

export interface DeclaredPage {
  readonly items: readonly DeclaredTag[]
  readonly nextCursor: string | undefined
}

export class ServiceError extends Error implements ServiceFailure {
  readonly code: string
  readonly status: number
  readonly detail: string
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined

  constructor(
    what: string,
    { code, status, detail, retryable, retryAfterMs }: ServiceFailure,
    cause?: unknown,
  ) {
    super(
      `${what}: ${status === 0 ? 'no answer' : status}${code === '' ? '' : ` ${code}`} (${detail})`,
      cause === undefined ? undefined : { cause },
    )
    this.name = 'ServiceError'
    this.code = code
    this.status = status
    this.detail = detail
    this.retryable = retryable
    this.retryAfterMs = retryAfterMs
  }

  static noAnswer(what: string, cause: unknown): ServiceError {
    const detail = cause instanceof Error ? cause.message || cause.name : String(cause)
    return new ServiceError(
      what,
      { code: '', status: 0, detail, retryable: true, retryAfterMs: undefined },
      cause,
    )
  }
}

export function isCode(thrown: unknown, ...codes: readonly string[]): thrown is ServiceError {
  return thrown instanceof ServiceError && codes.includes(thrown.code)
}
