import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { IdGenerator } from '../api/kinds.ts'
import { canonicalJson } from './canonical-json.ts'
import { revisionInputs, revisionOf } from './revision.ts'
import { inputsOf, revisionParts } from './revision-objects.ts'
import { DEFAULT_SPEC, sampleGenerator, sampleRevision } from './sample-installations.ts'

type Spec = IdGenerator['spec']

const revision = (spec: Partial<Spec> = {}, image = 'registry.example/idgen:1'): string =>
  revisionOf(revisionInputs(sampleGenerator(spec), { image }))

describe('the revision', () => {
  test('is ten hexadecimal digits, the same for ever', () => {
    assert.match(revision(), /^[0-9a-f]{10}$/)
    assert.equal(revision(), '15210eac98', 'another hash would start a canary on every installation there is')
  })

  const pods: Partial<Spec>[] = [
    { image: 'registry.example/idgen:2' },
    { imagePullPolicy: 'Always' },
    { imagePullSecrets: [{ name: 'a' }] },
    { datacenter: 1 },
    { database: { secret: { name: 'other', key: 'url' }, migrate: true } },
    { database: { ...DEFAULT_SPEC.database, pool: { max: 3, min: 1 } } },
    { etcd: { endpoints: ['http://etcd:2379'], prefix: '/idgen' } },
    { redis: { endpoints: ['redis://cache'], cluster: false } },
    { config: { log: { level: 'debug' } } },
    { tls: { mode: 'Required' } },
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
    { ingress: { hosts: ['a.example'], path: '/' } },
    { tls: { mode: 'Optional', dnsNames: ['a.example'] } },
    { defaults: { algorithm: 'snowflake' } },
    { monitoring: { ...DEFAULT_SPEC.monitoring, serviceMonitor: false } },
    { networkPolicy: { enabled: false } },
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

describe('a ControllerRevision', () => {
  test('gives the inputs back as they were, through JSON', () => {
    const generator = sampleGenerator({ config: { log: { level: 'debug' } } })
    const made = sampleRevision(generator)
    const [record] = revisionParts(generator, made)
    const inputs = inputsOf(JSON.parse(JSON.stringify(record)) as { data: unknown })
    assert.deepEqual(inputs, made.inputs)
    assert.equal(inputs && revisionOf(inputs), made.revision)
  })

  test('of somebody else has no inputs', () => {
    for (const data of [undefined, null, {}, { inputs: 7 }, { inputs: { image: 'x' } }])
      assert.equal(inputsOf({ data }), undefined)
  })
})
