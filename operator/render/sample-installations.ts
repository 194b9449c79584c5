import type { IdGenerator } from '../api/kinds.ts'
import type { Installation, InstalledRevision } from './installation.ts'
import { newRevision } from './new-revision.ts'
import { OPTIONAL_KINDS, type OptionalKind } from './object-kinds.ts'

type Spec = IdGenerator['spec']

/** What the API server fills in for `spec: { database: { secret: { name: orders-database } } }`. For tests. */
export const DEFAULT_SPEC: Spec = {
  imagePullPolicy: 'IfNotPresent',
  replicas: 3,
  datacenter: 0,
  database: { secret: { name: 'orders-database', key: 'url' }, migrate: true },
  tls: { mode: 'Optional' },
  auth: {},
  service: { type: 'ClusterIP' },
  networkPolicy: { enabled: true },
  podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
  monitoring: { serviceMonitor: true, interval: '5s', prometheusRule: true },
  alerts: { p99Milliseconds: 10, errorPercent: '1', capacityPerSecond: 1_000_000 },
  canary: {
    strategy: 'Canary',
    steps: [
      { weight: 5, hold: '24h', requireApproval: false },
      { weight: 50, hold: '24h', requireApproval: false },
      { weight: 100, hold: '0s', requireApproval: false },
    ],
    progressDeadline: '10m',
    abortScaleDownDelay: '30s',
    analysis: {
      enabled: true,
      provider: 'Scrape',
      interval: '30s',
      initialDelay: '1m',
      minSamples: 100,
      failureLimit: 2,
      errorLimit: 5,
      onNoData: 'Proceed',
      metrics: [
        { name: 'errorRate', max: '0.01' },
        { name: 'p99Milliseconds', max: '10', maxRatioToStable: '2' },
        { name: 'degradedShare', max: '0.01' },
      ],
    },
  },
  pod: {
    resources: { requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    terminationGracePeriodSeconds: 45,
  },
  allowedNamespaces: { from: 'Same' },
  revisionHistoryLimit: 3,
  suspend: false,
}

export function sampleGenerator(spec: Partial<Spec> = {}): IdGenerator {
  return {
    apiVersion: 'idgen.io/v1alpha1',
    kind: 'IdGenerator',
    metadata: {
      name: 'orders',
      namespace: 'shop',
      uid: '5d3c8a52-7d0b-4c1e-9a57-5f6a1c0e4b11',
      resourceVersion: '7',
      generation: 1,
    },
    spec: { ...DEFAULT_SPEC, ...spec },
  }
}

export function sampleRevision(generator: IdGenerator, replicas?: number): InstalledRevision {
  const made = newRevision(generator, { image: 'registry.example/idgen:1.0.0' })
  const etcdClientCertificate = made.record.inputs.etcd?.tls !== undefined
  return {
    ...made,
    replicas,
    secrets: { checksum: 'c0ffee', etcdClientCertificate },
  }
}

/** One revision, in use. */
export function settled(spec: Partial<Spec> = {}, more: Partial<Installation> = {}): Installation {
  const generator = sampleGenerator(spec)
  const revision = sampleRevision(generator, generator.spec.replicas)
  return {
    generator,
    revisions: [revision],
    stableRevision: revision.revision,
    canaryWeight: 0,
    optionalKinds: new Set(OPTIONAL_KINDS),
    operatorNamespace: 'idgen-system',
    caCertificate: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    ...more,
  }
}

/** A second image on its way. */
export function underWay(spec: Partial<Spec> = {}): Installation {
  const before = settled({ ...spec, image: 'registry.example/idgen:1.0.0' })
  const after = settled({ ...spec, image: 'registry.example/idgen:1.1.0' })
  const [stable] = before.revisions
  const [canary] = after.revisions
  if (stable === undefined || canary === undefined) throw new Error('an installation has a revision')
  return {
    ...after,
    revisions: [stable, { ...canary, replicas: 1 }],
    stableRevision: stable.revision,
    canaryRevision: canary.revision,
    canaryWeight: 5,
  }
}

const GATEWAY: Spec['gateway'] = {
  parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
  hostnames: ['ids.example'],
  grpcHostnames: ['ids-grpc.example'],
}

/** Each is a golden file, and is applied to a real API server. */
export const SAMPLES: Readonly<Record<string, () => Installation>> = {
  minimal: () => bare(settled()),
  full: () => settled(FULL_SPEC),
  canary: () => within(underWay()),
  autoscaled: () =>
    within(
      settled({
        replicas: 7,
        autoscaling: {
          minReplicas: 3,
          maxReplicas: 12,
          targetCPUUtilizationPercentage: 70,
          behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
        },
      }),
    ),
  'tls-required': () =>
    within(
      settled({
        tls: {
          mode: 'Required',
          issuerRef: { name: 'authority', kind: 'ClusterIssuer', group: 'cert-manager.io' },
          dnsNames: ['ids.example'],
        },
        ingress: { hosts: ['ids.example'], path: '/', tlsSecretName: 'ids-example' },
      }),
      'Certificate',
    ),
  'client-certificates': () =>
    within(
      settled({
        tls: { mode: 'Required' },
        auth: {
          clients: {
            authoritySecret: { name: 'orders-clients', key: 'ca.crt' },
            allowed: [
              {
                name: 'billing',
                certificate: 'URI:spiffe://example.org/billing',
                scopes: ['issue'],
                within: 'acme/billing',
              },
              { name: 'ops', certificate: 'CN:ops.example', scopes: ['issue', 'manage', 'audit'] },
            ],
          },
        },
        database: { ...DEFAULT_SPEC.database, tls: { secretName: 'orders-database-tls' } },
        redis: {
          endpoints: ['rediss://redis:6379'],
          cluster: false,
          tls: { secretName: 'orders-redis-tls' },
        },
        ui: { enabled: true, grafanaUrl: 'https://grafana.example' },
        limits: { shared: true },
      }),
    ),
  'redis-clients': () => within(settled({ resp: { enabled: true } })),
  gateway: () =>
    within(
      underWay({ gateway: GATEWAY, tls: { mode: 'Required' } }),
      'BackendTLSPolicy',
      'HTTPRoute',
      'GRPCRoute',
    ),
}

/** In a cluster that has only these of the optional kinds. */
function within(installation: Installation, ...kinds: readonly OptionalKind[]): Installation {
  return { ...installation, optionalKinds: new Set(kinds) }
}

/** In a cluster without any optional kind, before the certificate is there, with an operator outside. */
function bare({ generator, revisions, stableRevision = '', canaryWeight }: Installation): Installation {
  return { generator, revisions, stableRevision, canaryWeight, optionalKinds: new Set() }
}

const label = { team: 'orders' }

const FULL_SPEC: Partial<Spec> = {
  image: 'registry.example/idgen@sha256:0000000000000000000000000000000000000000000000000000000000000000',
  imagePullPolicy: 'Always',
  imagePullSecrets: [{ name: 'registry' }],
  replicas: 5,
  datacenter: 3,
  database: { secret: { name: 'orders-database', key: 'url' }, pool: { max: 30, min: 3 }, migrate: false },
  etcd: {
    endpoints: ['https://etcd-0.etcd:2379', 'https://etcd-1.etcd:2379'],
    prefix: '/idgen',
    secret: { name: 'orders-etcd' },
    tls: { secretName: 'orders-etcd-tls' },
  },
  auditFile: { persistentVolumeClaim: { claimName: 'orders-audit' } },
  redis: { secret: { name: 'orders-redis', key: 'endpoints' }, cluster: true },
  config: {
    snowflake: { window: '1m' },
    'log.level': 'debug',
    server: { http: { port: 9000 }, generate: { deadline: '3s' } },
    database: { pool: { max: 7, acquireTimeout: 1000 } },
  },
  tls: { mode: 'Optional', secretName: 'orders-certificate', metrics: true, dnsNames: ['ids.example'] },
  auth: { adminKeySecret: { name: 'orders-key', key: 'key' } },
  service: {
    type: 'LoadBalancer',
    annotations: { 'example.com/balancer': 'internal' },
    labels: label,
    loadBalancerClass: 'example.com/internal',
    loadBalancerSourceRanges: ['10.0.0.0/8'],
    externalTrafficPolicy: 'Local',
    trafficDistribution: 'PreferSameZone',
  },
  ingress: {
    className: 'nginx',
    hosts: ['ids.example', 'ids.internal.example'],
    path: '/ids',
    annotations: { 'example.com/limit': '10' },
  },
  networkPolicy: {
    enabled: true,
    from: [{ namespaceSelector: { matchLabels: label } }],
    metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
  },
  podDisruptionBudget: { enabled: true, maxUnavailable: '20%' },
  monitoring: {
    serviceMonitor: true,
    interval: '30s',
    prometheusRule: true,
    labels: { release: 'prometheus' },
  },
  alerts: {
    p99Milliseconds: 20,
    errorPercent: '0.5',
    capacityPerSecond: 200_000,
    email: {
      to: ['a@example.com', 'b@example.com'],
      from: 'idgen@example.com',
      smarthost: 'mail.example.com:587',
      username: 'idgen',
      passwordSecret: { name: 'mail', key: 'password' },
      requireTLS: true,
    },
    weCom: {
      corpId: 'ww0000000000000000',
      agentId: '1000002',
      apiUrl: 'https://qyapi.example.com/cgi-bin/',
      toParty: '2',
      secret: { name: 'wecom', key: 'secret' },
    },
    labels: { alertmanager: 'main' },
  },
  pod: {
    labels: label,
    annotations: { 'example.com/note': 'x' },
    resources: { requests: { cpu: 2, memory: '1Gi' }, limits: { cpu: '4', memory: '2Gi' } },
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 1, preference: { matchExpressions: [{ key: 'disk', operator: 'Exists' }] } },
        ],
      },
    },
    tolerations: [{ key: 'dedicated', operator: 'Exists', effect: 'NoSchedule' }],
    topologySpreadConstraints: [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }],
    priorityClassName: 'system-cluster-critical',
    runtimeClassName: 'gvisor',
    serviceAccountName: 'orders-existing',
    terminationGracePeriodSeconds: 120,
    env: [
      { name: 'TZ', value: 'Europe/Berlin' },
      { name: 'IDGEN_DATACENTER_ID', value: '7' },
    ],
    volumes: [
      { name: 'extra', configMap: { name: 'extra' } },
      { name: 'host', hostPath: { path: '/' } },
    ],
    volumeMounts: [
      { name: 'extra', mountPath: '/extra' },
      { name: 'host', mountPath: '/host' },
    ],
  },
}
