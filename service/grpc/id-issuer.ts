import { authorize, type Caller } from '../app/authenticator.ts'
import type { LiveTag } from '../app/live-tag.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { Call } from './call.ts'
import { type CallContext, callContextOf } from './call-context.ts'
import type { IssuedFormat } from './encode-issued.ts'

/** What a request asks for. */
export interface IssueOrder {
  /** `w/g/t`, as the caller wrote it. */
  readonly tag: string
  readonly count: number
  readonly format: IssuedFormat
}

/** Key, scope, limits, IDs, ledger: what every issuing call does. */
export class IdIssuer {
  readonly #useCases: UseCases
  /** Of answers that need not wait. */
  #batch = new IdBatch()

  constructor(useCases: UseCases) {
    this.#useCases = useCases
  }

  /**
   * No promise when the key, the tag and the IDs are in memory; that batch is valid until the next call of this.
   * @throws (or rejects with) IDGEN_RATE_LIMITED, IDGEN_UNAUTHENTICATED, IDGEN_FORBIDDEN, IDGEN_COUNT_OUT_OF_RANGE, IDGEN_NAME_INVALID,
   * IDGEN_TAG_NOT_FOUND and what GenerateIds throws
   */
  issue(order: IssueOrder, call: Call): IdBatch | Promise<IdBatch> {
    const { authenticator, directory, traffic, addresses } = this.#useCases
    const context = callContextOf(call, addresses)
    traffic.count(context.clientDc)
    this.#limitAddress(order, context)
    // Looked at for every message of a stream as well: a revoked key must not go on through a stream left open.
    const caller = authenticator.peek(context.keyText, context.keyDigest)
    const tag = directory.peek(order.tag)
    if (caller === undefined || tag === undefined) return this.#issueUnknown(context, { ...order }, call)
    this.#limitKey(caller, tag, context)
    return this.#issueKnown(caller, tag, order, context)
  }

  #limitAddress({ tag }: IssueOrder, context: CallContext): void {
    const { rates, directory } = this.#useCases
    try {
      rates.admitAddress(context.address)
    } catch (error) {
      throw this.#refused(undefined, directory.peek(tag), error, context)
    }
  }

  #limitKey(caller: Caller, tag: LiveTag, context: CallContext): void {
    try {
      this.#useCases.rates.admitKey(caller.keyId)
    } catch (error) {
      throw this.#refused(caller, tag, error, context)
    }
  }

  async #issueUnknown(context: CallContext, order: IssueOrder, call: Call): Promise<IdBatch> {
    const { authenticator, directory, rates } = this.#useCases
    let caller: Caller | undefined
    let tag: LiveTag
    try {
      caller = await authenticator.authenticate(context.keyText)
      // Before the look-up, or names of tags could be invented faster than the limit.
      rates.admitKey(caller.keyId)
      // So too: a key must not find out which tags exist elsewhere.
      authorize(caller, 'issue', order.tag)
      this.#checkCount(order)
      tag = await directory.resolve(order.tag)
    } catch (error) {
      throw this.#refused(caller, directory.peek(order.tag), error, context)
    }
    if (call.cancelled) throw new IdgenError('IDGEN_DEADLINE_EXCEEDED', 'The caller is gone.')
    return this.#issueKnown(caller, tag, order, context)
  }

  #issueKnown(
    caller: Caller,
    tag: LiveTag,
    order: IssueOrder,
    context: CallContext,
  ): IdBatch | Promise<IdBatch> {
    const { generate, limits, ledger, rates } = this.#useCases
    const batch = this.#batch
    batch.clear()
    try {
      authorize(caller, 'issue', tag.path)
      rates.admitTag(tag.path)
      this.#checkCount(order)
      if (order.count > limits.maxText) refuseManyUuids(isUuid(tag), tag, order, limits.maxText)
      if (!generate.tryTake(tag, order.count, batch)) return this.#wait(caller, tag, order, context)
    } catch (error) {
      throw this.#refused(caller, tag, error, context)
    }
    ledger.count(caller.keyId, tag.path, 'ok', order.count, context.traceId)
    return batch
  }

  async #wait(caller: Caller, tag: LiveTag, order: IssueOrder, context: CallContext): Promise<IdBatch> {
    const { generate, limits, ledger } = this.#useCases
    // It goes with what was taken already; the next answers need another.
    const batch = this.#batch
    this.#batch = new IdBatch()
    const { count } = order
    try {
      await generate.take(tag, count, batch)
      // The tag may have moved down its chain while this call waited.
      refuseManyUuids(batch.uuidCount > limits.maxText, tag, { count }, limits.maxText)
    } catch (error) {
      throw this.#refused(caller, tag, error, context)
    }
    ledger.count(caller.keyId, tag.path, 'ok', count, context.traceId)
    return batch
  }

  /**
   * Only tags that exist are named in the ledger: names out of thin air would fill it, and with it the audit log,
   * as fast as a client can invent them.
   */
  #refused(
    caller: Caller | undefined,
    tag: LiveTag | undefined,
    thrown: unknown,
    context: CallContext,
  ): IdgenError {
    const error = IdgenError.from(thrown)
    this.#useCases.ledger.count(caller?.keyId ?? 'none', tag?.path ?? '*', error.code, 0, context.traceId)
    return error
  }

  #checkCount({ count, format }: IssueOrder): void {
    const { maxText, maxRuns } = this.#useCases.limits
    const max = format === 'runs' ? maxRuns : maxText
    if (count >= 1 && count <= max) return
    throw new IdgenError(
      'IDGEN_COUNT_OUT_OF_RANGE',
      `count is ${count}; as ${format} it may be 1 to ${max}.`,
      {
        faults: [{ path: '/count', message: `must be 1 to ${max}, not ${count}` }],
      },
    )
  }
}

function isUuid(tag: LiveTag): boolean {
  const { name } = tag.router.active
  return name === 'uuid-v7' || name === 'uuid-v4'
}

/** A UUID takes 16 bytes, where a run of any length takes 15: a million of them are beyond what clients accept. */
function refuseManyUuids(
  tooMany: boolean,
  tag: LiveTag,
  { count }: Pick<IssueOrder, 'count'>,
  max: number,
): void {
  if (!tooMany) return
  throw new IdgenError(
    'IDGEN_COUNT_OUT_OF_RANGE',
    `count is ${count}; ${tag.path} gives UUIDs now, of which a message may ask 1 to ${max}.`,
    { faults: [{ path: '/count', message: `must be 1 to ${max} for UUIDs, not ${count}` }] },
  )
}
