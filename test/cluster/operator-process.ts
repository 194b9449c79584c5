import { join } from 'node:path'
import { ChildServer } from './child-server.ts'

const MAIN = join(import.meta.dirname, '../../operator/main.ts')

/** The operator as a process, against a real API server. */
export class OperatorProcess {
  readonly name: string
  readonly #server: ChildServer

  constructor(folder: string, name: string, env: Readonly<Record<string, string>>) {
    this.name = name
    this.#server = new ChildServer({
      program: process.execPath,
      // The title is what others see as its command line.
      args: [`--title=${folder} operator`, MAIN],
      folder,
      name,
      env: {
        IDGEN_OPERATOR_POD: name,
        IDGEN_OPERATOR_STATUS_HOST: '127.0.0.1',
        IDGEN_OPERATOR_STATUS_PORT: '0',
        HOME: folder,
        ...env,
      },
    })
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

  /** Status and text of one of its pages; undefined while it does not listen. */
  async ask(path: string): Promise<{ readonly status: number; readonly text: string } | undefined> {
    const port = /"port":(\d+)/.exec(this.output())?.[1]
    if (port === undefined) return undefined
    try {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000) })
      return { status: response.status, text: await response.text() }
    } catch {
      return undefined
    }
  }
}
