import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { SystemClock } from '../../service/adapters/system/system-clock.ts'
import { SystemRandom } from '../../service/adapters/system/system-random.ts'
import { SubBlockLender } from '../../service/app/sub-block-lender.ts'
import { loadConfig } from '../../service/config/load.ts'
import { IdgenError } from '../../service/core/errors.ts'
import { IdBatch } from '../../service/core/id-batch.ts'
import { openStore } from '../../service/open-store.ts'
import { startUseCases } from '../../service/start-use-cases.ts'
import { SILENT } from '../fixtures/silent-log.ts'
import { type Issued, type Run, WorkerThread } from './sub-block-worker.ts'

/** What the process tells its parent. */
export type FromProcess =
  | { readonly kind: 'started'; readonly workers: readonly (number | undefined)[] }
  | Issued
  | { readonly kind: 'ended'; readonly spokeAfterStop: boolean }

const [, , threadCount = '2', ...paths] = process.argv
const config = loadConfig(undefined, process.env)
const instance = 'one-host/1'
const outside = { clock: new SystemClock(), random: new SystemRandom(), log: SILENT, instance }
const store = await openStore(config, SILENT, instance)
const service = await startUseCases(config, { ...store, ...outside })
const { generate, directory, clock, log } = service.useCases
const lender = new SubBlockLender({ generate, directory, clock, log, maxCount: 10_000 })
process.once('disconnect', () => process.exit(1))
tell({ kind: 'started', workers: service.workerIds.held })
// All begin together: those that are up first would keep the others from starting.
await once(process, 'message')
const threads = Array.from({ length: Number(threadCount) }, (_, i) => {
  const owner = `${process.pid}/boot/${i}`
  return new WorkerThread(lender, { owner, paths, connections: 1 }, tell)
})
const main = issueOnMain()
await once(process, 'message')
await stop()

/** Threads first; only then the worker id and unused numbers go back. */
async function stop(): Promise<void> {
  await service.workerIds.stop(lender.stop())
  await service.stop()
  await store.close()
  await main
  await Promise.all(threads.map((thread) => thread.exited))
  const ended: FromProcess = {
    kind: 'ended',
    spokeAfterStop: threads.some(({ spokeAfterStop }) => spokeAfterStop),
  }
  process.send?.(ended, () => process.disconnect())
}

async function issueOnMain(): Promise<void> {
  for (let request = 0; ; request += 1) {
    const path = paths[request % paths.length] ?? ''
    const batch = new IdBatch()
    try {
      await generate.take(await directory.resolve(path), 1 + (request % 50), batch)
    } catch (thrown) {
      if (IdgenError.from(thrown).code === 'IDGEN_SHUTTING_DOWN') return
    }
    const runs: Run[] = Array.from({ length: batch.runCount }, (_, run) => [
      path,
      batch.runHi(run),
      batch.runLo(run),
      batch.runLength(run),
    ])
    tell({ kind: 'issued', runs, uuids: [] })
    await pause(2)
  }
}

/** An ID counts as handed out once its parent, the client here, was sent it. */
function tell(message: FromProcess): void {
  if (process.connected) process.send?.(message)
}
