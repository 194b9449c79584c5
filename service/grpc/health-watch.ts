import { type Call, CallStatus, type MessageInput, type MessageOutput, type Peer } from './call.ts'
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from './generated/grpc/health/v1/health.ts'
import { decoded } from './method-table.ts'
import type { OpenStreams } from './open-streams.ts'
import { STATUS } from './status-code.ts'

export interface WatchedHealth {
  status(): Serving
  /** Whether there is a service of this name here. */
  knows(service: string): boolean
}

/** All Watch streams that are open. Strangers may have them, so each holds little and a connection has few. */
export class HealthWatches {
  readonly #health: WatchedHealth
  readonly #streams: OpenStreams
  /** That asked and were told. */
  readonly #asked = new Set<HealthWatch>()
  /** By connection. */
  readonly #open = new WeakMap<Peer, number>()

  constructor(health: WatchedHealth, streams: OpenStreams) {
    this.#health = health
    this.#streams = streams
  }

  open({ peer }: Pick<Call, 'peer'>, output: MessageOutput): MessageInput {
    const before = this.#open.get(peer) ?? 0
    this.#open.set(peer, before + 1)
    const ends = this.#streams.add(() => output.fail(unavailable('This server is shutting down.')))
    if (before >= WATCHES_MAX) output.fail(tooMany())
    return new HealthWatch(this.#health, output, {
      asked: (watch) => void this.#asked.add(watch),
      closed: (watch) => {
        this.#asked.delete(watch)
        ends[Symbol.dispose]()
        this.#open.set(peer, (this.#open.get(peer) ?? 1) - 1)
      },
    })
  }

  /** The status may be another than it was. */
  tell(): void {
    for (const watch of this.#asked) watch.tell()
  }
}

interface WatchEvents {
  asked(watch: HealthWatch): void
  closed(watch: HealthWatch): void
}

/**
 * One Health/Watch: told the status at once, and again when it is another. For a client that takes none the newest alone waits.
 */
class HealthWatch implements MessageInput {
  readonly #health: WatchedHealth
  readonly #output: MessageOutput
  readonly #events: WatchEvents
  /** Not the name: a stranger's may be as long as a message. */
  #isKnown = false
  #told: Serving | undefined
  #full = false

  constructor(health: WatchedHealth, output: MessageOutput, events: WatchEvents) {
    this.#health = health
    this.#output = output
    this.#events = events
  }

  receive(message: Uint8Array): void {
    const { service } = decoded((bytes) => HealthCheckRequest.decode(bytes), message)
    this.#isKnown = this.#health.knows(service)
    this.#events.asked(this)
    this.tell()
  }

  tell(): void {
    if (this.#full) return
    const status = this.#isKnown ? this.#health.status() : Serving.SERVICE_UNKNOWN
    if (status === this.#told) return
    this.#told = status
    this.#full = !this.#output.send(HealthCheckResponse.encode({ status }).finish())
  }

  ended(): void {}

  drained(): void {
    this.#full = false
    this.tell()
  }

  /** It would keep its connection for ever; the libraries ask again over another one. */
  retired(): void {
    this.#output.fail(unavailable('This connection is as old as it may be; watch over another one.'))
  }

  closed(): void {
    this.#events.closed(this)
  }
}

function unavailable(message: string): CallStatus {
  return new CallStatus(STATUS.UNAVAILABLE, message)
}

function tooMany(): CallStatus {
  return new CallStatus(
    STATUS.RESOURCE_EXHAUSTED,
    `This connection has ${WATCHES_MAX} watches open; no more are taken.`,
  )
}

/** Of a connection: a client has one for each name it asks for, and a proxy may put those of some clients together. Some 2 KB each. */
const WATCHES_MAX = 32
