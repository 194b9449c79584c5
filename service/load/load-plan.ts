/** How requests travel: one ID a call over HTTP or gRPC, a message on a gRPC stream, a Redis command. */
export const LOAD_PROTOCOLS = ['http', 'grpc', 'grpc-stream', 'resp'] as const
export type LoadProtocol = (typeof LOAD_PROTOCOLS)[number]

export interface LoadTarget {
  readonly protocol: LoadProtocol
  readonly host: string
  readonly port: number
  /** undefined: in the clear. */
  readonly tls: { readonly ca: string | undefined } | undefined
}

/** What a run does, as plain data: it goes to threads, and into the report without the key. */
export interface LoadPlan {
  readonly target: LoadTarget
  /** workspace/group/tag each, asked in turn. */
  readonly tags: readonly string[]
  /** API key or password; empty: none is sent. */
  readonly key: string
  readonly threads: number
  /** Of all threads together. */
  readonly connections: number
  /** Requests under way on each connection. */
  readonly pipeline: number
  /** IDs a request asks for. */
  readonly batch: number
  /** runs: pairs of a first ID and a count instead of every ID written out; numbers (gRPC): eight bytes each. */
  readonly form: 'text' | 'runs' | 'numbers'
  /** Over HTTP: say the count even where it is 1, as most clients do. Default: a request without a body. */
  readonly sendCount?: boolean
  /** The Redis command of a single ID: INCR for numbers, IDGEN.NEXT for every kind. */
  readonly command: 'incr' | 'next'
  /** Requests per second of all threads together; undefined: closed loop. */
  readonly rate: number | undefined
  /** At most so many; undefined: as many as the duration takes. */
  readonly requests: number | undefined
  readonly durationMs: number
  /** Results of so much at the start are not counted; their IDs are checked. */
  readonly warmUpMs: number
  readonly check: boolean
  /** Never sleep between requests: finer moments for a whole processor per thread. */
  readonly spin: boolean
}

/** What one thread does of a plan. */
export interface ThreadPlan extends LoadPlan {
  /** Which of the threads, from 0. */
  readonly thread: number
}

/** Connections, rate and requests divided among the threads; their sums are the plan's. */
export function threadPlans(plan: LoadPlan): ThreadPlan[] {
  return Array.from({ length: plan.threads }, (_, thread) => ({
    ...plan,
    thread,
    connections: shareOf(plan.connections, plan.threads, thread),
    rate: plan.rate === undefined ? undefined : plan.rate / plan.threads,
    requests: plan.requests === undefined ? undefined : shareOf(plan.requests, plan.threads, thread),
  }))
}

function shareOf(whole: number, parts: number, part: number): number {
  return Math.floor(whole / parts) + (part < whole % parts ? 1 : 0)
}
