import { IdgenClientError } from './client-error.ts'

/** Consecutive numbers: first, first + 1, … first + count - 1. */
export interface IdRun {
  readonly first: bigint
  readonly count: number
}

/** How the service is asked: numbers as runs, or each ID as text (UUIDs, or whatever the tag issues now). */
export type AnswerForm = 'runs' | 'text'

/** IDs from the service, spent there for whoever holds this. One of the two lists is empty. */
export interface IdAnswer {
  readonly runs: readonly IdRun[]
  readonly texts: readonly string[]
  /** Who issued them; undefined where the protocol does not say. */
  readonly algorithm: string | undefined
  /** True when that is not the first choice of the tag. */
  readonly degraded: boolean
}

export interface IdRequest {
  /** workspace/group/tag */
  readonly path: string
  readonly count: number
  readonly form: AnswerForm
  /** W3C Trace Context, for the protocols that carry it; left out: none. */
  readonly traceparent?: string | undefined
}

/**
 * An ID leaves the client only out of an answer that is what was asked for: whatever else came was not made by idgen for
 * this request, and IDs out of it might be somebody else's.
 * @throws IDGEN_CLIENT_ANSWER_INVALID
 */
export function checkAnswer(answer: IdAnswer, request: IdRequest, endpoint: string): void {
  // Over gRPC a tag that writes its IDs in a format gives them as texts where runs were asked for.
  if (request.form === 'runs' && answer.runs.length === 0 && answer.texts.length > 0)
    throw new IdgenClientError(
      'IDGEN_CLIENT_WRONG_KIND',
      `${request.path} writes its IDs in a format, and those are no numbers; take them with client.texts.`,
      { endpoint },
    )
  const fault = request.form === 'runs' ? faultOfRuns(answer) : faultOfTexts(answer)
  const count = request.form === 'runs' ? countOfRuns(answer.runs) : answer.texts.length
  const wrong = fault ?? (count === request.count ? undefined : `${count} IDs instead of ${request.count}`)
  if (wrong === undefined) return
  throw new IdgenClientError(
    'IDGEN_CLIENT_ANSWER_INVALID',
    `${endpoint} answered a request for IDs of ${request.path} with ${wrong}. Is that address idgen, of a version that fits?`,
    { endpoint },
  )
}

function faultOfRuns({ runs, texts }: IdAnswer): string | undefined {
  if (texts.length > 0) return 'texts instead of runs'
  let end = 0n
  for (const { first, count } of runs) {
    if (!Number.isInteger(count) || count < 1 || count > RUN_MAX) return `a run of ${count}`
    // Ascending, so that no two runs of an answer can overlap.
    if (first < end) return `a run at ${first}, which is not above the one before`
    end = first + BigInt(count)
    if (end > VALUES_END) return `a run that ends at ${end}, above 2^63`
  }
  return undefined
}

function faultOfTexts({ runs, texts }: IdAnswer): string | undefined {
  if (runs.length > 0) return 'runs instead of texts'
  const bad = texts.find((text) => !ID_TEXT.test(text))
  return bad === undefined ? undefined : `"${bad.slice(0, 80)}", which is no ID`
}

function countOfRuns(runs: readonly IdRun[]): number {
  let sum = 0
  for (const { count } of runs) sum += count
  return sum
}

/** A decimal number, a UUID, or what the tag's format writes: up to 96 printable characters, none that JSON escapes. */
const ID_TEXT = /^[A-Za-z0-9._:/#+~-]{1,96}$/
const VALUES_END = 2n ** 63n
const RUN_MAX = 2 ** 32 - 1
