import type { IDuplexStream, IEvent, IWatchRequest, IWatchResponse } from 'etcd3'
import { reason } from './etcd-error.ts'
import { type KeyRange, toRevision } from './etcd-keys.ts'
import type { Listed } from './etcd-list.ts'
import { requireLeader } from './require-leader.ts'

export interface Watch extends Disposable {
  /** Why it ended; resolves once, never rejects. */
  readonly ended: Promise<string>
}

type Stream = IDuplexStream<IWatchRequest, IWatchResponse>

/**
 * One raw watch of the changes after a list, in order and without a gap, until anything at all is wrong: then it ends
 * with the reason and is of no use any more. (etcd3's Watcher reconnects by itself, but from the revision it was told
 * at the connect instead of the one it delivered last, and loses what lies between.)
 */
export function watch(listed: Listed, range: KeyRange, onEvent: (event: IEvent) => void): Watch {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>()
  let stream: Stream | undefined
  let heardMs = performance.now()
  let live = true

  // A dead connection says nothing; a live member answers a question about its progress at once.
  const timer = setInterval(() => {
    const silentMs = performance.now() - heardMs
    if (silentMs > SILENT_MAX_MS) stop(`nothing was heard for ${Math.round(silentMs)} ms`)
    else stream?.write({ progress_request: {} })
  }, ASK_EVERY_MS)
  timer.unref()

  listed.member.client.watchClient.watch({ interceptors: [requireLeader] }).then(
    (opened) => {
      // First of all, and it stays: an 'error' nobody listens to would end the process.
      opened.on('error', (error) => stop(reason(error)))
      opened.on('end', () => stop('the stream ended'))
      if (!live) return opened.cancel()
      stream = opened
      opened.on('data', receive)
      const start_revision = listed.revision + 1
      opened.write({ create_request: { key: range.key, range_end: range.range_end, start_revision } })
    },
    (thrown: unknown) => stop(reason(thrown)),
  )

  function receive(response: IWatchResponse): void {
    if (!live) return
    heardMs = performance.now()
    const wrong = fault(response, listed)
    if (wrong !== undefined) return stop(wrong)
    for (const event of response.events) if (live) onEvent(event)
  }

  function stop(why: string): void {
    if (!live) return
    live = false
    clearInterval(timer)
    stream?.cancel()
    end(why)
  }

  return { ended, [Symbol.dispose]: () => stop('disposed') }
}

function fault(response: IWatchResponse, listed: Listed): string | undefined {
  const { canceled, cancel_reason, compact_revision, created, header } = response
  if (compact_revision !== '0') return `the changes after revision ${listed.revision} were compacted away`
  if (canceled) return `etcd cancelled the watch: ${cancel_reason}`
  if (header.cluster_id !== listed.clusterId) return 'another cluster answers'
  // Restored from a backup in between: changes with lower revisions would never be told.
  if (created && toRevision(header.revision) < listed.revision) return 'the member is behind the list'
  return undefined
}

/** A frozen member or a cut line is noticed after 2 to 3.5 s. */
const ASK_EVERY_MS = 1000
const SILENT_MAX_MS = 2500
