import { join } from 'node:path'
import { ChildServer } from './child-server.ts'

const CHECKOUT = join(import.meta.dirname, '../..')

/** The operator as a process, started as people and images start it, against a real API server. */
export class OperatorProcess {
  readonly name: string
  readonly #server: ChildServer

  /** `root` has the bin/ to start it from: sources, or emitted JavaScript. */
  constructor(folder: string, name: string, env: Readonly<Record<string, string>>, root: string = CHECKOUT) {
    this.name = name
    this.#server = new ChildServer({
      program: join(root, 'bin/idgen'),
      args: ['operator'],
      folder,
      name,
      env: {
        PATH: process.env['PATH'] ?? '',
        // The title is what others see as its command line.
        NODE_OPTIONS: `--title=${folder}-operator`,
        IDGEN_OPERATOR_POD: name,
        IDGEN_OPERATOR_STATUS_HOST: '127.0.0.1',
        IDGEN_OPERATOR_STATUS_PORT: '0',
        HOME: folder,
        ...env,
      },
    })
  }

  get pid(): number | undefined {
    return this.#server.pid
  }

  get exitCode(): number | null {
    return this.#server.exitCode
  }

  output(): string {
    return this.#server.output()
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    return await this.#server.end(signal)
  }

  /** Where its pages and metrics are; undefined while it does not listen. */
  get host(): string | undefined {
    const port = /"port":(\d+)/.exec(this.output())?.[1]
    return port === undefined ? undefined : `127.0.0.1:${port}`
  }

  /** Status and text of one of its pages; undefined while it does not listen. */
  async ask(path: string): Promise<{ readonly status: number; readonly text: string } | undefined> {
    const { host } = this
    if (host === undefined) return undefined
    try {
      const response = await fetch(`http://${host}${path}`, { signal: AbortSignal.timeout(5000) })
      return { status: response.status, text: await response.text() }
    } catch {
      return undefined
    }
  }
}
