import { setTimeout as pause } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { SubBlockBorrower } from '../../service/app/sub-block-borrower.ts'
import type { ToLender } from '../../service/app/sub-block-messages.ts'
import { IdgenError } from '../../service/core/errors.ts'
import { IdBatch } from '../../service/core/id-batch.ts'
import { uuidText } from '../../service/core/uuid-text.ts'
import type { FromThread, ThreadOrders } from './sub-block-worker.ts'

/**
 * A thread that answers requests, with the requests made up here: some connections ask one after the other, mostly for
 * few IDs and now and then for many. What it gave goes to the main thread before anything else is said.
 */
const { owner, paths, connections } = workerData as ThreadOrders
let reported: FromThread = { kind: 'issued', runs: [], uuids: [] }

const borrower = new SubBlockBorrower({
  clock: new SystemClock(),
  post: say,
  owner: () => owner,
  deadlineMs: 5000,
  maxCount: 10_000,
  maxWaiting: 100,
  maxTags: 100,
})

parentPort?.on('message', (message: unknown) => {
  if (message === 'die') process.exit(1)
  // Deaf and dumb for ever, and no end of it from inside.
  if (message === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  borrower.receive(message)
})
const ends = await Promise.all(Array.from({ length: connections }, (_, i) => connection(i)))
say({ kind: 'ended', codes: ends })
parentPort?.close()

async function connection(number: number): Promise<string> {
  for (let request = number; ; request += 1) {
    const path = paths[request % paths.length] ?? ''
    // A run is one entry however long it is; each UUID is printed and sent.
    const large = path.includes('uuid') ? 50 : 3000
    const count = request % 97 === 0 ? large : 1 + (request % 13)
    const batch = new IdBatch()
    try {
      if (!borrower.tryTake(path, count, batch)) await borrower.take(path, count, batch)
    } catch (thrown) {
      const { code, message } = IdgenError.from(thrown)
      return code === 'IDGEN_INTERNAL' ? `${code} ${message} ${String(thrown)}` : code
    }
    report(path, batch)
    // Others are to have their turn; nobody is to be asked for more than two cores can do.
    if (request % 25 === 0) await pause(5)
  }
}

function report(path: string, batch: IdBatch): void {
  const { runs, uuids } = reported as Extract<FromThread, { kind: 'issued' }>
  for (let run = 0; run < batch.runCount; run++)
    runs.push([path, batch.runHi(run), batch.runLo(run), batch.runLength(run)])
  for (let at = 0; at < batch.uuidCount; at++) uuids.push([path, uuidText(batch.uuidBytes(), at * 16)])
  if (runs.length + uuids.length > 500) flush()
}

function flush(): void {
  parentPort?.postMessage(reported)
  reported = { kind: 'issued', runs: [], uuids: [] }
}

/** What was issued is told first, so that nothing may be told after `stopped`. */
function say(message: ToLender | FromThread): void {
  if (message.kind !== 'ask') flush()
  parentPort?.postMessage(message)
}
