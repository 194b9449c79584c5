import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request as openRequest } from 'node:https'
import type { Declaration, DeclareAnswer, DeclaredTag, TagPath } from '../core/biz-tag-declaration.ts'
import { type DeclaredPage, isCode, type ServiceClient, ServiceError, type TagKey } from './service-client.ts'
import { readDeclareAnswer, readDeclaredTag, readPage } from './service-client-answers.ts'

/** How to reach a service and prove who asks. */
export interface ServiceAccess {
  /** "https://host:port" */
  readonly address: string
  /** The name that the certificate must have, wherever `address` leads. */
  readonly servername: string
  /** Authority that signed it, PEM; undefined: one that the machine trusts. */
  readonly ca: string | undefined
  readonly key: string
}

interface Call {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  readonly path: string
  readonly body?: object
}

/** ServiceClient over HTTPS with kept connections. */
export class HttpsServiceClient implements ServiceClient {
  readonly #access: ServiceAccess
  readonly #agent: Agent

  constructor(access: ServiceAccess) {
    if (!access.address.startsWith('https://'))
      throw new Error(
        `the address of a service must begin with https://, not "${access.address}": the admin key would be readable on the way`,
      )
    this.#access = access
    this.#agent = new Agent({
      keepAlive: true,
      scheduling: 'lifo',
      maxSockets: SOCKETS_MAX,
      maxFreeSockets: SOCKETS_MAX,
      servername: access.servername,
      minVersion: 'TLSv1.2',
      ...(access.ca === undefined ? {} : { ca: access.ca }),
    })
  }

  async declare(path: TagPath, declaration: Declaration, signal: AbortSignal): Promise<DeclareAnswer> {
    const call: Call = { method: 'PUT', path: declarationPath(path), body: declaration }
    return await this.#call(call, signal, readDeclareAnswer)
  }

  async find(path: TagPath, signal: AbortSignal): Promise<DeclaredTag | undefined> {
    try {
      return await this.#call({ method: 'GET', path: declarationPath(path) }, signal, readDeclaredTag)
    } catch (thrown) {
      if (isCode(thrown, 'IDGEN_TAG_NOT_FOUND', 'IDGEN_GROUP_NOT_FOUND', 'IDGEN_WORKSPACE_NOT_FOUND'))
        return undefined
      throw thrown
    }
  }

  async release(path: TagPath, uid: string, policy: 'retain' | 'purge', signal: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ uid, policy })
    await this.#call({ method: 'DELETE', path: `${declarationPath(path)}?${query}` }, signal, nothing)
  }

  async list(
    cluster: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
    signal: AbortSignal,
  ): Promise<DeclaredPage> {
    const query = new URLSearchParams({ cluster, limit: String(limit) })
    if (cursor !== undefined) query.set('cursor', cursor)
    return await this.#call({ method: 'GET', path: `/v1/declarations?${query}` }, signal, readPage)
  }

  async putKey(id: string, { declaredBy, ...key }: TagKey, signal: AbortSignal): Promise<void> {
    const body = { ...key, scopes: ['issue'] }
    const put = (content: object): Promise<void> =>
      this.#call(
        { method: 'PUT', path: `/v1/keys/${encodeURIComponent(id)}`, body: content },
        signal,
        nothing,
      )
    try {
      await put({ ...body, declaredBy })
    } catch (thrown) {
      // A service that has not been upgraded yet does not know the field, and must not go without keys meanwhile.
      if (
        !isCode(thrown, 'IDGEN_REQUEST_INVALID') ||
        !thrown.detail.includes('/declaredBy is not known here')
      )
        throw thrown
      await put(body)
    }
  }

  async revokeKey(id: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#call({ method: 'DELETE', path: `/v1/keys/${encodeURIComponent(id)}` }, signal, nothing)
    } catch (thrown) {
      if (!isCode(thrown, 'IDGEN_KEY_NOT_FOUND')) throw thrown
    }
  }

  /** What runs goes on; its connections end with it. */
  close(): void {
    // Not destroy(): that tears the connections of calls under way as well.
    this.#agent.maxFreeSockets = 0
    for (const sockets of Object.values(this.#agent.freeSockets))
      for (const socket of sockets ?? []) socket.destroy()
  }

  async #call<T>(call: Call, outer: AbortSignal, read: (body: unknown) => T): Promise<T> {
    const what = `${call.method} ${this.#access.address}${call.path}`
    const signal = AbortSignal.any([outer, AbortSignal.timeout(CALL_MAX_MS)])
    let answer: Answer
    try {
      answer = await this.#send(call, signal)
    } catch (thrown) {
      // An end that was asked for is no fault of the service.
      outer.throwIfAborted()
      throw ServiceError.noAnswer(what, signal.aborted ? signal.reason : thrown)
    }
    if (answer.status < 200 || answer.status > 299) throw refused(what, answer)
    try {
      return read(answer.body)
    } catch (thrown) {
      const detail = `the answer makes no sense: ${thrown instanceof Error ? thrown.message : String(thrown)}`
      throw new ServiceError(what, { ...answer, code: '', detail, retryable: false }, thrown)
    }
  }

  /** Once more when a kept connection had just been closed by the other side: every call may be repeated. */
  async #send(call: Call, signal: AbortSignal): Promise<Answer> {
    try {
      return await this.#sendOnce(call, signal)
    } catch (thrown) {
      if (!(thrown instanceof TornKeptConnection) || signal.aborted) throw thrown
      return await this.#sendOnce(call, signal)
    }
  }

  async #sendOnce({ method, path, body }: Call, signal: AbortSignal): Promise<Answer> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    const about =
      payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': payload.length }
    const headers = { accept: 'application/json', authorization: `Bearer ${this.#access.key}`, ...about }
    const call = openRequest(new URL(path, this.#access.address), {
      method,
      agent: this.#agent,
      headers,
      signal,
    })
    return await new Promise<Answer>((resolve, reject) => {
      call.on('error', (thrown) => reject(torn(call, thrown)))
      call.on('response', (response) => {
        readAnswer(response).then(resolve, reject)
      })
      call.end(payload)
    })
  }
}

interface Answer {
  readonly status: number
  readonly retryAfterMs: number | undefined
  /** undefined: empty, or no JSON. */
  readonly body: unknown
}

class TornKeptConnection extends Error {}

function torn(call: ClientRequest, thrown: NodeJS.ErrnoException): Error {
  const closed = thrown.code === 'ECONNRESET' || thrown.code === 'EPIPE'
  return call.reusedSocket && closed ? new TornKeptConnection(thrown.message, { cause: thrown }) : thrown
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > ANSWER_MAX_BYTES) {
      response.destroy()
      throw new Error(`the answer is longer than ${ANSWER_MAX_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  const seconds = Number(response.headers['retry-after'])
  return {
    status: response.statusCode ?? 0,
    retryAfterMs: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
    body: parsed(Buffer.concat(chunks).toString()),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** From application/problem+json; something in between may have answered without. */
function refused(what: string, { status, body, retryAfterMs }: Answer): ServiceError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Problem
  const { code = '', detail = `HTTP status ${status}`, retryable, faults } = problem
  // One that stands in the text already is not said twice.
  const named = (faults ?? [])
    .filter(({ message = '' }) => !detail.includes(message))
    .map(({ path, message }) => `${path}: ${message}`)
  return new ServiceError(what, {
    code,
    status,
    detail: named.length === 0 ? detail : `${detail} (${named.join('; ')})`,
    retryable: retryable ?? status >= 500,
    retryAfterMs,
  })
}

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly retryable?: boolean
  readonly faults?: readonly { readonly path?: string; readonly message?: string }[]
}

function declarationPath({ workspace, group, tag }: TagPath): string {
  const [w, g, t] = [workspace, group, tag].map(encodeURIComponent)
  return `/v1/workspaces/${w}/groups/${g}/tags/${t}/declaration`
}

function nothing(): void {}

/** As many as tags are reconciled at a time; each is one file descriptor here and there. */
const SOCKETS_MAX = 8
/** The service's own statements end before; a person who applied a BizTag hears of it within that. */
const CALL_MAX_MS = 5000
/** A page of 500 tags with eight data centres each is 1.2 MB. */
const ANSWER_MAX_BYTES = 4 * 1024 * 1024
