import type { Clock } from './clock.ts'
import { isStatus, type KubeClient } from './kube-client.ts'
import { microTime } from './lease.ts'
import { collectionPath, type KubeObject, objectPath, type Resource } from './resource.ts'
import type { RuntimeLog } from './runtime-log.ts'
import { TokenBucket } from './token-bucket.ts'

export interface RecordedEvent {
  readonly regarding: KubeObject
  /** Warning: somebody should look. */
  readonly type: 'Normal' | 'Warning'
  /** Why, one word in CamelCase that never changes: "RolledBack". */
  readonly reason: string
  /** What was done or tried, one word in CamelCase: "Apply". */
  readonly action: string
  /** What happened and what to do. */
  readonly note: string
}

export interface RecorderOptions {
  readonly client: KubeClient
  readonly clock: Clock
  readonly log: RuntimeLog
  /** "idgen.io/operator" */
  readonly controller: string
  /** The name of this pod. */
  readonly instance: string
  readonly newId: () => string
  readonly onResult?: (result: 'created' | 'counted' | 'dropped' | 'failed') => void
}

/** Equal events of the last minutes, written as one with a count. */
interface Series {
  /** Path and name of the event object, when it has been created. */
  path: string | undefined
  count: number
  writtenCount: number
  lastMs: number
  writtenMs: number
  readonly event: RecordedEvent
}

/**
 * Tells people what happens to an object, as events.k8s.io/v1. Never fails and never holds anybody up: what cannot be
 * written is dropped and counted. An event that repeats raises the count of the first one, at most once a minute.
 */
export class EventRecorder {
  readonly #options: RecorderOptions
  readonly #series = new Map<string, Series>()
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #pending = new Set<Series>()
  #writer: Promise<void> | undefined

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  record(event: RecordedEvent): void {
    const { clock } = this.#options
    this.#forgetOld()
    const key = seriesKey(event)
    const nowMs = clock.monotonicMs()
    const known = this.#series.get(key)
    if (known !== undefined) {
      known.count += 1
      known.lastMs = nowMs
      if (nowMs - known.writtenMs >= SERIES_WRITE_MS) this.#write(known)
      return
    }
    if (this.#pending.size >= PENDING_MAX || !this.#bucket(event.regarding).tryTake()) {
      this.#options.onResult?.('dropped')
      return
    }
    const series: Series = {
      path: undefined,
      count: 1,
      writtenCount: 0,
      lastMs: nowMs,
      writtenMs: nowMs,
      event,
    }
    // In the order of coming, so that the oldest stand first.
    this.#series.set(key, series)
    this.#write(series)
  }

  /** Resolves when everything recorded so far has been written or dropped; counts that were held back, too. */
  async flush(): Promise<void> {
    for (const series of this.#series.values()) if (series.count > series.writtenCount) this.#write(series)
    await this.#writer
  }

  #write(series: Series): void {
    this.#pending.add(series)
    this.#writer ??= this.#drain()
  }

  /** One at a time: events must not take the connections that reconciles need. */
  async #drain(): Promise<void> {
    for (const series of this.#pending) {
      this.#pending.delete(series)
      try {
        await this.#send(series)
      } catch (thrown) {
        this.#options.onResult?.('failed')
        const { reason, note } = series.event
        this.#options.log.warn({ err: thrown, reason, note }, 'an event could not be written')
      }
    }
    // In the same turn as the last look at what is pending: nothing can be added in between and lie there.
    this.#writer = undefined
  }

  async #send(series: Series): Promise<void> {
    const { client, clock, onResult } = this.#options
    series.writtenCount = series.count
    series.writtenMs = clock.monotonicMs()
    if (series.path !== undefined)
      try {
        await client.send({
          method: 'PATCH',
          path: series.path,
          contentType: 'application/merge-patch+json',
          body: { series: { count: series.count, lastObservedTime: microTime(clock.nowMs()) } },
        })
        onResult?.('counted')
        return
      } catch (thrown) {
        // The API server keeps events for an hour: begin anew.
        if (!isStatus(thrown, 404)) throw thrown
      }
    const body = this.#body(series)
    const { namespace, name } = body.metadata
    await client.send({ method: 'POST', path: collectionPath(EVENTS, namespace), body })
    series.path = objectPath(EVENTS, `${namespace}/${name}`)
    onResult?.('created')
  }

  #body(series: Series): { readonly metadata: { readonly name: string; readonly namespace: string } } {
    const { controller, instance, newId, clock } = this.#options
    const { regarding, type, reason, action, note } = series.event
    const { apiVersion, kind, metadata } = regarding
    const now = microTime(clock.nowMs())
    const body = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        name: `${metadata.name.slice(0, NAME_MAX)}.${newId()}`,
        // Those about objects without a namespace are kept there.
        namespace: metadata.namespace ?? 'default',
      },
      eventTime: now,
      reportingController: controller,
      reportingInstance: instance.slice(0, INSTANCE_MAX),
      action,
      reason,
      type,
      note: shortened(note),
      regarding: {
        apiVersion,
        kind,
        name: metadata.name,
        uid: metadata.uid,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      },
    }
    return series.count > 1
      ? Object.assign(body, { series: { count: series.count, lastObservedTime: now } })
      : body
  }

  #bucket({ metadata }: KubeObject): TokenBucket {
    const known = this.#buckets.get(metadata.uid)
    if (known !== undefined) return known
    const bucket = new TokenBucket(this.#options.clock, PER_OBJECT)
    this.#buckets.set(metadata.uid, bucket)
    const [oldest] = this.#buckets
    if (this.#buckets.size > OBJECTS_MAX && oldest !== undefined) this.#buckets.delete(oldest[0])
    return bucket
  }

  #forgetOld(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const [key, series] of this.#series) {
      if (this.#series.size <= SERIES_MAX && nowMs - series.lastMs < SERIES_END_MS) return
      this.#series.delete(key)
      if (series.count > series.writtenCount) this.#write(series)
    }
  }
}

function seriesKey({ regarding, type, reason, action, note }: RecordedEvent): string {
  return JSON.stringify([regarding.metadata.uid, type, reason, action, note])
}

/** The API server counts bytes, and refuses the event when it is too long. */
function shortened(note: string): string {
  const bytes = Buffer.from(note)
  if (bytes.length <= NOTE_MAX_BYTES) return note
  // A character cut in the middle becomes a replacement character of three bytes.
  return `${bytes.subarray(0, NOTE_MAX_BYTES - 6).toString()}…`
}

const EVENTS: Resource = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
}
/** client-go's: 25 different ones at once about an object, then one in five minutes. */
const PER_OBJECT = { perSecond: 1 / 300, burst: 25 }
/** client-go's. */
const SERIES_END_MS = 360_000
const SERIES_WRITE_MS = 60_000
/** A few hundred bytes each; when there are more, the oldest no longer count together. */
const SERIES_MAX = 4096
const OBJECTS_MAX = 4096
/** An API server that answers nobody holds up a minute's worth at most. */
const PENDING_MAX = 1000
const NOTE_MAX_BYTES = 1024
/** A name may have 253 characters, the id and its dot included. */
const NAME_MAX = 200
const INSTANCE_MAX = 128
