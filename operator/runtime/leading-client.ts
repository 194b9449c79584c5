import { type KubeClient, KubeError, type KubeRequest } from './kube-client.ts'

/**
 * Writes only while this process leads. A process that was paused in the middle of a reconcile goes on with the next
 * statement when it wakes: without this it would write beside the new leader what it had decided long ago.
 */
export class LeadingClient implements KubeClient {
  readonly #client: KubeClient
  readonly #leads: () => boolean

  constructor(client: KubeClient, leads: () => boolean) {
    this.#client = client
    this.#leads = leads
  }

  async send<T>(request: KubeRequest): Promise<T> {
    if (request.method !== 'GET' && !this.#leads())
      throw new KubeError(
        `${request.method} ${request.path}: not sent, because this process does not lead`,
        0,
      )
    return await this.#client.send<T>(request)
  }

  watch(request: KubeRequest): AsyncIterable<unknown> {
    return this.#client.watch(request)
  }
}
