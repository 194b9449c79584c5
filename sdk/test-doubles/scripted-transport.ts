import { IdgenClientError } from '../core/client-error.ts'
import type { Endpoint } from '../core/endpoint-choice.ts'
import type { IdAnswer, IdRequest } from '../core/id-answer.ts'
import type { Transport } from '../ports/transport.ts'

/** What an endpoint does with a request: answer it, refuse it, never answer, or give its last answer once more. */
export type Behaviour = 'answer' | 'hang' | 'unreachable' | 'repeat' | IdgenClientError | IdAnswer

/** A service without a network: its endpoints share one counter per tag, and do what the test says. */
export class ScriptedTransport implements Transport {
  readonly schemes = ['test'] as const
  readonly textsMax = 1000
  readonly requests: (IdRequest & { readonly endpoint: string })[] = []
  readonly behaviours = new Map<string, Behaviour>()
  /** Instead of all of them, in this order. */
  readonly script: Behaviour[] = []
  /** What `nodes` answers; undefined: it fails. */
  listed: readonly Endpoint[] | undefined = []
  nodesAsked = 0
  closed = false
  /** Where the next number comes from. */
  nextValue = 1n
  /** Numbers above 2^53 come in runs of at most so many, as snowflakes do. */
  runMax = 1000
  /** Holds answers back until `release`. */
  held = false
  readonly #held: (() => void)[] = []
  #last: IdAnswer | undefined

  async issue(endpoint: string, request: IdRequest, signal: AbortSignal): Promise<IdAnswer> {
    this.requests.push({ ...request, endpoint })
    const behaviour = this.script.shift() ?? this.behaviours.get(endpoint) ?? 'answer'
    if (behaviour === 'hang') return new Promise(() => undefined)
    if (behaviour === 'unreachable') throw new Error('connect ECONNREFUSED')
    if (behaviour instanceof IdgenClientError) throw refusal(behaviour, endpoint)
    if (typeof behaviour !== 'string') return behaviour
    const answer = behaviour === 'repeat' ? (this.#last ?? this.#answer(request)) : this.#answer(request)
    this.#last = answer
    if (this.held) await new Promise<void>((resolve) => this.#held.push(resolve))
    signal.throwIfAborted()
    return answer
  }

  async nodes(): Promise<readonly Endpoint[]> {
    this.nodesAsked += 1
    if (this.listed === undefined) throw new Error('no nodes')
    return this.listed
  }

  close(): void {
    this.closed = true
  }

  release(): void {
    this.held = false
    for (const resolve of this.#held.splice(0)) resolve()
  }

  #answer({ count, form }: IdRequest): IdAnswer {
    const first = this.nextValue
    this.nextValue += BigInt(count)
    const rest = { degraded: false, algorithm: first < 2n ** 53n ? 'segment' : 'snowflake' }
    if (form === 'text')
      return { ...rest, runs: [], texts: Array.from({ length: count }, (_, i) => uuid(first + BigInt(i))) }
    const length = rest.algorithm === 'segment' ? count : this.runMax
    const runs = []
    for (let done = 0; done < count; done += length)
      runs.push({ first: first + BigInt(done), count: Math.min(length, count - done) })
    return { ...rest, runs, texts: [] }
  }
}

/** The same, as if that endpoint had said it. */
function refusal(
  { code, message, retryable, retryAfterMs }: IdgenClientError,
  endpoint: string,
): IdgenClientError {
  return new IdgenClientError(code, message, { retryable, retryAfterMs, endpoint })
}

function uuid(value: bigint): string {
  return `01984f0e-5b6a-7c3f-8f6e-${value.toString(16).padStart(12, '0')}`
}

/** An error that the service might give. */
export function serviceError(code: string, retryable: boolean, retryAfterMs?: number): IdgenClientError {
  return new IdgenClientError(code, `the service says ${code}`, { retryable, retryAfterMs })
}
