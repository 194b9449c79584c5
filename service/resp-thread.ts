import { parentPort, workerData } from 'node:worker_threads'
import { CertificateFiles } from './adapters/system/certificate-files.ts'
import { SystemClock } from './adapters/system/system-clock.ts'
import type { Log } from './ports/log.ts'
import type { RespCounters } from './resp/resp-counters.ts'
import { RespServer } from './resp/server.ts'
import type { RespThreadOrders } from './start-resp-threads.ts'
import { AnsweringThread, type ThreadListener } from './threads/answering-thread.ts'
import type { ThreadIssuer } from './threads/thread-issuer.ts'

/** What a protocol thread runs: it answers the Redis protocol, and all it knows comes from the main thread. */
const main = parentPort
if (main === null) throw new Error('resp-thread.ts is started by start-resp-threads.ts, as a thread')
const orders = workerData as RespThreadOrders
const clock = new SystemClock()
/** Often enough that the main thread, which looks once a second, hears of every thread that is not stuck. */
const BEAT_EVERY_MS = 500

const thread = new AnsweringThread({
  ...orders,
  clock,
  post: (message) => {
    main.postMessage(message)
    // Nothing is issued any more, so nobody needs this thread; the process goes on.
    if (message.kind === 'stopped') process.exit(0)
  },
  newListener,
})
main.on('message', (message: unknown) => thread.receive(message))
setInterval(() => thread.beat(), BEAT_EVERY_MS).unref()

function newListener(issuer: ThreadIssuer, counters: RespCounters, log: Log): ThreadListener {
  let server: RespServer | undefined
  return {
    async listen(port) {
      const { host, options, tls } = orders.resp
      server = new RespServer(issuer, {
        ...options,
        clock,
        counters,
        onFault: (error) => log.error({ err: error }, 'a fault of this server ended a RESP connection'),
        ...(tls && { tls: { certificates: await openCertificates(tls, log), minVersion: tls.minVersion } }),
      })
      return server.listen({ host, port, reusePort: true })
    },
    drain: async (withinMs) => server?.drain(withinMs),
  }
}

/** Each thread follows the files by itself: they change once in weeks. */
async function openCertificates(
  { cert, key }: { readonly cert: string; readonly key: string },
  log: Log,
): Promise<CertificateFiles> {
  const files = await CertificateFiles.open({ cert, key, log })
  files.start()
  return files
}
