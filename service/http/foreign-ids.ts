import type { FastifyRequest } from 'fastify'
import { attemptOver, subjectOf } from '../app/attempt.ts'
import { authorize, type Caller } from '../app/authenticator.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import { type AlgorithmName, NUMERIC_ALGORITHMS } from '../core/algorithm.ts'
import { IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import type { RequestAdmission } from './request-admission.ts'

/** One call of another service's client, in our words. */
export interface ForeignCall {
  /** The name of what IDs are wanted of, there; here a tag of the group. */
  readonly name: string
  readonly keyText: string | undefined
}

export interface ForeignOrder {
  readonly count: number
  /** All of it as one run of consecutive numbers. */
  readonly run?: true
  /** What the tag's first choice has to be; left out: any that issues numbers. */
  readonly first?: AlgorithmName
}

/**
 * IDs for clients of other services, by the one path and under the same limits, rights and counts as for ours: a number is
 * spent from the same grants, whoever asks and in whatever words.
 */
export class ForeignIds {
  readonly #issuer: TracedIssuer
  readonly #admission: RequestAdmission
  readonly #group: string

  /** `group`: workspace/group of the tags. */
  constructor(issuer: TracedIssuer, admission: RequestAdmission, group: string) {
    this.#issuer = issuer
    this.#admission = admission
    this.#group = group
  }

  /** @throws IDGEN_UNAUTHENTICATED, IDGEN_FORBIDDEN, IDGEN_RATE_LIMITED, IDGEN_TAG_NOT_FOUND, and what issuing throws */
  async issue(request: FastifyRequest, call: ForeignCall, order: ForeignOrder): Promise<IdBatch> {
    const issuer = this.#issuer
    const path = `${this.#group}/${call.name}`
    const traceId = request.trace?.traceId
    let keyId = 'none'
    try {
      const caller = issuer.peekCaller(call.keyText) ?? (await this.#authenticated(request, call, path))
      keyId = caller.keyId
      issuer.rates.admitKey(keyId)
      authorize(caller, 'issue', path)
      issuer.rates.admitTag(path)
      const batch = await this.#taken(path, order)
      issuer.countCall(keyId, path, 'ok', order.count, traceId)
      return batch
    } catch (thrown) {
      const error = IdgenError.from(thrown)
      issuer.countCall(keyId, path, error.code, 0, traceId)
      throw error
    }
  }

  #authenticated(request: FastifyRequest, { keyText }: ForeignCall, path: string): Promise<Caller> {
    const attempt = { ...attemptOver(request), subject: subjectOf(path) }
    return this.#issuer.authenticate(keyText, this.#admission.clientOf(request.raw), attempt)
  }

  async #taken(path: string, { count, run, first }: ForeignOrder): Promise<IdBatch> {
    const issuer = this.#issuer
    if (!issuer.knows(path)) await issuer.prepare(path)
    const by = issuer.issuesBy(path)
    if (by !== undefined && (by.formatted || (first !== undefined && by.first !== first)))
      throw noNumbers(path, by.formatted ? 'texts in a format' : by.first, first)
    const batch = new IdBatch()
    if (run === true) {
      if (!issuer.tryTakeRun(path, count, batch)) await issuer.takeRun(path, count, batch)
    } else if (!issuer.tryTake(path, count, batch, 1)) await issuer.take(path, count, batch, 1)
    if (batch.printer === undefined && NUMERIC_ALGORITHMS.includes(batch.algorithm)) return batch
    throw noNumbers(path, batch.algorithm, first)
  }
}

function noNumbers(path: string, issues: string, wanted: string | undefined): IdgenError {
  return new IdgenError(
    'IDGEN_REQUEST_INVALID',
    `${path} issues ${issues}, and this endpoint gives ${wanted ?? 'numbers'} only: make a tag for it whose chain is segment, or segment and snowflake.`,
  )
}
