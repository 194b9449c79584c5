import { kubectl } from '../../scripts/cluster/kubectl.ts'
import { GENERATOR, NAMESPACE } from './kube-api.ts'

export const INGRESS_HOST = 'orders.idgen.test'

/** As a person does it: a file for kubectl. */
export async function apply(...objects: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects }
  await kubectl(['apply', '--filename=-'], { input: JSON.stringify(list) })
}

/** A namespace that lets only restricted pods in, and the way to the database. */
export const FOUNDATIONS: readonly object[] = [
  {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: NAMESPACE, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'orders-database', namespace: NAMESPACE },
    stringData: { url: 'postgres://idgen:for-trying-out@postgres.stores:5432/idgen' },
  },
]

export interface GeneratorWishes {
  readonly image: string
  /** Another one makes another revision of the same image. */
  readonly mark: string
  readonly hold?: string
  /** For how long pods of a canary may be missing. */
  readonly progressDeadline?: string
  /** Left out where an autoscaler, or kubectl scale, owns the number. */
  readonly replicas?: number
  readonly autoscaling?: object
  /** Whether probes and scrapes go over TLS. */
  readonly encryptedMetrics?: boolean
}

export function generatorManifest(wishes: GeneratorWishes): object {
  const { image, mark, hold = '8s', progressDeadline = PROGRESS_DEADLINE, replicas, autoscaling } = wishes
  const { encryptedMetrics = false } = wishes
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'IdGenerator',
    metadata: { name: GENERATOR, namespace: NAMESPACE },
    spec: {
      image,
      ...(replicas === undefined ? {} : { replicas }),
      ...(autoscaling === undefined ? {} : { autoscaling }),
      database: { secret: { name: 'orders-database' } },
      etcd: { endpoints: ['http://etcd.stores:2379'] },
      redis: { endpoints: ['redis://redis.stores:6379'] },
      resp: { enabled: true },
      ...(encryptedMetrics ? { tls: { metrics: true } } : {}),
      ingress: { className: 'contour', hosts: [INGRESS_HOST] },
      // All callers of the test are one address: those that load the pods would use up the limit of those that probe.
      config: { 'limits.perAddress': 0 },
      canary: {
        steps: [{ weight: 5, hold }, { weight: 50, hold }, { weight: 100 }],
        progressDeadline,
        abortScaleDownDelay: '2s',
        analysis: {
          interval: '4s',
          initialDelay: '4s',
          minSamples: 10,
          // A machine of two cores that runs a whole cluster is too small for a bar of milliseconds.
          metrics: [
            { name: 'errorRate', max: '0.01' },
            { name: 'degradedShare', max: '0.01' },
            { name: 'p99Milliseconds', max: '5000' },
          ],
        },
      },
      pod: {
        annotations: { 'idgen.test/mark': mark },
        resources: { requests: { cpu: '150m', memory: '128Mi' }, limits: { memory: '1Gi' } },
      },
    },
  }
}

/** A pod is ready within ten seconds here; a busy machine takes three times that. */
const PROGRESS_DEADLINE = '45s'

export function tagManifest(name: string, wishes: Readonly<Record<string, unknown>> = {}): object {
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'BizTag',
    metadata: { name, namespace: NAMESPACE },
    spec: { generatorRef: { name: GENERATOR }, workspace: 'shop', group: 'orders', tag: name, ...wishes },
  }
}
