import type { FastifyReply, FastifyRequest } from 'fastify'
import { authorize } from '../app/authenticator.ts'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'
import type { LiveTag } from '../app/live-tag.ts'
import type { UseCases } from '../app/use-cases.ts'
import { IdgenError } from '../core/errors.ts'
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
  readonly #useCases: UseCases
  readonly #admission: RequestAdmission
  /** Reused by every call that does not wait: making a batch costs more than filling it. */
  #scratch = new IdBatch()

  constructor(useCases: UseCases, admission: RequestAdmission) {
    this.#useCases = useCases
    this.#admission = admission
  }

  /** Answers at once, or returns a promise of the answer's body. */
  handle(request: IssueRequest, reply: FastifyReply): undefined | Promise<string> {
    const { directory, generate, traffic } = this.#useCases
    const { count, as } = request.body
    traffic.count(clientDcOf(request.headers[CLIENT_DC_HEADER]))
    const path = issuePath(request, this.#admission)
    this.#refuseCount(count, as)
    reply.header('content-type', JSON_MEDIA_TYPE)
    const tag = directory.peek(path)
    if (tag === undefined) return this.#load(request, path)
    refuseForm(tag, as)
    const batch = this.#scratch
    // Also at the start: IDs left by a call that threw must not reach the next caller, of another tag perhaps.
    batch.clear()
    if (!generate.tryTake(tag, count, batch)) {
      // The batch goes with the call that waits; the next one needs its own.
      this.#scratch = new IdBatch()
      return this.#wait(request, tag, batch)
    }
    reply.send(this.#issued(request, tag, batch))
    return undefined
  }

  async #load(request: IssueRequest, path: string): Promise<string> {
    const tag = await this.#useCases.directory.resolve(path)
    refuseForm(tag, request.body.as)
    return this.#wait(request, tag, new IdBatch())
  }

  async #wait(request: IssueRequest, tag: LiveTag, batch: IdBatch): Promise<string> {
    const { count, as } = request.body
    await this.#useCases.generate.take(tag, count, batch)
    refuseIssued(tag, batch, as)
    return this.#issued(request, tag, batch)
  }

  #issued(request: IssueRequest, tag: LiveTag, batch: IdBatch): string {
    const { count, as } = request.body
    const { keyId } = callerOf(request)
    this.#useCases.ledger.count(keyId, tag.path, 'ok', count, request.trace?.traceId)
    return issuedJson(batch, as)
  }

  #refuseCount(count: number, as: IssueForm): void {
    const { maxText, maxRuns } = this.#useCases.limits
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
export function countFailure(useCases: UseCases, request: FastifyRequest, code: string): void {
  const { workspace, group, tag } = request.params as TagParams
  const path = `${workspace}/${group}/${tag}`
  const subject = useCases.directory.peek(path) === undefined ? '*' : path
  useCases.ledger.count(request.caller?.keyId ?? 'none', subject, code, 0, request.trace?.traceId)
}
