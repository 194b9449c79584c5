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
  readonly spec?: { readonly replicas?: number }
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

function core(kind: string, plural: string): Resource {
  return { group: '', version: 'v1', kind, plural, namespaced: true }
}

function named(group: string, version: string, kind: string, plural: string): Resource {
  return { group, version, kind, plural, namespaced: true }
}

export const PODS = core('Pod', 'pods')
export const SECRETS = core('Secret', 'secrets')
export const CONFIG_MAPS = core('ConfigMap', 'configmaps')
export const SERVICES = core('Service', 'services')
export const SERVICE_ACCOUNTS = core('ServiceAccount', 'serviceaccounts')
export const DEPLOYMENTS = named('apps', 'v1', 'Deployment', 'deployments')
export const CONTROLLER_REVISIONS = named('apps', 'v1', 'ControllerRevision', 'controllerrevisions')
export const JOBS = named('batch', 'v1', 'Job', 'jobs')
export const POD_DISRUPTION_BUDGETS = named('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets')
export const NETWORK_POLICIES = named('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies')
export const INGRESSES = named('networking.k8s.io', 'v1', 'Ingress', 'ingresses')
export const AUTOSCALERS = named('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers')

/** Of other projects: made only where their definitions are in the cluster. */
export const OPTIONAL_KINDS: readonly Resource[] = [
  named('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'),
  named('gateway.networking.k8s.io', 'v1', 'GRPCRoute', 'grpcroutes'),
  named('cert-manager.io', 'v1', 'Certificate', 'certificates'),
  named('monitoring.coreos.com', 'v1', 'ServiceMonitor', 'servicemonitors'),
  named('monitoring.coreos.com', 'v1', 'PrometheusRule', 'prometheusrules'),
  named('monitoring.coreos.com', 'v1alpha1', 'AlertmanagerConfig', 'alertmanagerconfigs'),
]
