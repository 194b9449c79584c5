import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Installation } from './installation.ts'
import { certificateNames } from './names.ts'
import { remarksOn, render } from './render.ts'
import { revisionReferences } from './revision-objects.ts'
import {
  DEFAULT_SPEC,
  SAMPLES,
  sampleGenerator,
  sampleRevision,
  settled,
  underWay,
} from './sample-installations.ts'

const ISSUER = { name: 'authority', kind: 'Issuer', group: 'cert-manager.io' }
const GATEWAY = { parentRefs: [{ name: 'public' }], grpcHostnames: ['g.example'] }

const find = (installation: Installation, kind: string, name = 'orders') =>
  render(installation).objects.find((object) => object.kind === kind && object.metadata.name === name)

const specOf = <T>(installation: Installation, kind: string, name?: string): T => {
  const object = find(installation, kind, name)
  assert.ok(object, `${kind} is rendered`)
  return object['spec'] as T
}

describe('an installation', () => {
  test('has no Deployment for a revision whose migrations have not run', () => {
    const generator = sampleGenerator()
    const revision = sampleRevision(generator)
    const installation: Installation = {
      generator,
      revisions: [revision],
      canaryWeight: 0,
      optionalKinds: new Set(),
    }
    const kinds = render(installation).objects.map(({ kind }) => kind)
    assert.equal(kinds.includes('Deployment'), false)
    assert.ok(kinds.includes('ConfigMap') && kinds.includes('ControllerRevision'))
  })

  test('without any revision has its surroundings, and Services once there is something behind them', () => {
    const installation: Installation = {
      generator: sampleGenerator(),
      revisions: [],
      canaryWeight: 0,
      optionalKinds: new Set(),
    }
    const names = render(installation)
      .objects.filter(({ kind }) => kind === 'Service')
      .map(({ metadata }) => metadata.name)
    assert.deepEqual(names, ['orders', 'orders-metrics'])
  })

  test('scaled to nothing keeps Deployments with no pods', () => {
    const installation = settled({ replicas: 0 })
    const [revision] = installation.revisions
    const { replicas } = specOf<{ replicas: number }>(
      installation,
      'Deployment',
      `orders-${revision?.revision}`,
    )
    assert.equal(replicas, 0)
  })

  test('keeps its ServiceAccount while pods of an older revision run under it', () => {
    const pod = { ...DEFAULT_SPEC.pod, serviceAccountName: 'other' }
    const alone = settled({ pod })
    assert.equal(find(alone, 'ServiceAccount'), undefined)
    assert.ok(find({ ...alone, revisions: [...alone.revisions, ...settled().revisions] }, 'ServiceAccount'))
  })

  test('lets the operator through its NetworkPolicy only where it is fenced at all', () => {
    const policy = (from: object[] | undefined) =>
      specOf<{ ingress: { from?: object[] }[] }>(
        settled({
          networkPolicy: { enabled: true, ...(from && { from: from as never, metricsFrom: from as never }) },
        }),
        'NetworkPolicy',
      ).ingress.map((rule) => rule.from)
    const operator = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'idgen-system' } } }
    const peer = { podSelector: {} }
    assert.deepEqual(policy([peer]), [
      [peer, operator],
      [peer, operator],
    ])
    assert.deepEqual(policy(undefined), [undefined, [{ namespaceSelector: {} }]])
  })
})

describe('the metrics port', () => {
  const plain = settled({ tls: { mode: 'Required' } })
  const encrypted = settled({ tls: { mode: 'Required', metrics: true } })

  interface Template {
    readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
    readonly spec: {
      readonly containers: readonly {
        readonly env: readonly { readonly name: string; readonly value?: string }[]
        readonly readinessProbe: { readonly httpGet: { readonly scheme: string } }
      }[]
    }
  }
  const podOf = (installation: Installation) => {
    const name = `orders-${installation.revisions[0]?.revision}`
    const { template } = specOf<{ template: Template }>(installation, 'Deployment', name)
    const [container] = template.spec.containers
    return {
      scheme: container?.readinessProbe.httpGet.scheme,
      variable: container?.env.find((one) => one.name === 'IDGEN_SERVER_METRICS_TLS')?.value,
      annotation: template.metadata.annotations['idgen.io/metrics-scheme'],
    }
  }
  const scrapeOf = (installation: Installation) => {
    const spec = specOf<{ endpoints: { tlsConfig?: object; relabelings?: object[] }[] }>(
      installation,
      'ServiceMonitor',
    )
    return { tlsConfig: spec.endpoints[0]?.tlsConfig, relabelings: spec.endpoints[0]?.relabelings }
  }
  const portOf = (installation: Installation) =>
    specOf<{ ports: { appProtocol: string }[] }>(installation, 'Service', 'orders-metrics').ports[0]

  test('speaks TLS where the spec says so, and all who ask it do, too', () => {
    assert.deepEqual(podOf(encrypted), { scheme: 'HTTPS', variable: 'true', annotation: 'https' })
    assert.equal(portOf(encrypted)?.appProtocol, 'https')
    const sourceLabels = ['__meta_kubernetes_pod_annotation_idgen_io_metrics_scheme']
    assert.deepEqual(scrapeOf(encrypted), {
      tlsConfig: {
        serverName: 'orders.shop.svc',
        ca: { configMap: { name: 'orders-ca', key: 'ca.crt' } },
      },
      relabelings: [{ sourceLabels, regex: 'https', targetLabel: '__scheme__', replacement: 'https' }],
    })
    const { caCertificate: _, ...byPublicAuthority } = encrypted
    assert.deepEqual(scrapeOf(byPublicAuthority).tlsConfig, { serverName: 'orders.shop.svc' })
  })

  test('speaks none by itself, and then nothing says a word about it', () => {
    assert.deepEqual(podOf(plain), { scheme: 'HTTP', variable: undefined, annotation: undefined })
    assert.deepEqual(scrapeOf(plain), { tlsConfig: undefined, relabelings: undefined })
    const off = settled({ tls: { mode: 'Required', metrics: false } })
    assert.equal(off.revisions[0]?.revision, plain.revisions[0]?.revision, 'the same as not said')
  })

  test('is asked as each pod was made while a canary is on its way, in both directions', () => {
    const revisions = [...plain.revisions, ...encrypted.revisions]
    for (const installation of [plain, encrypted]) {
      const both = { ...installation, revisions }
      assert.deepEqual(scrapeOf(both), scrapeOf(encrypted))
    }
  })
})

describe('routes', () => {
  const weights = (installation: Installation, kind = 'HTTPRoute') =>
    specOf<{ rules: { backendRefs: { name: string; weight: number; port: number }[] }[] }>(
      installation,
      kind,
    ).rules[0]?.backendRefs.map(({ name, weight, port }) => `${name}:${port} ${weight}`)

  test('give the canary exactly its share', () => {
    const installation = underWay({ gateway: GATEWAY })
    assert.deepEqual(weights(installation), ['orders-stable:8080 95', 'orders-canary:8080 5'])
    assert.deepEqual(weights({ ...installation, canaryWeight: 0 }), [
      'orders-stable:8080 100',
      'orders-canary:8080 0',
    ])
    assert.deepEqual(weights(installation, 'GRPCRoute'), ['orders-stable:50051 95', 'orders-canary:50051 5'])
  })

  test('go on by the Service of the canary after a promotion, when both select the same pods', () => {
    const installation = { ...settled({ gateway: GATEWAY }), canaryWeight: 100 }
    assert.deepEqual(weights(installation), ['orders-stable:8080 0', 'orders-canary:8080 100'])
    const selectors = ['orders-stable', 'orders-canary'].map((name) =>
      specOf<object>(installation, 'Service', name),
    )
    assert.deepEqual(selectors[0], selectors[1])
  })

  test('and Services change before any pod is taken away', () => {
    const kinds = render(underWay({ gateway: GATEWAY })).objects.map(({ kind }) => kind)
    for (const kind of ['HTTPRoute', 'GRPCRoute', 'Service'])
      assert.ok(kinds.lastIndexOf(kind) < kinds.indexOf('Deployment'), kind)
  })

  test('speak TLS to the pods where HTTP only redirects', () => {
    const installation = settled({ gateway: GATEWAY, tls: { mode: 'Required' } })
    assert.deepEqual(weights(installation), ['orders-stable:8443 100', 'orders-canary:8443 0'])
    const { validation } = specOf<{ validation: object }>(installation, 'BackendTLSPolicy')
    const caCertificateRefs = [{ group: '', kind: 'ConfigMap', name: 'orders-ca' }]
    assert.deepEqual(validation, { hostname: 'orders-stable.shop.svc', caCertificateRefs })
  })

  test('know the pods by a name of all their certificates while those are two', () => {
    const tls = { mode: 'Required' as const, secretName: 'mine', dnsNames: ['ids.example'] }
    const installation = settled({ gateway: GATEWAY, tls })
    const names = [{}, { backendName: 'orders.shop.svc' }].map((name) => {
      const policy = specOf<{ validation: { hostname: string } }>(
        { ...installation, ...name },
        'BackendTLSPolicy',
      )
      return policy.validation.hostname
    })
    assert.deepEqual(names, ['ids.example', 'orders.shop.svc'])
  })

  test('trust public authorities where the certificate comes with none', () => {
    const { caCertificate: _, ...installation } = settled({
      gateway: GATEWAY,
      tls: { mode: 'Required', secretName: 'mine', dnsNames: ['ids.example'] },
    })
    const { validation } = specOf<{ validation: object }>(installation, 'BackendTLSPolicy')
    assert.deepEqual(validation, { hostname: 'ids.example', wellKnownCACertificates: 'System' })
  })
})

describe('what a cluster lacks', () => {
  test('is told where it was asked for, and left out in silence where it is a default', () => {
    const spec = { tls: { mode: 'Required' as const, issuerRef: ISSUER }, gateway: GATEWAY }
    const { objects, remarks, unwanted } = render({ ...settled(spec), optionalKinds: new Set() })
    assert.deepEqual(
      remarks.map(({ message }) => message.split(' ', 3).join(' ')),
      [
        'spec.tls.issuerRef needs Certificate',
        ...['BackendTLSPolicy', 'HTTPRoute', 'GRPCRoute'].map((kind) => `spec.gateway needs ${kind}`),
      ],
    )
    assert.ok(objects.every(({ kind }) => !/Route|Certificate|Monitor|Rule/.test(kind)))
    assert.ok(
      unwanted.every(({ kind }) => !/Route|Certificate|Monitor|Rule|Alertmanager|TLS/.test(kind.kind)),
    )
  })

  test('is not missed when nothing asks for it', () => {
    assert.deepEqual(render({ ...settled(), optionalKinds: new Set() }).remarks, [])
  })
})

describe('what is switched off', () => {
  test('is named, so that it is deleted', () => {
    const { unwanted } = render(
      settled({
        networkPolicy: { enabled: false },
        podDisruptionBudget: { enabled: false, maxUnavailable: 1 },
        monitoring: { ...DEFAULT_SPEC.monitoring, serviceMonitor: false, prometheusRule: false },
      }),
    )
    const names = unwanted.map(({ kind, name }) => `${kind.kind} ${name}`)
    for (const kind of [
      'NetworkPolicy',
      'PodDisruptionBudget',
      'ServiceMonitor',
      'PrometheusRule',
      'Ingress',
    ])
      assert.ok(names.includes(`${kind} orders`), kind)
  })

  test('goes with its revision: all that the revision is made of', () => {
    const installation = settled()
    const revision = installation.revisions[0]?.revision ?? ''
    const names = revisionReferences('orders', revision).map(({ kind, name }) => `${kind.kind} ${name}`)
    const made = render(installation).objects.filter(({ metadata }) => metadata.name.endsWith(revision))
    assert.deepEqual(
      made.map(({ kind, metadata }) => `${kind} ${metadata.name}`).filter((name) => !names.includes(name)),
      [],
    )
    assert.ok(names.includes(`Job orders-migrate-${revision}`))
  })
})

describe('the volume of the audit file', () => {
  const podsOf = (spec: Parameters<typeof settled>[0]) => {
    const installation = settled(spec)
    const deployment = render(installation).objects.find(({ kind }) => kind === 'Deployment')
    assert.ok(deployment)
    const { template } = deployment['spec'] as { readonly template: { readonly spec: PodParts } }
    return template.spec
  }
  interface PodParts {
    readonly securityContext: object
    readonly volumes: readonly { readonly name: string }[]
    readonly containers: readonly [
      {
        readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[]
        readonly securityContext: { readonly readOnlyRootFilesystem: boolean }
      },
    ]
  }

  test('is mounted where the pods write, belongs to their group, and leaves their root read-only', () => {
    const ephemeral = { volumeClaimTemplate: { spec: { resources: { requests: { storage: '1Gi' } } } } }
    for (const source of [
      { persistentVolumeClaim: { claimName: 'audit' } },
      { ephemeral },
      { csi: { driver: 'files.example.com' } },
      { emptyDir: { sizeLimit: '1Gi' } },
    ]) {
      const { volumes, containers, securityContext } = podsOf({ auditFile: source })
      assert.deepEqual(
        volumes.find(({ name }) => name === 'idgen-audit'),
        { name: 'idgen-audit', ...source },
      )
      const [{ volumeMounts, securityContext: own }] = containers
      assert.deepEqual(
        volumeMounts.filter(({ name }) => name === 'idgen-audit'),
        [{ name: 'idgen-audit', mountPath: '/var/lib/idgen/audit' }],
      )
      assert.equal(own.readOnlyRootFilesystem, true)
      assert.deepEqual(securityContext, {
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
        fsGroup: 65_532,
        fsGroupChangePolicy: 'OnRootMismatch',
      })
    }
  })

  test('is nobody else’s name and place where there is one, and changes nothing where there is none', () => {
    const pod = {
      ...DEFAULT_SPEC.pod,
      volumes: [{ name: 'idgen-audit', emptyDir: {} }],
      volumeMounts: [{ name: 'idgen-audit', mountPath: '/var/lib/idgen/audit' }],
    }
    const mine = podsOf({ pod })
    assert.deepEqual(mine.volumes.at(-1), pod.volumes[0])
    assert.ok(!('fsGroup' in mine.securityContext))
    const both = podsOf({ pod, auditFile: { persistentVolumeClaim: { claimName: 'audit' } } })
    assert.equal(both.volumes.filter(({ name }) => name === 'idgen-audit').length, 1)
    assert.equal(both.containers[0].volumeMounts.filter(({ name }) => name === 'idgen-audit').length, 1)
  })
})

test('remarks on a revision say which settings have no effect', () => {
  const full = SAMPLES['full']?.()
  const reasons = (full?.revisions[0] ? remarksOn(full.revisions[0].record.inputs) : []).map(
    ({ reason }) => reason,
  )
  assert.deepEqual(reasons, [
    'ConfigIgnored',
    'ConfigIgnored',
    'PodSettingIgnored',
    'PodSettingIgnored',
    'PodSettingIgnored',
  ])
  const minimal = settled().revisions[0]
  assert.deepEqual(minimal && remarksOn(minimal.record.inputs), [])
})

test('the certificate is good for every Service, and for the names that people add', () => {
  const names = certificateNames(
    sampleGenerator({ tls: { mode: 'Optional', dnsNames: ['ids.example', 'localhost'] } }),
  )
  for (const name of [
    'orders.shop.svc',
    'orders-canary.shop.svc.cluster.local',
    'orders-stable',
    'ids.example',
  ])
    assert.ok(names.includes(name), name)
  assert.deepEqual(names, [...new Set(names)])
})
