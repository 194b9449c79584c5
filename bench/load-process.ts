import { LatencyHistogram } from '../service/load/latency-histogram.ts'
import type { LoadPlan } from '../service/load/load-plan.ts'
import { LoadThread, type ThreadInterval } from '../service/load/load-thread.ts'

/** One round of load: `requests` in all, `connections` × `pipeline` of them under way. */
export interface LoadRound {
  readonly port: number
  readonly tag: string
  readonly key: string
  readonly protocol: LoadPlan['target']['protocol']
  readonly connections: number
  readonly pipeline: number
  readonly requests: number
  /** IDs a request; default 1. */
  readonly batch?: number
  /** Default: text, or runs on a gRPC stream, where an ID is a run of one, the smallest message. */
  readonly form?: LoadPlan['form']
  /** Requests a second of an open loop; default: a closed loop. */
  readonly rate?: number
  /** Over HTTP: with `{"count":1}` as the body instead of none. */
  readonly sendCount?: boolean
  /** Never sleep between requests; default: over HTTP alone. */
  readonly spin?: boolean
}

export interface LoadResult {
  readonly answers: number
  readonly ms: number
  /** From asking to the answer; in an open loop from the moment at which it was to be asked. */
  readonly medianMicros: number
  readonly p99Micros: number
  readonly p999Micros: number
  /** Of the open loop: their moment came and nothing was free to send them. */
  readonly notSent: number
}

/**
 * The engine of `idgen bench` in a process of its own, so that its processor time is not counted as the server's.
 * Anything but an ID ends the round with an error: a bench that measures errors measures nothing.
 */
async function runRound(round: LoadRound): Promise<LoadResult> {
  const thread = await LoadThread.open({ ...planOf(round), thread: 0 })
  const intervals: ThreadInterval[] = []
  const begin = performance.now()
  const { missed } = await thread.run((interval) => intervals.push(interval))
  const ms = performance.now() - begin
  thread.close()
  const [failed] = intervals.flatMap(({ errors }) => errors)
  if (failed !== undefined) throw new Error(`${failed.count} × ${failed.code}: ${failed.example}`)
  const latency = new LatencyHistogram()
  for (const interval of intervals) latency.add(interval.latency)
  return {
    answers: latency.count,
    ms,
    medianMicros: latency.quantileMs(0.5) * 1000,
    p99Micros: latency.quantileMs(0.99) * 1000,
    p999Micros: latency.quantileMs(0.999) * 1000,
    notSent: missed,
  }
}

function planOf(round: LoadRound): LoadPlan {
  const {
    protocol,
    port,
    tag,
    key,
    connections,
    pipeline,
    requests,
    batch = 1,
    form,
    rate,
    sendCount,
    spin,
  } = round
  return {
    target: { protocol, host: '127.0.0.1', port, tls: undefined },
    tags: [tag],
    key,
    threads: 1,
    connections,
    pipeline,
    batch,
    form: form ?? (protocol === 'grpc-stream' ? 'runs' : 'text'),
    command: 'incr',
    rate,
    requests,
    durationMs: ROUND_LIMIT_MS,
    warmUpMs: 0,
    check: false,
    // Over bare HTTP: on a virtual machine a server pays for waking an idle processor with every answer, some 10 µs; so a
    // server that is slower than its client was charged for its client's idleness: 2.0 instead of 1.5 times the floor.
    spin: spin ?? protocol === 'http',
    ...(sendCount === undefined ? {} : { sendCount }),
  }
}

/** A round takes a second; what takes a minute hangs. */
const ROUND_LIMIT_MS = 60_000

if (process.send !== undefined && process.argv[1] === import.meta.filename)
  process.on('message', (round: LoadRound) => {
    runRound(round).then(
      (result) => process.send?.(result),
      (error: unknown) => process.send?.({ error: String(error) }),
    )
  })
