import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { PORTS } from '../../operator/render/names.ts'
import type { FakePod } from './fake-node.ts'

/**
 * The metrics of pods that do not exist: one address of loopback for each image, so that the operator finds them where
 * it looks for those of pods. Counters rise with every look.
 */
export class PodMetrics {
  /** Images whose pods fail one request in two. */
  readonly failing = new Set<string>()
  readonly #servers = new Map<string, Server>()
  readonly #addresses = new Map<string, string>()
  /** Of this process and no other: several tests run on one machine. */
  readonly #network = `127.${(process.pid >> 8) % 254 || 1}.${process.pid % 254 || 1}`

  private constructor() {}

  /** Fails where loopback has one address only. */
  static async start(): Promise<PodMetrics> {
    const metrics = new PodMetrics()
    for (const image of ['idgen:v1', 'idgen:v2', 'idgen:v3']) await metrics.#serve(image)
    return metrics
  }

  addressOf(pod: FakePod): string {
    return this.#addresses.get(pod.spec.containers[0]?.image ?? '') ?? '127.0.0.1'
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    }
  }

  async #serve(image: string): Promise<void> {
    const address = `${this.#network}.${this.#servers.size + 1}`
    const startedMs = Date.now()
    const server = createServer((_request, response) => {
      // A thousand requests a second, whoever asks how often.
      const requests = Date.now() - startedMs
      const failed = this.failing.has(image) ? requests / 2 : 0
      response.end(
        [
          'process_start_time_seconds 1',
          `idgen_generate_requests_total{tag="a"} ${requests - failed}`,
          `idgen_generate_failures_total{tag="a"} ${failed}`,
          '',
        ].join('\n'),
      )
    })
    server.listen(PORTS.metrics, address)
    await once(server, 'listening')
    this.#servers.set(image, server)
    this.#addresses.set(image, address)
  }
}
