import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { BorrowingThread, SubBlockLender } from '../../service/app/sub-block-lender.ts'

export interface ThreadOrders {
  readonly owner: string
  readonly paths: readonly string[]
  /** Requests under way at once. */
  readonly connections: number
}

export type Run = readonly [path: string, hi: number, lo: number, count: number]

/** What the thread says that is not for the lender. */
export type FromThread =
  | { readonly kind: 'issued'; readonly runs: Run[]; readonly uuids: [path: string, uuid: string][] }
  /** Why each connection ended. */
  | { readonly kind: 'ended'; readonly codes: readonly string[] }

export type Issued = Extract<FromThread, { kind: 'issued' }>

/** A worker of worker_threads that borrows; both ends speak over its own MessagePort. */
export class WorkerThread implements BorrowingThread {
  /** Why its connections ended; undefined: the thread never said so. */
  codes: readonly string[] | undefined
  /** It told of IDs after it had said that it stopped. */
  spokeAfterStop = false
  readonly exited: Promise<unknown>
  readonly #worker: Worker

  constructor(lender: SubBlockLender, orders: ThreadOrders, onIssued: (issued: Issued) => void) {
    this.#worker = new Worker(new URL('./sub-block-thread.ts', import.meta.url), { workerData: orders })
    const lending = lender.join(this)
    let stopped = false
    this.#worker.on('message', (message: FromThread | { kind: 'ask' | 'stopped' }) => {
      if (message.kind === 'issued') {
        if (stopped && message.runs.length + message.uuids.length > 0) this.spokeAfterStop = true
        onIssued(message)
      } else if (message.kind === 'ended') this.codes = message.codes
      else {
        stopped ||= message.kind === 'stopped'
        lending.receive(message)
      }
    })
    this.#worker.once('exit', () => lending.gone())
    this.exited = once(this.#worker, 'exit')
  }

  post(message: unknown, transfer: readonly ArrayBuffer[]): void {
    this.#worker.postMessage(message, [...transfer])
  }

  terminate(): Promise<unknown> {
    return this.#worker.terminate()
  }
}
