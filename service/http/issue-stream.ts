import { Readable } from 'node:stream'
import { authorize } from '../app/authenticator.ts'
import { CLIENT_DC_HEADER, clientDcOf } from '../app/dc-traffic.ts'
import type { TracedIssuer } from '../app/issuer.ts'
import type { ErrorCode } from '../core/errors.ts'
import { IdBatch } from '../core/id-batch.ts'
import { callerAgain } from './caller-again.ts'
import { requestError } from './foreign-error.ts'
import { refuseForm, refuseIssued } from './issue-form.ts'
import { type IssueRequest, issuePath } from './issue-ids.ts'
import { issuedJson } from './issued-text.ts'
import { problemOf } from './problem.ts'
import type { RequestAdmission } from './request-admission.ts'
import { callerOf } from './request-state.ts'

/** IDs per line: a line of text stays near 20 KB, so a slow reader holds back little and loses little. */
export const STREAM_LINE_IDS = 1000

/**
 * The lines of a stream. The next one is made only when the socket has room, and none once the client is gone:
 * at most the lines in flight are lost. Fails as a whole while nothing was sent; later as its last line. So it does when the
 * key no longer counts, which each line asks anew.
 */
export async function issueStream(
  request: IssueRequest,
  issuer: TracedIssuer,
  admission: RequestAdmission,
): Promise<Readable> {
  issuer.countClients(clientDcOf(request.headers[CLIENT_DC_HEADER]), 1)
  const path = issuePath(request, admission)
  await issuer.prepare(path)
  const by = issuer.issuesBy(path)
  if (by !== undefined) refuseForm(path, by, request.body.as)
  const stream = new IssueStream(request, path, issuer, admission)
  const first = await stream.nextLine()
  return Readable.from(stream.lines(first), { objectMode: false })
}

class IssueStream {
  readonly #request: IssueRequest
  readonly #path: string
  readonly #issuer: TracedIssuer
  readonly #admission: RequestAdmission
  #left: number
  #issued = 0

  constructor(request: IssueRequest, path: string, issuer: TracedIssuer, admission: RequestAdmission) {
    this.#request = request
    this.#path = path
    this.#issuer = issuer
    this.#admission = admission
    this.#left = request.body.count
  }

  async nextLine(): Promise<string> {
    const issuer = this.#issuer
    const caller = await callerAgain(this.#request, { issuer, admission: this.#admission })
    authorize(caller, 'issue', this.#path)
    const count = Math.min(this.#left, STREAM_LINE_IDS)
    const batch = new IdBatch()
    if (!issuer.tryTake(this.#path, count, batch, 1)) await issuer.take(this.#path, count, batch, 1)
    refuseIssued(this.#path, batch, issuer.issuesBy(this.#path), this.#request.body.as)
    this.#left -= count
    this.#issued += count
    return `${issuedJson(batch, this.#request.body.as)}\n`
  }

  async *lines(first: string): AsyncGenerator<string, void> {
    try {
      yield first
      while (this.#left > 0) yield await this.nextLine()
    } catch (thrown) {
      const error = requestError(thrown)
      this.#count(error.code, 0)
      yield `${JSON.stringify({ error: problemOf(error, this.#request.trace?.traceId ?? '') })}\n`
    } finally {
      // Also when the client went away: what was issued is spent.
      this.#count('ok', this.#issued)
    }
  }

  #count(result: 'ok' | ErrorCode, ids: number): void {
    const { keyId } = callerOf(this.#request)
    this.#issuer.countCall(keyId, this.#path, result, ids, this.#request.trace?.traceId)
  }
}
