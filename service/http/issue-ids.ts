import type { FastifyReply, FastifyRequest } from 'fastify'
import { authorize } from '../app/authenticator.ts'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import { type ErrorCode, IdgenError } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { refuseForm, refuseIssued } from './issue-form.ts'
import { type IssueForm, issuedJson } from './issued-text.ts'
import type { RequestAdmission } from './request-admission.ts'
import { callerOf } from './request-state.ts'

export interface IssueBody {
  readonly count: number
  readonly as: IssueForm
}

export interface TagParams {
  readonly workspace: string
  readonly group: string
  readonly tag: string
}

export type IssueRequest = FastifyRequest<{ Params: TagParams; Body: IssueBody }>

/** The ids route. IDs that are in memory leave in the same turn of the event loop, without a promise. */
export class IssueIds {
  readonly #issuer: TracedIssuer
  readonly #admission: RequestAdmission
  /** Reused by every call that does not wait: making a batch costs more than filling it. */
  #scratch = new IdBatch()

  constructor(issuer: TracedIssuer, admission: RequestAdmission) {
    this.#issuer = issuer
    this.#admission = admission
  }

  /** Answers at once, or returns a promise of the answer's body. */
  handle(request: IssueRequest, reply: FastifyReply): undefined | Promise<string> {
    const issuer = this.#issuer
    const { count, as } = request.body
    issuer.countClients(clientDcOf(request.headers[CLIENT_DC_HEADER]), 1)
    const path = issuePath(request, this.#admission)
    this.#refuseCount(count, as)
    reply.header('content-type', JSON_MEDIA_TYPE)
    // As text every tag gives what it has, so by what it issues is asked for the other forms only.
    const by = as === 'text' ? undefined : issuer.issuesBy(path)
    if (by !== undefined) refuseForm(path, by, as)
    else if (as !== 'text' || !issuer.knows(path)) return this.#load(request, path)
    const begun = this.#admission.begunOf(request.raw)
    const batch = begun ?? this.#scratch
    // Also at the start: IDs left by a call that threw must not reach the next caller, of another tag perhaps.
    if (begun === undefined) batch.clear()
    if (!issuer.tryTake(path, count, batch, 1)) {
      // The batch goes with the call that waits; the next one needs its own.
      if (begun === undefined) this.#scratch = new IdBatch()
      return this.#wait(request, path, batch)
    }
    // A share that ran out meanwhile may be followed by one of another algorithm.
    refuseIssued(path, batch, by, as)
    reply.send(this.#issued(request, path, batch))
    return undefined
  }

  async #load(request: IssueRequest, path: string): Promise<string> {
    const { as } = request.body
    await this.#issuer.prepare(path)
    const by = this.#issuer.issuesBy(path)
    if (by !== undefined) refuseForm(path, by, as)
    return this.#wait(request, path, new IdBatch())
  }

  async #wait(request: IssueRequest, path: string, batch: IdBatch): Promise<string> {
    const { count, as } = request.body
    await this.#issuer.take(path, count, batch, 1)
    refuseIssued(path, batch, this.#issuer.issuesBy(path), as)
    return this.#issued(request, path, batch)
  }

  #issued(request: IssueRequest, path: string, batch: IdBatch): string {
    const { count, as } = request.body
    const { keyId } = callerOf(request)
    this.#issuer.countCall(keyId, path, 'ok', count, request.trace?.traceId)
    return issuedJson(batch, as)
  }

  #refuseCount(count: number, as: IssueForm): void {
    const { maxText, maxRuns } = this.#issuer.limits
    if (as === 'runs' || count <= maxText) return
    const message = `must be 1 to ${maxText} as ${as}, not ${count}`
    throw new IdgenError(
      'IDGEN_COUNT_OUT_OF_RANGE',
      `/count ${message}; up to ${maxRuns} are to be had as "runs", or by the stream route.`,
      { faults: [{ path: '/count', message }] },
    )
  }
}

const JSON_MEDIA_TYPE = 'application/json; charset=utf-8'

/** `w/g/t` of the request's path. @throws IDGEN_FORBIDDEN unless the caller may issue there, IDGEN_RATE_LIMITED */
export function issuePath(
  request: FastifyRequest<{ Params: TagParams }>,
  admission: RequestAdmission,
): string {
  const { workspace, group, tag } = request.params
  const path = `${workspace}/${group}/${tag}`
  authorize(callerOf(request), 'issue', path)
  admission.limitTag(request, path)
  return path
}

/**
 * Counts a call that failed. Only tags that exist are named: names out of thin air would fill the ledger, and
 * with it the audit log, as fast as a client can invent them.
 */
export function countFailure(issuer: TracedIssuer, request: FastifyRequest, code: ErrorCode): void {
  const { workspace, group, tag } = request.params as TagParams
  issuer.countCall(
    request.caller?.keyId ?? 'none',
    `${workspace}/${group}/${tag}`,
    code,
    0,
    request.trace?.traceId,
  )
}
