import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { migrationJob } from './migration-job.ts'
import { newRevision } from './new-revision.ts'
import { revisionParts } from './revision-objects.ts'
import { isSameSpec, podTemplate, recordOf } from './revision-record.ts'
import { SAMPLES, sampleGenerator, sampleRevision } from './sample-installations.ts'

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

/** The pods as another version of the operator would have made them. */
const elsewhere = () => {
  const made = sampleRevision(sampleGenerator(), 3)
  const { inputs, pods } = made.record
  const template = { ...pods.template, spec: { containers: [{ name: 'old', image: 'old' }] } }
  return { ...made, revision: 'elsewhere1', record: { inputs, pods: { template, config: 'old: 1\n' } } }
}

describe('the record of a revision', () => {
  test('gives the revision back as it was, through JSON', () => {
    const generator = sampleGenerator({ config: { log: { level: 'debug' } } })
    const made = sampleRevision(generator)
    const [object] = revisionParts(generator, made)
    assert.deepEqual(recordOf(json({ data: object?.['data'] })), json(made.record))
  })

  test('decides the pods and their configuration, whoever made it', () => {
    const revision = elsewhere()
    const [record, configMap, deployment] = revisionParts(sampleGenerator(), revision)
    assert.deepEqual(record?.['data'], revision.record)
    assert.deepEqual(configMap?.['data'], { 'idgen.yaml': 'old: 1\n' })
    assert.ok(deployment)
    const { template } = deployment['spec'] as { readonly template: { readonly spec: object } }
    assert.deepEqual(template.spec, { containers: [{ name: 'old', image: 'old' }] })
  })

  test('is kept whole, with what a later operator added to it', () => {
    const { record } = elsewhere()
    const later = { ...record, later: 1, pods: { ...record.pods, later: 2 } }
    assert.deepEqual(recordOf({ data: later }), later)
  })

  test('of the first operator that kept pods is read for ever', () => {
    const inputs = { image: 'x', database: { secret: { name: 'd', key: 'url' }, migrate: true }, pod: {} }
    const pods = { template: { metadata: { labels: {}, annotations: {} }, spec: {} }, config: '' }
    assert.ok(recordOf({ data: { inputs, pods } }))
  })

  test('of somebody else, or without pods, is none', () => {
    const { inputs, pods } = elsewhere().record
    for (const data of [
      undefined,
      null,
      {},
      { inputs: 7 },
      { inputs: { image: 'x' }, pods },
      { inputs },
      { inputs, pods: { config: '' } },
      { inputs, pods: { template: {}, config: '' } },
      { inputs, pods: { template: pods.template } },
    ])
      assert.equal(recordOf({ data }), undefined, JSON.stringify(data))
  })

  test('says the same spec as another one, whatever their pods and the order of keys', () => {
    const { inputs } = elsewhere().record
    const shuffled = Object.fromEntries(Object.entries(inputs).reverse()) as typeof inputs
    assert.ok(isSameSpec(inputs, shuffled))
    assert.equal(isSameSpec(inputs, { ...inputs, datacenter: 5 }), false)
  })
})

describe('the pods of a revision', () => {
  const full = SAMPLES['full']?.().generator ?? sampleGenerator()
  const { revision, record } = newRevision(full, { image: 'x' })

  test('change with the Secrets they read, and with nothing else', () => {
    const before = podTemplate(record.pods, { checksum: 'a', etcdClientCertificate: false })
    const after = podTemplate(record.pods, { checksum: 'b', etcdClientCertificate: false })
    assert.deepEqual(before.spec, after.spec)
    assert.deepEqual(
      [before, after].map(({ metadata }) => metadata.annotations['idgen.io/secrets-checksum']),
      ['a', 'b'],
    )
  })

  test('have a client certificate for etcd while its Secret has one', () => {
    const text = (etcdClientCertificate: boolean): string =>
      JSON.stringify(podTemplate(record.pods, { checksum: 'a', etcdClientCertificate }))
    assert.match(text(true), /IDGEN_ETCD_TLS_KEY_FILE|etcd-tls\/tls\.key/)
    assert.doesNotMatch(text(false), /etcd-tls\/tls\.key/)
    const { pods } = sampleRevision(sampleGenerator()).record
    const secrets = { checksum: 'a', etcdClientCertificate: true }
    assert.deepEqual(podTemplate(pods, secrets).spec, pods.template.spec)
  })

  test('and their migrations bear the name of the revision', () => {
    const secrets = { checksum: 'a', etcdClientCertificate: false }
    const { metadata, spec } = podTemplate(record.pods, secrets)
    assert.equal(metadata.labels['idgen.io/revision'], revision)
    assert.match(JSON.stringify(spec), new RegExp(`"configMap":\\{"name":"orders-${revision}"`))
    const job = migrationJob(full, { revision, record, replicas: undefined, secrets })
    assert.match(JSON.stringify(job), new RegExp(`"configMap":\\{"name":"orders-${revision}"`))
  })
})
