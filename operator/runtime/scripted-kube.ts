import type { KubeClient, KubeRequest } from './kube-client.ts'
import type { KubeObject } from './resource.ts'

/** An open watch, which a test feeds. */
export class ScriptedWatch {
  readonly request: KubeRequest
  readonly #lines: unknown[] = []
  #end: { readonly thrown?: unknown } | undefined
  #wake = Promise.withResolvers<void>()
  /** Its reader has left. */
  closed = false

  constructor(request: KubeRequest) {
    this.request = request
    request.signal?.addEventListener('abort', () => this.fail(new DOMException('aborted', 'AbortError')))
  }

  send(type: string, object: object): void {
    this.#lines.push({ type, object })
    this.#wake.resolve()
  }

  end(): void {
    this.#end ??= {}
    this.#wake.resolve()
  }

  fail(thrown: unknown): void {
    this.#end ??= { thrown }
    this.#wake.resolve()
  }

  async *lines(): AsyncGenerator<unknown, void, undefined> {
    try {
      for (;;) {
        while (this.#lines.length > 0) yield this.#lines.shift()
        if (this.#end !== undefined) {
          if ('thrown' in this.#end) throw this.#end.thrown
          return
        }
        this.#wake = Promise.withResolvers<void>()
        await this.#wake.promise
      }
    } finally {
      this.closed = true
    }
  }
}

/** An API server whose every answer a test decides. */
export class ScriptedKube implements KubeClient {
  readonly sent: KubeRequest[] = []
  readonly watches: ScriptedWatch[] = []
  /** Throws to refuse; a promise that never resolves is a server that never answers. */
  answer: (request: KubeRequest) => unknown = () => ({})
  /** Throws to refuse a watch. */
  onWatch: (watch: ScriptedWatch) => void = () => {}

  async send<T>(request: KubeRequest): Promise<T> {
    this.sent.push(request)
    request.signal?.throwIfAborted()
    const aborted = new Promise<never>((_resolve, reject) => {
      request.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
    })
    return (await Promise.race([Promise.resolve().then(() => this.answer(request)), aborted])) as T
  }

  async *watch(request: KubeRequest): AsyncGenerator<unknown, void, undefined> {
    const watch = new ScriptedWatch(request)
    this.watches.push(watch)
    this.onWatch(watch)
    yield* watch.lines()
  }

  /** The watch opened last. */
  get current(): ScriptedWatch {
    const watch = this.watches.at(-1)
    if (watch === undefined) throw new Error('no watch was opened')
    return watch
  }
}

export interface Thing extends KubeObject {
  readonly spec?: { readonly size?: number }
}

/** An object of a kind that no Kubernetes has. */
export function thing(name: string, resourceVersion: string, { uid = `uid-${name}`, size = 1 } = {}): Thing {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name, namespace: 'ns', uid, resourceVersion },
    spec: { size },
  }
}

export const THINGS = {
  group: 'example.com',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
} as const

/** A log that keeps its warnings and errors. */
export function keptLog(): {
  readonly lines: string[]
  readonly log: Record<'debug' | 'info' | 'warn' | 'error', (fields: object, text: string) => void>
} {
  const lines: string[] = []
  const keep = (_fields: object, text: string): void => void lines.push(text)
  return { lines, log: { debug: () => {}, info: () => {}, warn: keep, error: keep } }
}
