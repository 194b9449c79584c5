import { V1MicroTime } from '@kubernetes/client-node/dist/types.js'
import { isStatus, type KubeClient } from './kube-client.ts'
import { collectionPath, objectPath, type Resource } from './resource.ts'

/** Who leads, as the Lease says. Times are text: they are never compared with a clock of ours. */
export interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

export interface Lease {
  readonly spec: LeaseSpec
  /** Of the object as read; a write succeeds only while it is still this one. */
  readonly resourceVersion: string
}

/** One Lease object. Both writes fail with a KubeError 409 when somebody else was faster. */
export class LeaseObject {
  readonly #client: KubeClient
  readonly #namespace: string
  readonly #name: string

  constructor(client: KubeClient, namespace: string, name: string) {
    this.#client = client
    this.#namespace = namespace
    this.#name = name
  }

  async read(signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return leaseOf(await this.#client.send<LeaseBody>({ method: 'GET', path: this.#path(), signal }))
    } catch (thrown) {
      if (isStatus(thrown, 404)) return undefined
      throw thrown
    }
  }

  async create(spec: LeaseSpec, signal: AbortSignal): Promise<Lease> {
    const path = collectionPath(LEASES, this.#namespace)
    return leaseOf(await this.#client.send({ method: 'POST', path, body: this.#body(spec), signal }))
  }

  async update(lease: Lease, spec: LeaseSpec, signal: AbortSignal): Promise<Lease> {
    const body = this.#body(spec, lease.resourceVersion)
    return leaseOf(await this.#client.send({ method: 'PUT', path: this.#path(), body, signal }))
  }

  #path(): string {
    return objectPath(LEASES, `${this.#namespace}/${this.#name}`)
  }

  #body(spec: LeaseSpec, resourceVersion?: string): object {
    const metadata = { name: this.#name, namespace: this.#namespace }
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: resourceVersion === undefined ? metadata : { ...metadata, resourceVersion },
      spec,
    }
  }
}

/** Six digits: with the three of a Date the API server refuses the whole object. */
export function microTime(ms: number): string {
  return new V1MicroTime(ms).toISOString()
}

interface LeaseBody {
  readonly metadata: { readonly resourceVersion: string }
  readonly spec?: LeaseSpec
}

function leaseOf({ metadata, spec }: LeaseBody): Lease {
  return { spec: spec ?? {}, resourceVersion: metadata.resourceVersion }
}

const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}
