import type { Clock } from '../runtime/clock.ts'
import { isStatus, type KubeClient } from '../runtime/kube-client.ts'
import type { KubeObject } from '../runtime/resource.ts'

type Labels = Readonly<Record<string, string>>

/** What BizTags need to know of namespaces: one names the cluster, the others have labels. */
export class ClusterNamespaces {
  readonly #client: KubeClient
  readonly #clock: Clock
  readonly #labels = new Map<string, { readonly labels: Labels; readonly atMs: number }>()
  #id: string | undefined

  constructor(client: KubeClient, clock: Clock) {
    this.#client = client
    this.#clock = clock
  }

  /** The same as long as the cluster lives, and no other one's: what the service records as the owner's cluster. */
  async clusterId(signal: AbortSignal): Promise<string> {
    this.#id ??= (await this.#get('kube-system', signal)).metadata.uid
    return this.#id
  }

  /** A moment old at most. */
  async labels(namespace: string, signal: AbortSignal): Promise<Labels> {
    const nowMs = this.#clock.monotonicMs()
    const known = this.#labels.get(namespace)
    if (known !== undefined && nowMs - known.atMs < FRESH_MS) return known.labels
    for (const [name, { atMs }] of this.#labels) if (nowMs - atMs >= FRESH_MS) this.#labels.delete(name)
    const labels = (await this.#get(namespace, signal)).metadata.labels ?? {}
    this.#labels.set(namespace, { labels, atMs: nowMs })
    return labels
  }

  async #get(namespace: string, signal: AbortSignal): Promise<KubeObject> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`
    try {
      return await this.#client.send<KubeObject>({ method: 'GET', path, signal })
    } catch (thrown) {
      if (!isStatus(thrown, 403)) throw thrown
      throw new Error(
        `the operator may not read namespace ${namespace}: its role needs get on namespaces (the chart gives it)`,
        { cause: thrown },
      )
    }
  }
}

const FRESH_MS = 30_000
