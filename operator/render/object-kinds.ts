import type { Kind } from './rendered-object.ts'

/** Every kind that is rendered, in the order of applying: what pods need stands before them. */
export const KINDS = {
  ServiceAccount: kind('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  Certificate: kind('cert-manager.io', 'v1', 'Certificate', 'certificates'),
  NetworkPolicy: kind('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  ControllerRevision: kind('apps', 'v1', 'ControllerRevision', 'controllerrevisions'),
  ConfigMap: kind('', 'v1', 'ConfigMap', 'configmaps'),
  Job: kind('batch', 'v1', 'Job', 'jobs'),
  Service: kind('', 'v1', 'Service', 'services'),
  Deployment: kind('apps', 'v1', 'Deployment', 'deployments'),
  PodDisruptionBudget: kind('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  HorizontalPodAutoscaler: kind('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  Ingress: kind('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
  BackendTLSPolicy: kind('gateway.networking.k8s.io', 'v1', 'BackendTLSPolicy', 'backendtlspolicies'),
  HTTPRoute: kind('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'),
  GRPCRoute: kind('gateway.networking.k8s.io', 'v1', 'GRPCRoute', 'grpcroutes'),
  ServiceMonitor: kind('monitoring.coreos.com', 'v1', 'ServiceMonitor', 'servicemonitors'),
  PrometheusRule: kind('monitoring.coreos.com', 'v1', 'PrometheusRule', 'prometheusrules'),
  AlertmanagerConfig: kind('monitoring.coreos.com', 'v1alpha1', 'AlertmanagerConfig', 'alertmanagerconfigs'),
} as const satisfies Record<string, Kind>

export type KindName = keyof typeof KINDS

/** Kinds that a cluster may lack. Their objects are rendered only where discovery finds group, version and kind. */
export const OPTIONAL_KINDS = [
  'Certificate',
  'BackendTLSPolicy',
  'HTTPRoute',
  'GRPCRoute',
  'ServiceMonitor',
  'PrometheusRule',
  'AlertmanagerConfig',
] as const satisfies readonly KindName[]

export type OptionalKind = (typeof OPTIONAL_KINDS)[number]

function kind(group: string, version: string, name: string, plural: string): Kind {
  return { group, version, kind: name, plural, namespaced: true }
}
