import { type FieldFault, IdgenClientError } from '../core/client-error.ts'
import type { Endpoint } from '../core/endpoint-choice.ts'
import type { AnswerForm, IdAnswer, IdRun } from '../core/id-answer.ts'
import { retryAfterMs } from './retry-after.ts'

/** What the service writes over HTTP, read without trust. docs/openapi.json of idgen describes it. */
type Json = Readonly<Record<string, unknown>>

/** @throws IDGEN_CLIENT_ANSWER_INVALID */
export function readIds(endpoint: string, body: string, form: AnswerForm): IdAnswer {
  const { runs, ids, algorithm, degraded } = jsonObject(endpoint, body)
  return {
    runs: form === 'runs' ? arrayOf(endpoint, runs, 'runs').map((run) => readRun(endpoint, run)) : [],
    texts: form === 'text' ? arrayOf(endpoint, ids, 'ids').map(String) : [],
    algorithm: typeof algorithm === 'string' ? algorithm : undefined,
    degraded: degraded === true,
  }
}

/** @throws IDGEN_CLIENT_ANSWER_INVALID */
export function readNodes(endpoint: string, body: string): Endpoint[] {
  return arrayOf(endpoint, jsonObject(endpoint, body)['nodes'], 'nodes').flatMap((node) => {
    const { http, dc } = (node ?? {}) as { readonly http?: unknown; readonly dc?: unknown }
    return typeof http === 'string' && typeof dc === 'number' ? [{ url: http.replace(/\/+$/, ''), dc }] : []
  })
}

/** Problem details of the service; of anything else (a proxy, a load balancer) what its status says. */
export function readProblem(
  endpoint: string,
  status: number,
  body: string,
  retryAfter: string | undefined,
): IdgenClientError {
  const problem = problemOf(body)
  const details = { endpoint, retryAfterMs: retryAfterMs(retryAfter, Date.now()) }
  if (problem === undefined)
    return new IdgenClientError(
      TEMPORARY.has(status) ? 'IDGEN_CLIENT_UNREACHABLE' : 'IDGEN_CLIENT_ANSWER_INVALID',
      `${endpoint} answered with status ${status} and without an error of idgen: is the address right, and does a proxy stand before it?`,
      details,
    )
  const { code, detail, retryable, traceId, faults } = problem
  return new IdgenClientError(code, `${String(detail)} (${endpoint})`, {
    ...details,
    retryable: retryable === true,
    traceId: typeof traceId === 'string' ? traceId : undefined,
    faults: Array.isArray(faults) ? (faults as FieldFault[]) : [],
  })
}

function problemOf(body: string): (Json & { readonly code: string }) | undefined {
  const problem = parsed(body)
  const code = problem?.['code']
  return typeof code === 'string' && /^IDGEN_[A-Z_]{1,60}$/.test(code) ? { ...problem, code } : undefined
}

function readRun(endpoint: string, run: unknown): IdRun {
  const [first, count] = Array.isArray(run) ? (run as unknown[]) : []
  if (typeof first !== 'string' || !/^\d{1,19}$/.test(first) || typeof count !== 'number')
    throw invalid(endpoint, `the run ${JSON.stringify(run)}`)
  return { first: BigInt(first), count }
}

function arrayOf(endpoint: string, value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw invalid(endpoint, `no list of ${name}`)
}

function jsonObject(endpoint: string, body: string): Json {
  const json = parsed(body)
  if (json === undefined) throw invalid(endpoint, 'something that is no JSON object')
  return json
}

function parsed(body: string): Json | undefined {
  try {
    const json: unknown = JSON.parse(body)
    return typeof json === 'object' && json !== null ? (json as Json) : undefined
  } catch {
    return undefined
  }
}

function invalid(endpoint: string, what: string): IdgenClientError {
  return new IdgenClientError(
    'IDGEN_CLIENT_ANSWER_INVALID',
    `${endpoint} answered with ${what}. Is that address idgen, of a version that fits?`,
    { endpoint },
  )
}

/** Of proxies and load balancers whose idgen is away for a moment. */
const TEMPORARY = new Set([408, 425, 429, 502, 503, 504])
