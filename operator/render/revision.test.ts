import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { IdGenerator } from '../api/kinds.ts'
import { canonicalJson } from './canonical-json.ts'
import { newRevision } from './new-revision.ts'
import { DEFAULT_SPEC, sampleGenerator } from './sample-installations.ts'

type Spec = IdGenerator['spec']

const revision = (spec: Partial<Spec> = {}, image = 'registry.example/idgen:1'): string =>
  newRevision(sampleGenerator(spec), { image }).revision

const CLIENTS = {
  authoritySecret: { name: 'clients', key: 'ca.crt' },
  allowed: [{ name: 'a', certificate: 'CN:a', scopes: ['issue' as const] }],
}

describe('the revision', () => {
  test('is ten hexadecimal digits, the same for as long as pods are rendered the same', () => {
    assert.match(revision(), /^[0-9a-f]{10}$/)
    const then =
      'with another one, the next upgrade of the operator starts a canary on every installation there is'
    assert.equal(revision(), '62affca0b7', then)
  })

  test('rests on nothing of the IdGenerator but its spec and name', () => {
    const generator = sampleGenerator()
    const { metadata } = generator
    const other = { ...generator, metadata: { ...metadata, uid: 'other', namespace: 'other', generation: 9 } }
    const image = 'registry.example/idgen:1'
    assert.deepEqual(newRevision(other, { image }), newRevision(generator, { image }))
  })

  const pods: Partial<Spec>[] = [
    { image: 'registry.example/idgen:2' },
    { imagePullPolicy: 'Always' },
    { imagePullSecrets: [{ name: 'a' }] },
    { datacenter: 1 },
    { database: { secret: { name: 'other', key: 'url' }, migrate: true } },
    { database: { ...DEFAULT_SPEC.database, tls: { secretName: 'authorities' } } },
    { database: { ...DEFAULT_SPEC.database, pool: { max: 3, min: 1 } } },
    { etcd: { endpoints: ['http://etcd:2379'], prefix: '/idgen' } },
    { redis: { endpoints: ['redis://cache'], cluster: false } },
    { config: { log: { level: 'debug' } } },
    { tls: { mode: 'Required' } },
    { resp: { enabled: true } },
    { ui: { enabled: false } },
    { ui: { enabled: true } },
    { ui: { grafanaUrl: 'https://grafana.example' } },
    { ui: { enabled: true, grafanaUrl: 'https://grafana.example' } },
    { limits: { shared: true } },
    { limits: { shared: false } },
    { auditFile: { emptyDir: {} } },
    { auditFile: { persistentVolumeClaim: { claimName: 'audit' } } },
    { redis: { endpoints: ['rediss://cache'], cluster: false, tls: { secretName: 'cache' } } },
    { auth: { clients: CLIENTS } },
    { tls: { mode: 'Optional', secretName: 'mine' } },
    { auth: { adminKeySecret: { name: 'mine', key: 'k' } } },
    { pod: { ...DEFAULT_SPEC.pod, labels: { a: 'b' } } },
    { pod: { ...DEFAULT_SPEC.pod, terminationGracePeriodSeconds: 46 } },
  ]
  for (const spec of pods)
    test(`changes with what pods depend on: ${JSON.stringify(spec).slice(0, 60)}`, () => {
      assert.notEqual(revision(spec), revision())
    })

  const surroundings: Partial<Spec>[] = [
    { replicas: 9 },
    { autoscaling: { minReplicas: 1, maxReplicas: 2, targetCPUUtilizationPercentage: 50 } },
    { canary: { ...DEFAULT_SPEC.canary, strategy: 'Immediate' } },
    { alerts: { ...DEFAULT_SPEC.alerts, p99Milliseconds: 99 } },
    { service: { type: 'LoadBalancer' } },
    { ui: {} },
    { limits: {} },
    { ingress: { hosts: ['a.example'], path: '/' } },
    { tls: { mode: 'Optional', dnsNames: ['a.example'] } },
    { defaults: { algorithm: 'snowflake' } },
    { monitoring: { ...DEFAULT_SPEC.monitoring, serviceMonitor: false } },
    { networkPolicy: { enabled: false } },
    { resp: { enabled: false } },
    { podDisruptionBudget: { enabled: false, maxUnavailable: 1 } },
    { allowedNamespaces: { from: 'All' } },
    { revisionHistoryLimit: 0, suspend: true },
  ]
  for (const spec of surroundings)
    test(`stays when pods do not change: ${JSON.stringify(spec).slice(0, 60)}`, () => {
      assert.equal(revision(spec), revision())
    })

  test('changes with the operator’s image only where the spec names none', () => {
    assert.notEqual(revision({}, 'registry.example/idgen:2'), revision())
    const image = 'registry.example/mine'
    assert.equal(revision({ image }, 'registry.example/idgen:2'), revision({ image }))
  })

  test('is the same whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.infiniteStream(fc.nat()), (value, numbers) => {
        const shuffled = (part: unknown): unknown => {
          if (Array.isArray(part)) return part.map(shuffled)
          if (typeof part !== 'object' || part === null) return part
          const order = new Map(Object.keys(part).map((key) => [key, numbers.next().value ?? 0]))
          const entries = Object.entries(part).sort(([a], [b]) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
          return Object.fromEntries(entries.map(([key, field]) => [key, shuffled(field)]))
        }
        assert.equal(canonicalJson(shuffled(value)), canonicalJson(value))
        assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
