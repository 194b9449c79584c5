import { parentPort, workerData } from 'node:worker_threads'
import { type CheckState, DuplicateCheck, transferable } from './duplicate-check.ts'
import type { LoadTime } from './lane.ts'
import { LoadLoop } from './load-loop.ts'
import type { ThreadPlan } from './load-plan.ts'
import { LoadStats, type StatsInterval } from './load-stats.ts'
import { lanesOf } from './open-lanes.ts'

/**
 * One thread of the load. It shares nothing with the others: each second it hands over what it counted, and at the end
 * what it saw of IDs.
 *
 *     main ──begin, stop──▶ thread ──ready, interval …, end | failed──▶ main
 */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'interval'; readonly interval: ThreadInterval }
  | {
      readonly kind: 'end'
      readonly missed: number
      readonly ranMs: number
      readonly check: CheckState | undefined
    }
  | { readonly kind: 'failed'; readonly message: string }

export interface ThreadInterval extends StatsInterval {
  /** How long it was: a second, but for the last one. */
  readonly ms: number
  readonly underWay: number
  /** Share of the time in which the thread was not waiting; above 0.9 the tool is what limits. */
  readonly busy: number
}

export type ThreadCommand = 'begin' | 'stop'

export const SYSTEM_TIME: LoadTime = {
  now: () => performance.now(),
  later: (ms, then) => void setTimeout(then, ms),
  soon: (then) => void setImmediate(then),
}

/** A whole thread's load. `onInterval` is called every second, and once more at the end. */
export class LoadThread {
  readonly #stats = new LoadStats()
  readonly #check: DuplicateCheck | undefined
  readonly #loop: LoadLoop
  readonly #closeLanes: () => void
  #intervalBeganMs = 0
  #busyBefore = performance.eventLoopUtilization()

  private constructor(plan: ThreadPlan, lanes: Awaited<ReturnType<typeof lanesOf>>) {
    this.#check = plan.check ? new DuplicateCheck(plan.tags, CHECK_BYTES_MAX / plan.threads) : undefined
    this.#loop = new LoadLoop(plan, lanes, { time: SYSTEM_TIME, stats: this.#stats, check: this.#check })
    this.#closeLanes = () => lanes.close()
  }

  /** With all its connections. @throws an Error that says why one cannot be had */
  static async open(plan: ThreadPlan): Promise<LoadThread> {
    const thread = new LoadThread(plan, await lanesOf(plan))
    await thread.#loop.open()
    return thread
  }

  async run(onInterval: (interval: ThreadInterval) => void): Promise<{ missed: number; ranMs: number }> {
    this.#intervalBeganMs = performance.now()
    const ticking = setInterval(() => onInterval(this.#interval()), INTERVAL_MS)
    const end = await this.#loop.run()
    clearInterval(ticking)
    onInterval(this.#interval())
    return end
  }

  stop(): void {
    this.#loop.stop()
  }

  /** What it saw of IDs. The thread is over then. */
  close(): CheckState | undefined {
    this.#loop.close()
    this.#closeLanes()
    return this.#check?.release()
  }

  #interval(): ThreadInterval {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#busyBefore)
    this.#busyBefore = now
    const ms = performance.now() - this.#intervalBeganMs
    this.#intervalBeganMs += ms
    return { ms, ...this.#stats.drain(), underWay: this.#loop.underWay, busy: utilization }
  }
}

export const INTERVAL_MS = 1000
/** Of all threads together, and again while they are brought together: about 3 billion dense numbers, 10 million UUIDs, 5 million texts. */
export const CHECK_BYTES_MAX = 768 * 1024 * 1024

if (parentPort !== null && isLoad(workerData)) {
  // As in main.ts: a report has a part of each thread, with the environment as that thread has it.
  process.report.excludeEnv = true
  await serveMain(parentPort, workerData.loadThread)
}

function isLoad(data: unknown): data is { readonly loadThread: ThreadPlan } {
  return typeof data === 'object' && data !== null && 'loadThread' in data
}

async function serveMain(port: NonNullable<typeof parentPort>, plan: ThreadPlan): Promise<void> {
  const tell = (message: ThreadMessage, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer)
  try {
    const thread = await LoadThread.open(plan)
    const begun = new Promise<void>((resolve) => {
      port.on('message', (command: ThreadCommand) => (command === 'begin' ? resolve() : thread.stop()))
    })
    tell({ kind: 'ready' })
    await begun
    const { missed, ranMs } = await thread.run((interval) => tell({ kind: 'interval', interval }))
    const check = thread.close()
    tell({ kind: 'end', missed, ranMs, check }, check === undefined ? [] : transferable(check))
  } catch (error) {
    tell({ kind: 'failed', message: error instanceof Error ? error.message : String(error) })
  }
  port.close()
}
