import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BIZ_TAG, ID_GENERATOR } from '../../operator/api/kinds.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { KubeError } from '../../operator/runtime/kube-client.ts'
import { newNamespace } from './cluster-world.ts'
import { FIXED, OUT_OF_BOUNDS, REFUSED, REFUSED_NAMES } from './crd-rules.ts'
import {
  bizTag,
  type Definition,
  definitions,
  idGenerator,
  installDefinitions,
  ResourceNamespace,
} from './custom-resources.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

const missing = missingPrograms('kube-apiserver')

describe('the definitions on a real API server', { skip: missing ?? false }, () => {
  let api: KubeApi
  let client: HttpKubeClient
  let installed: Definition[]
  let namespace: ResourceNamespace
  before(async () => {
    api = await KubeApi.start()
    client = api.client()
    installed = await installDefinitions(client)
    namespace = new ResourceNamespace(client, await newNamespace(client))
  })
  after(() => api.close())

  /** What the server says against it; "" where it takes it. Nothing is stored. */
  async function objection(call: Promise<unknown>): Promise<string> {
    try {
      await call
      return ''
    } catch (thrown) {
      assert.ok(thrown instanceof KubeError, String(thrown))
      assert.equal(thrown.status, 422, thrown.message)
      return thrown.message
    }
  }

  test('both are accepted as structural, with affordable rules', () => {
    assert.equal(installed.length, 2)
    for (const { metadata, status } of installed) {
      const conditions = Object.fromEntries(
        (status?.conditions ?? []).map(({ type, status }) => [type, status]),
      )
      assert.equal(conditions['Established'], 'True', JSON.stringify(status))
      assert.equal(conditions['NamesAccepted'], 'True', metadata.name)
      assert.equal(conditions['NonStructuralSchema'], undefined, metadata.name)
    }
  })

  test('a generator with a database alone gets everything else', async () => {
    const { spec } = await namespace.create(ID_GENERATOR, idGenerator('defaults'), {
      dryRun: 'All',
      fieldValidation: 'Strict',
    })
    assert.deepEqual(spec, {
      allowedNamespaces: { from: 'Same' },
      alerts: { capacityPerSecond: 1_000_000, errorPercent: '1', p99Milliseconds: 10 },
      auth: {},
      canary: {
        abortScaleDownDelay: '30s',
        analysis: {
          enabled: true,
          errorLimit: 5,
          failureLimit: 2,
          initialDelay: '1m',
          interval: '30s',
          metrics: [
            { name: 'errorRate', max: '0.01' },
            { name: 'p99Milliseconds', max: '10', maxRatioToStable: '2' },
            { name: 'degradedShare', max: '0.01' },
          ],
          minSamples: 100,
          onNoData: 'Proceed',
          provider: 'Scrape',
        },
        progressDeadline: '10m',
        steps: [
          { weight: 5, hold: '24h', requireApproval: false },
          { weight: 50, hold: '24h', requireApproval: false },
          { weight: 100, hold: '0s', requireApproval: false },
        ],
        strategy: 'Canary',
      },
      database: { migrate: true, secret: { key: 'url', name: 'orders-database' } },
      datacenter: 0,
      imagePullPolicy: 'IfNotPresent',
      monitoring: { interval: '5s', prometheusRule: true, serviceMonitor: true },
      networkPolicy: { enabled: true },
      pod: {
        resources: { limits: { memory: '1Gi' }, requests: { cpu: '500m', memory: '256Mi' } },
        terminationGracePeriodSeconds: 45,
      },
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
      replicas: 3,
      revisionHistoryLimit: 3,
      service: { type: 'ClusterIP' },
      suspend: false,
      tls: { mode: 'Optional' },
    })
  })

  test('a tag that names its path alone is retained when its object goes', async () => {
    const { spec } = await namespace.create(BIZ_TAG, bizTag('defaults'), {
      dryRun: 'All',
      fieldValidation: 'Strict',
    })
    assert.deepEqual(spec, { ...bizTag('defaults').spec, deletionPolicy: 'Retain' })
  })

  test('every kind of format is taken', async () => {
    const formats = [
      { prefix: 'INV-', reset: 'day', width: 6, separator: '-', utcOffsetMinutes: 480, suffix: '/EU' },
      { radix: 62, width: 6, shuffleKey: '0f'.repeat(16) },
      { radix: 36, check: 'iso7064' },
    ]
    for (const format of formats) {
      const object = bizTag('format', { algorithm: 'segment', space: { dcCount: 1, format } })
      const { spec } = await namespace.create(BIZ_TAG, object, { dryRun: 'All', fieldValidation: 'Strict' })
      assert.deepEqual(spec['space'], { dcCount: 1, format })
    }
    const layout = { unitMs: 10, timeBits: 38, dcBits: 3, workerBits: 8, sequenceBits: 4, epochMs: 0 }
    const numbers = { chain: ['snowflake', 'uuid-v7'], space: { format: { snowflake: layout } } }
    const { spec } = await namespace.create(BIZ_TAG, bizTag('layout', numbers), {
      dryRun: 'All',
      fieldValidation: 'Strict',
    })
    assert.deepEqual(spec['space'], numbers.space)
    const mixed = bizTag('mixed', { chain: ['segment', 'snowflake'], space: { format: { prefix: 'A' } } })
    await namespace.create(BIZ_TAG, mixed, { dryRun: 'All' })
  })

  const seen = new Set<string>()

  for (const [resource, what, spec, message] of REFUSED)
    test(`${resource.kind} refuses ${what} and says what to do`, async () => {
      const object = resource === ID_GENERATOR ? idGenerator('refused', spec) : bizTag('refused', spec)
      const said = await objection(
        namespace.create(resource, object, { dryRun: 'All', fieldValidation: 'Strict' }),
      )
      assert.ok(said.includes(message), said || 'it was taken')
      seen.add(`${resource.kind}: ${message}`)
    })

  for (const [name, message] of REFUSED_NAMES)
    test(`IdGenerator refuses the name ${name} and says what to do`, async () => {
      const said = await objection(namespace.create(ID_GENERATOR, idGenerator(name), { dryRun: 'All' }))
      assert.ok(said.includes(message), said || 'it was taken')
      seen.add(`IdGenerator: ${message}`)
    })

  FIXED.forEach(([resource, what, from, to, message], i) => {
    test(`${resource.kind} refuses a change to ${what}`, async () => {
      const made = (spec: object) =>
        resource === ID_GENERATOR ? idGenerator(`fixed-${i}`, spec) : bizTag(`fixed-${i}`, spec)
      await namespace.apply(resource, made(from))
      assert.ok((await objection(namespace.apply(resource, made(to)))).includes(message))
      seen.add(`${resource.kind}: ${message}`)
    })
  })

  test('every rule of the definitions stands in the tables above', () => {
    const rules = definitions().flatMap((definition) =>
      messagesOf(definition).map((message) => `${definition.spec.names.kind}: ${message}`),
    )
    assert.ok(rules.length > 15)
    assert.deepEqual(
      rules.filter((rule) => !seen.has(rule)),
      [],
    )
  })

  test('what may change may change, etcd may come later, and a generator may be small', async () => {
    const name = 'changing'
    await namespace.apply(ID_GENERATOR, idGenerator(name, { datacenter: 7 }))
    const etcd = { endpoints: ['http://a:2379'] }
    const changed = await namespace.apply(
      ID_GENERATOR,
      idGenerator(name, { datacenter: 7, etcd, replicas: 0, podDisruptionBudget: { maxUnavailable: '25%' } }),
      'kubectl',
    )
    assert.equal(changed.metadata.generation, 2)
    await namespace.apply(BIZ_TAG, bizTag(name, { step: { base: 5 }, space: { startAt: 5 } }))
    await namespace.apply(
      BIZ_TAG,
      bizTag(name, { chain: ['segment', 'uuid-v7'], deletionPolicy: 'Purge', space: { startAt: 5 } }),
      'kubectl',
    )
  })

  test('values that make no sense are refused where they stand', async () => {
    for (const [resource, spec, field] of OUT_OF_BOUNDS) {
      const object = resource === ID_GENERATOR ? idGenerator('bad', spec) : bizTag('bad', spec)
      const said = await objection(namespace.create(resource, object, { dryRun: 'All' }))
      assert.ok(said.includes(field), `${JSON.stringify(spec)}: ${said}`)
    }
    const long = idGenerator('x'.repeat(41))
    assert.match(await objection(namespace.create(ID_GENERATOR, long, { dryRun: 'All' })), /metadata\.name/)
  })

  test('an unknown field is dropped, and strict validation names it', async () => {
    const body = idGenerator('typo', { replica: 5, config: { snowflake: { window: '1m' } } })
    await assert.rejects(
      namespace.create(ID_GENERATOR, body, { dryRun: 'All', fieldValidation: 'Strict' }),
      /unknown field "spec.replica"/,
    )
    const { spec } = await namespace.create(ID_GENERATOR, body, { dryRun: 'All', fieldValidation: 'Ignore' })
    assert.equal(spec['replica'], undefined)
    assert.deepEqual(spec['config'], { snowflake: { window: '1m' } })
  })
})

/** The messages of all rules, wherever they stand. */
function messagesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'x-kubernetes-validations'
      ? (inner as { message: string }[]).map(({ message }) => message)
      : messagesOf(inner),
  )
}
