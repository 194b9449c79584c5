import type { BizTag, IdGenerator } from '../../operator/api/kinds.ts'
import { BIZ_TAG, ID_GENERATOR } from '../../operator/api/kinds.ts'
import { SystemClock } from '../../operator/runtime/clock.ts'
import { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { isStatus, type KubeClient } from '../../operator/runtime/kube-client.ts'
import { loadConnection } from '../../operator/runtime/kubeconfig.ts'
import {
  collectionPath,
  type KubeObject,
  objectPath,
  type Resource,
} from '../../operator/runtime/resource.ts'
import { KUBECONFIG_FILE } from '../../scripts/cluster/layout.ts'

/** Namespace of everything that a user makes here. */
export const NAMESPACE = 'shop'
export const GENERATOR = 'orders'

/** Reads of the API server without a process for each: what is looked at many times a second. */
export class KubeApi {
  readonly client: KubeClient
  readonly #close: () => void

  private constructor(client: KubeClient, close: () => void) {
    this.client = client
    this.#close = close
  }

  static async open(): Promise<KubeApi> {
    const connection = await loadConnection({ KUBECONFIG: KUBECONFIG_FILE }, new SystemClock())
    return new KubeApi(new HttpKubeClient(connection, 'idgen-e2e'), () => connection.close())
  }

  async get<T>(resource: Resource, key: string): Promise<T | undefined> {
    return await this.client
      .send<T>({ method: 'GET', path: objectPath(resource, key) })
      .catch((thrown: unknown) => {
        if (isStatus(thrown, 404)) return undefined
        throw thrown
      })
  }

  async list<T>(resource: Resource, namespace: string, labelSelector = ''): Promise<readonly T[]> {
    const { items } = await this.client.send<{ readonly items: readonly T[] }>({
      method: 'GET',
      path: collectionPath(resource, namespace),
      query: labelSelector === '' ? {} : { labelSelector },
    })
    return items
  }

  async create(resource: Resource, namespace: string, body: object): Promise<void> {
    await this.client.send({ method: 'POST', path: collectionPath(resource, namespace), body })
  }

  /** Also of one that is gone already. */
  async delete(resource: Resource, key: string, options: object = {}): Promise<void> {
    await this.client
      .send({ method: 'DELETE', path: objectPath(resource, key), body: options })
      .catch((thrown: unknown) => {
        if (!isStatus(thrown, 404)) throw thrown
      })
  }

  async generator(): Promise<IdGenerator> {
    const found = await this.get<IdGenerator>(ID_GENERATOR, `${NAMESPACE}/${GENERATOR}`)
    if (found === undefined) throw new Error(`there is no IdGenerator ${NAMESPACE}/${GENERATOR}`)
    return found
  }

  async tag(name: string): Promise<BizTag | undefined> {
    return await this.get<BizTag>(BIZ_TAG, `${NAMESPACE}/${name}`)
  }

  /** Pods of the generator that are not ending. */
  async pods(): Promise<readonly Pod[]> {
    const pods = await this.list<Pod>(POD, NAMESPACE, `idgen.io/generator=${GENERATOR},idgen.io/revision`)
    return pods.filter(({ metadata, spec }) => metadata.deletionTimestamp === undefined && isServer(spec))
  }

  async readyPods(): Promise<readonly Pod[]> {
    return (await this.pods()).filter(isReady)
  }

  close(): void {
    this.#close()
  }
}

/** Pods of migrations end by themselves. */
function isServer({ restartPolicy }: Pod['spec']): boolean {
  return restartPolicy === 'Always'
}

export function isReady({ status }: Pod): boolean {
  return status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true
}

/** The state of a condition: "True/AsWanted". */
export function conditionOf({ status }: IdGenerator | BizTag, type: string): string {
  const found = status?.conditions?.find((one) => one.type === type)
  return found === undefined ? 'none' : `${found.status}/${found.reason}`
}

export interface Pod extends KubeObject {
  readonly spec: { readonly restartPolicy: string }
  readonly status: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly {
      readonly restartCount: number
      readonly state?: { readonly running?: { readonly startedAt: string } }
    }[]
  }
}

export interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface Service extends KubeObject {
  readonly spec: { readonly clusterIP: string }
}

export interface Lease extends KubeObject {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number }
}

function core(kind: string, plural: string): Resource {
  return { group: '', version: 'v1', kind, plural, namespaced: true }
}

export const POD = core('Pod', 'pods')
export const SECRET = core('Secret', 'secrets')
export const SERVICE = core('Service', 'services')
export const CONFIG_MAP = core('ConfigMap', 'configmaps')
export const DEPLOYMENT: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}
export const LEASE: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}
