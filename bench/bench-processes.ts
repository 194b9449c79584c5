import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** Processes of one bench: servers and load generators, each with processor time of its own. All end with `endAll`. */
export class BenchProcesses {
  readonly #children: ChildProcess[] = []
  #ending = false

  /** Runs a file of bench/ and resolves with the first message, which says where it listens. */
  async server<Listening>(file: string, argv: readonly string[] = []): Promise<BenchServer<Listening>> {
    const child = this.start(file, argv)
    const [listening] = (await once(child, 'message')) as [Listening]
    return { process: child, listening }
  }

  start(file: string, argv: readonly string[] = []): ChildProcess {
    const child = fork(join(import.meta.dirname, file), argv)
    // Thrown out of an event it ends the bench, which would wait for an answer for ever.
    child.on('exit', (code, signal) => {
      if (code !== 0 && !this.#ending) throw new Error(`${file} ended with ${code ?? signal}`)
    })
    this.#children.push(child)
    return child
  }

  endAll(): void {
    this.#ending = true
    for (const child of this.#children) child.kill()
  }
}

export interface BenchServer<Listening> {
  readonly process: ChildProcess
  readonly listening: Listening
}

/** Sends a message and resolves with the answer. @throws what the process says went wrong */
export async function ask<T>(child: ChildProcess, message: object): Promise<T> {
  child.send(message)
  const [answer] = (await once(child, 'message')) as [T & { readonly error?: string }]
  if (answer.error !== undefined) throw new Error(answer.error)
  return answer
}

/** Processor time that a server of ours used since it began. */
export async function cpuMicrosOf(child: ChildProcess): Promise<number> {
  return (await ask<{ cpuMicros: number }>(child, {})).cpuMicros
}
