import type { Clock } from '../ports/clock.ts'
import { CallStatus, type Method, type StreamMethod, type UnaryMethod } from './call.ts'
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
} from './generated/grpc/health/v1/health.ts'
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
  readonly #watchers = new Set<() => void>()
  #serving = false
  #stopped = false
  #timer: Disposable | undefined

  constructor(clock: Clock, isReady: () => boolean | Promise<boolean>) {
    this.#clock = clock
    this.#isReady = isReady
  }

  /** Watch is a stream that lasts, so the server must be able to end it. */
  methods(streams: OpenStreams): Method[] {
    return [this.#check(), this.#watch(streams)]
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
        if (SERVICES.has(service)) return HealthCheckResponse.encode({ status: this.#status() }).finish()
        throw new CallStatus(
          STATUS.NOT_FOUND,
          `There is no service ${JSON.stringify(service.slice(0, 80))} here.`,
        )
      },
    }
  }

  #watch(streams: OpenStreams): StreamMethod {
    return {
      path: '/grpc.health.v1.Health/Watch',
      keyless: true,
      open: (_call, output) => {
        const open = streams.add(() => output.fail(shuttingDown()))
        let tell = (): void => undefined
        return {
          receive: (message) => {
            const { service } = decoded((bytes) => HealthCheckRequest.decode(bytes), message)
            tell = () => {
              const status = SERVICES.has(service) ? this.#status() : Serving.SERVICE_UNKNOWN
              output.send(HealthCheckResponse.encode({ status }).finish())
            }
            tell()
            this.#watchers.add(tell)
          },
          ended: () => undefined,
          drained: () => undefined,
          closed: () => {
            this.#watchers.delete(tell)
            open[Symbol.dispose]()
          },
        }
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
    for (const tell of this.#watchers) tell()
  }
}

function shuttingDown(): CallStatus {
  return new CallStatus(STATUS.UNAVAILABLE, 'This server is shutting down.')
}
