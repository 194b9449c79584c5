import type { TestContext } from 'node:test'
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../service/adapters/embedded/embedded-postgres.ts'
import { RecordedLog } from '../fixtures/recorded-log.ts'
import { TcpProxy } from '../fixtures/tcp-proxy.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

/** A real PostgreSQL of one test's own that can be stopped and started again at the same address. */
export class StoppablePostgres {
  readonly url: string
  readonly #folder: string
  readonly #proxy: TcpProxy
  #server: EmbeddedPostgres

  private constructor(folder: string, server: EmbeddedPostgres, proxy: TcpProxy) {
    this.#folder = folder
    this.#server = server
    this.#proxy = proxy
    this.url = proxy.through(server.url)
  }

  static async start(t: TestContext): Promise<StoppablePostgres> {
    const folder = temporaryFolder('idgen-service-')
    const server = await startEmbeddedPostgres({ folder, log: new RecordedLog() })
    // Each start of the server takes another port.
    const proxy = await TcpProxy.start(targetOf(server))
    const postgres = new StoppablePostgres(folder, server, proxy)
    t.after(async () => {
      await proxy.close()
      await postgres.#server.stop()
    })
    return postgres
  }

  async stop(): Promise<void> {
    await this.#server.stop()
  }

  async startAgain(): Promise<void> {
    this.#server = await startEmbeddedPostgres({ folder: this.#folder, log: new RecordedLog() })
    this.#proxy.point(targetOf(this.#server))
  }
}

function targetOf({ url }: EmbeddedPostgres): { host: string; port: number } {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}
