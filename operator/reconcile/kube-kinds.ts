import type { KubeObject, Resource } from '../runtime/resource.ts'

/** Kinds of Kubernetes that the operator makes or reads, each with the fields that are read. */

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
}

export interface Deployment extends KubeObject {
  readonly spec?: {
    readonly replicas?: number
  }
  readonly status?: {
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly availableReplicas?: number
    readonly observedGeneration?: number
    readonly conditions?: readonly Condition[]
  }
}

export interface Pod extends KubeObject {
  readonly spec?: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly conditions?: readonly Condition[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

export interface ContainerStatus {
  readonly name: string
  readonly ready?: boolean
  readonly restartCount?: number
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly terminated?: ContainerEnd
  }
  readonly lastState?: { readonly terminated?: ContainerEnd }
}

export interface ContainerEnd {
  readonly exitCode?: number
  readonly finishedAt?: string
  readonly reason?: string
  readonly message?: string
}

export interface Job extends KubeObject {
  readonly status?: {
    readonly active?: number
    readonly failed?: number
    readonly succeeded?: number
    readonly conditions?: readonly Condition[]
  }
}

export interface Secret extends KubeObject {
  readonly type?: string
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>
}

export interface ControllerRevision extends KubeObject {
  readonly data?: object
  readonly revision: number
}

/** Kinds that are read or written here and rendered nowhere; the others are in render/object-kinds.ts. */
export const PODS: Resource = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
export const SECRETS: Resource = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
}
