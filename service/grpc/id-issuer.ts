import { authorize, type Caller } from '../app/authenticator.ts'
import type { ClientAddresses } from '../app/client-addresses.ts'
import type { IssuesBy, TracedIssuer } from '../app/issuer.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { Call } from './call.ts'
import { type CallContext, callAttempt, callContextOf } from './call-context.ts'
import type { IssuedFormat } from './encode-issued.ts'

/** What a request asks for. */
export interface IssueOrder {
  /** `w/g/t`, as the caller wrote it. */
  readonly tag: string
  readonly count: number
  readonly format: IssuedFormat
}

/** An order with who gave it, as far as that is known. */
interface Attempt {
  readonly order: IssueOrder
  readonly call: Call
  readonly context: CallContext
  keyId: string
}

/** Key, scope, limits, IDs, ledger: what every issuing call does. */
export class IdIssuer {
  readonly #issuer: TracedIssuer
  readonly #addresses: ClientAddresses
  /** Of answers that need not wait. */
  #batch = new IdBatch()

  constructor(issuer: TracedIssuer, addresses: ClientAddresses) {
    this.#issuer = issuer
    this.#addresses = addresses
  }

  /**
   * No promise when the key, the tag and the IDs are in memory; that batch is valid until the next call of this.
   * @throws (or rejects with) IDGEN_RATE_LIMITED, IDGEN_UNAUTHENTICATED, IDGEN_FORBIDDEN, IDGEN_COUNT_OUT_OF_RANGE, IDGEN_NAME_INVALID,
   * IDGEN_TAG_NOT_FOUND and what GenerateIds throws
   */
  issue(order: IssueOrder, call: Call): IdBatch | Promise<IdBatch> {
    const attempt = { order, call, context: callContextOf(call, this.#addresses), keyId: 'none' }
    try {
      const issued = this.#issue(attempt)
      if (issued instanceof IdBatch) return issued
      return issued.catch((error: unknown) => {
        throw this.#refused(attempt, error)
      })
    } catch (error) {
      throw this.#refused(attempt, error)
    }
  }

  #issue(attempt: Attempt): IdBatch | Promise<IdBatch> {
    const issuer = this.#issuer
    const { order, context } = attempt
    issuer.countClients(context.clientDc, 1)
    issuer.rates.admitAddress(context.address)
    // Looked at for every message of a stream as well: a revoked key must not go on through a stream left open.
    const caller = issuer.peekCaller(context.keyText, context.keyDigest)
    if (caller === undefined || !issuer.knows(order.tag)) return this.#issueUnknown(attempt)
    attempt.keyId = caller.keyId
    issuer.rates.admitKey(caller.keyId)
    return this.#issueKnown(caller, attempt)
  }

  async #issueUnknown(attempt: Attempt): Promise<IdBatch> {
    const issuer = this.#issuer
    const { order, call, context } = attempt
    const caller = await issuer.authenticate(
      context.keyText,
      context.address,
      callAttempt(call, context, order.tag),
    )
    attempt.keyId = caller.keyId
    // Before the look-up, or names of tags could be invented faster than the limit.
    issuer.rates.admitKey(caller.keyId)
    // So too: a key must not find out which tags exist elsewhere.
    authorize(caller, 'issue', order.tag)
    this.#checkCount(order)
    await issuer.prepare(order.tag)
    if (call.cancelled) throw new IdgenError('IDGEN_DEADLINE_EXCEEDED', 'The caller is gone.')
    const issued = this.#issueKnown(caller, attempt)
    if (!(issued instanceof IdBatch)) return issued
    // It belongs to this answer now: a promise's reader comes later.
    this.#batch = new IdBatch()
    return issued
  }

  #issueKnown(caller: Caller, attempt: Attempt): IdBatch | Promise<IdBatch> {
    const issuer = this.#issuer
    const { order, context } = attempt
    const { tag, count } = order
    const { maxText } = issuer.limits
    const batch = this.#batch
    // Also at the start: IDs left by a call that threw must not reach the next caller, of another tag perhaps.
    batch.clear()
    authorize(caller, 'issue', tag)
    issuer.rates.admitTag(tag)
    this.#checkCount(order)
    if (count > maxText) refuseManyTexts(isTexts(issuer.issuesBy(tag)), order, maxText)
    if (!issuer.tryTake(tag, count, batch, 1)) return this.#wait(attempt)
    // A share that ran out meanwhile may be followed by one of another algorithm.
    refuseManyTexts(textsIn(batch) > maxText, order, maxText)
    issuer.countCall(attempt.keyId, tag, 'ok', count, context.traceId)
    return batch
  }

  async #wait({ order, context, keyId }: Attempt): Promise<IdBatch> {
    const issuer = this.#issuer
    // It goes with what was taken already; the next answers need another.
    const batch = this.#batch
    this.#batch = new IdBatch()
    const { tag, count } = order
    const { maxText } = issuer.limits
    // Before anything is spent, where it was not known yet.
    if (count > maxText) {
      await issuer.prepare(tag)
      refuseManyTexts(isTexts(issuer.issuesBy(tag)), order, maxText)
    }
    await issuer.take(tag, count, batch, 1)
    // The tag may have moved down its chain while this call waited.
    refuseManyTexts(textsIn(batch) > issuer.limits.maxText, order, issuer.limits.maxText)
    issuer.countCall(keyId, tag, 'ok', count, context.traceId)
    return batch
  }

  #refused({ order, context, keyId }: Attempt, thrown: unknown): IdgenError {
    const error = IdgenError.from(thrown)
    this.#issuer.countCall(keyId, order.tag, error.code, 0, context.traceId)
    return error
  }

  #checkCount({ count, format }: IssueOrder): void {
    const { maxText, maxRuns } = this.#issuer.limits
    const max = format === 'runs' ? maxRuns : maxText
    if (count >= 1 && count <= max) return
    throw new IdgenError(
      'IDGEN_COUNT_OUT_OF_RANGE',
      `count is ${count}; as ${format} it may be 1 to ${max}.`,
      { faults: [{ path: '/count', message: `must be 1 to ${max}, not ${count}` }] },
    )
  }
}

function isTexts(by: IssuesBy | undefined): boolean {
  return by?.active === 'uuid-v7' || by?.active === 'uuid-v4' || by?.formatted === true
}

function textsIn(batch: IdBatch): number {
  return batch.printer === undefined ? batch.uuidCount : batch.count
}

/** A UUID takes 16 bytes, where a run of any length takes 15: a million of them are beyond what clients accept. */
function refuseManyTexts(tooMany: boolean, { tag, count }: IssueOrder, max: number): void {
  if (!tooMany) return
  throw new IdgenError(
    'IDGEN_COUNT_OUT_OF_RANGE',
    `count is ${count}; ${tag} gives UUIDs or texts in a format now, of which a message may ask 1 to ${max}.`,
    { faults: [{ path: '/count', message: `must be 1 to ${max} for UUIDs and texts, not ${count}` }] },
  )
}
