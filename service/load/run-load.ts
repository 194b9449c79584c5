import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { CONNECTION_LOST } from './connection.ts'
import { type CheckState, DuplicateCheck } from './duplicate-check.ts'
import { type LoadPlan, type ThreadPlan, threadPlans } from './load-plan.ts'
import { type LoadReport, ReportBuilder, type SecondReport } from './load-report.ts'
import {
  CHECK_BYTES_MAX,
  LoadThread,
  type ThreadCommand,
  type ThreadInterval,
  type ThreadMessage,
} from './load-thread.ts'

export interface RunOptions {
  readonly version: string
  /** Called every second. */
  readonly onSecond: (second: SecondReport) => void
  /** Ends the load early; the report comes all the same. */
  readonly stop: AbortSignal
}

/**
 * Runs a plan in threads of their own and adds up what they found. All connections stand before the first request.
 * @throws an Error that says why a connection cannot be had
 */
export async function runLoad(plan: LoadPlan, options: RunOptions): Promise<LoadReport> {
  const first = await probe(plan)
  const threads = threadPlans(plan).map((share) => new ThreadHandle(share))
  try {
    await Promise.all(threads.map((thread) => thread.ready))
    const builder = new ReportBuilder(plan)
    const seconds = new SecondsTogether(threads.length, (parts) => options.onSecond(builder.addSecond(parts)))
    for (const [i, thread] of threads.entries()) thread.onInterval = (interval) => seconds.add(i, interval)
    const startedAt = new Date().toISOString()
    const cpuBefore = process.cpuUsage()
    for (const thread of threads) thread.post('begin')
    const stop = (): void => threads.forEach((thread) => thread.post('stop'))
    options.stop.addEventListener('abort', stop, { once: true })
    if (options.stop.aborted) stop()
    const ends = await Promise.all(threads.map((thread) => thread.ended))
    options.stop.removeEventListener('abort', stop)
    const { user, system } = process.cpuUsage(cpuBefore)
    seconds.flush()
    return builder.build({
      startedAt,
      ranMs: Math.max(...ends.map(({ ranMs }) => ranMs)),
      missed: ends.reduce((sum, { missed }) => sum + missed, 0),
      cpuMs: (user + system) / 1000,
      version: options.version,
      check: checkTogether(plan, [first, ...ends.map(({ check }) => check)]),
    })
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()))
  }
}

/**
 * One request of each tag, up to PROBES_MAX, before the load: a wrong key or name is told at once and plainly, and not
 * as ten seconds of refusals. Their IDs are checked with the others.
 */
async function probe(plan: LoadPlan): Promise<CheckState | undefined> {
  const requests = Math.min(plan.tags.length, PROBES_MAX)
  const one = {
    threads: 1,
    connections: 1,
    pipeline: 1,
    rate: undefined,
    warmUpMs: 0,
    durationMs: PROBE_LIMIT_MS,
  }
  const thread = await LoadThread.open({ ...plan, ...one, requests, thread: 0 })
  const failed: string[] = []
  let answers = 0
  await thread.run((interval) => {
    answers += interval.answers
    failed.push(...interval.errors.map(({ code, example }) => `${code}: ${example}${hintOf(code, plan)}`))
  })
  const check = thread.close()
  if (failed.length > 0) throw new Error(`The first request failed: ${failed[0]}`)
  if (answers < requests) throw new Error(`The first requests took longer than ${PROBE_LIMIT_MS} ms.`)
  return check
}

/** A server cuts off what it does not understand. */
function hintOf(code: string, { target }: LoadPlan): string {
  if (code !== CONNECTION_LOST) return ''
  const how = target.tls === undefined ? 'in the clear' : 'with TLS'
  return ` (does ${target.host}:${target.port} speak ${target.protocol} ${how}?)`
}

/** Enough to find a fault in the names. */
const PROBES_MAX = 100
const PROBE_LIMIT_MS = 10_000

type ThreadEnd = Extract<ThreadMessage, { kind: 'end' }>

class ThreadHandle {
  readonly ready: Promise<void>
  readonly ended: Promise<ThreadEnd>
  onInterval: (interval: ThreadInterval) => void = () => undefined
  readonly #worker: Worker

  constructor(plan: ThreadPlan) {
    // In an image the sources are JavaScript.
    const file = new URL(`./load-thread${extname(import.meta.filename)}`, import.meta.url)
    this.#worker = new Worker(file, { workerData: { loadThread: plan } })
    const ready = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<ThreadEnd>()
    this.ready = ready.promise
    this.ended = ended.promise
    const fail = (error: Error): void => {
      ready.reject(error)
      ended.reject(error)
    }
    // What nobody waits for yet must not end the process.
    this.ended.catch(() => undefined)
    this.ready.catch(() => undefined)
    this.#worker.on('error', fail)
    this.#worker.on('exit', (code) => fail(new Error(`a thread of the load ended with code ${code}`)))
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'ready') ready.resolve()
      else if (message.kind === 'interval') this.onInterval(message.interval)
      else if (message.kind === 'end') ended.resolve(message)
      else fail(new Error(message.message))
    })
  }

  post(command: ThreadCommand): void {
    this.#worker.postMessage(command)
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }
}

/** Puts the same second of all threads together, in order. */
class SecondsTogether {
  readonly #waiting: ThreadInterval[][]
  readonly #then: (parts: readonly ThreadInterval[]) => void

  constructor(threads: number, then: (parts: readonly ThreadInterval[]) => void) {
    this.#waiting = Array.from({ length: threads }, () => [])
    this.#then = then
  }

  add(thread: number, interval: ThreadInterval): void {
    this.#waiting[thread]?.push(interval)
    if (this.#waiting.every((intervals) => intervals.length > 0)) this.#next()
  }

  /** A thread that ended later than others has seconds left for itself. */
  flush(): void {
    while (this.#waiting.some((intervals) => intervals.length > 0)) this.#next()
  }

  #next(): void {
    this.#then(this.#waiting.flatMap((intervals) => intervals.shift() ?? []))
  }
}

function checkTogether(plan: LoadPlan, seen: readonly (CheckState | undefined)[]): LoadReport['check'] {
  if (!plan.check) return undefined
  const all = new DuplicateCheck(plan.tags, CHECK_BYTES_MAX)
  for (const state of seen) if (state !== undefined) all.merge(state)
  return all.summary()
}
