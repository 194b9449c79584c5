import type { Clock } from '../ports/clock.ts'
import { CallStatus, type Method, type UnaryMethod } from './call.ts'
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from './generated/grpc/health/v1/health.ts'
import { HealthWatches } from './health-watch.ts'
import { decoded } from './method-table.ts'
import type { OpenStreams } from './open-streams.ts'
import { STATUS } from './status-code.ts'

/** '' stands for the whole server; the other is what a client that issues IDs asks for. */
const SERVICES: ReadonlySet<string> = new Set(['', 'idgen.v1.IdService'])

/** A probe sees a change after at most a second, which is the shortest period a probe can have in Kubernetes. */
const LOOK_EVERY_MS = 1000

/** grpc.health.v1, kept in step with readiness. Needs no key. */
export class Health {
  readonly #clock: Clock
  readonly #isReady: () => boolean | Promise<boolean>
  #watches: HealthWatches | undefined
  #serving = false
  #stopped = false
  #timer: Disposable | undefined

  constructor(clock: Clock, isReady: () => boolean | Promise<boolean>) {
    this.#clock = clock
    this.#isReady = isReady
  }

  /** Watch is a stream that lasts, so the server must be able to end it. */
  methods(streams: OpenStreams): Method[] {
    const watches = new HealthWatches({ status: () => this.#status(), knows }, streams)
    this.#watches = watches
    const open = watches.open.bind(watches)
    return [this.#check(), { path: '/grpc.health.v1.Health/Watch', keyless: true, requests: 'one', open }]
  }

  start(): void {
    this.#look()
  }

  /** NOT_SERVING from now on. */
  stop(): void {
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
    this.#set(false)
  }

  #check(): UnaryMethod {
    return {
      path: '/grpc.health.v1.Health/Check',
      keyless: true,
      answer: (message) => {
        const { service } = decoded((bytes) => HealthCheckRequest.decode(bytes), message)
        if (knows(service)) return HealthCheckResponse.encode({ status: this.#status() }).finish()
        throw new CallStatus(
          STATUS.NOT_FOUND,
          `There is no service ${JSON.stringify(service.slice(0, 80))} here.`,
        )
      },
    }
  }

  #status(): Serving {
    return this.#serving ? Serving.SERVING : Serving.NOT_SERVING
  }

  #look(): void {
    if (this.#stopped) return
    const ready = this.#isReady()
    if (typeof ready === 'boolean') this.#set(ready)
    else ready.then((is) => this.#set(is && !this.#stopped)).catch(() => this.#set(false))
    this.#timer = this.#clock.after(LOOK_EVERY_MS, () => this.#look())
  }

  #set(serving: boolean): void {
    if (serving === this.#serving) return
    this.#serving = serving
    this.#watches?.tell()
  }
}

function knows(service: string): boolean {
  return SERVICES.has(service)
}
