import type { Server, ServerWritableStream, UntypedServiceImplementation } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { UseCases } from '../app/use-cases.ts'
import type { OpenStreams } from './open-streams.ts'

/** '' stands for the whole server; the other is what a client that issues IDs asks for. */
const SERVICES = ['', 'idgen.v1.IdService']

/** A probe sees a change after at most a second, which is the shortest period a probe can have in Kubernetes. */
const LOOK_EVERY_MS = 1000

type WatchCall = ServerWritableStream<{ readonly service: string }, { readonly status: string }>

/** grpc.health.v1, kept in step with readiness. */
export class Health {
  readonly #useCases: Pick<UseCases, 'readiness' | 'clock'>
  readonly #implementation = new HealthImplementation(
    Object.fromEntries(SERVICES.map((service) => [service, 'NOT_SERVING'])),
  )
  #serving = false
  #stopped = false
  #timer: Disposable | undefined

  constructor(useCases: Pick<UseCases, 'readiness' | 'clock'>) {
    this.#useCases = useCases
  }

  /** Watch is a stream that lasts, so the server must be able to end it. */
  addTo(server: Server, streams: OpenStreams): void {
    this.#implementation.addToServer({
      addService: (
        definition: Parameters<Server['addService']>[0],
        handlers: UntypedServiceImplementation,
      ) => {
        const watch = (call: WatchCall): void => {
          const open = streams.add(() => {
            call.emit('error', { code: status.UNAVAILABLE, details: 'This server is shutting down.' })
          })
          call.on('close', () => open[Symbol.dispose]())
          call.on('cancelled', () => open[Symbol.dispose]())
          // The library would remember every unknown name for ever, and names come from anybody.
          if (SERVICES.includes(call.request.service)) (handlers['watch'] as typeof watch)(call)
          else call.write({ status: 'SERVICE_UNKNOWN' })
        }
        server.addService(definition, { ...handlers, watch })
      },
    })
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

  #look(): void {
    if (this.#stopped) return
    this.#set(this.#useCases.readiness.report().ready)
    this.#timer = this.#useCases.clock.after(LOOK_EVERY_MS, () => this.#look())
  }

  #set(serving: boolean): void {
    if (serving === this.#serving) return
    this.#serving = serving
    for (const service of SERVICES)
      this.#implementation.setStatus(service, serving ? 'SERVING' : 'NOT_SERVING')
  }
}
