import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ID_GENERATOR, type IdGenerator } from '../../operator/api/kinds.ts'
import type { Installation } from '../../operator/render/installation.ts'
import { migrationJob } from '../../operator/render/migration-job.ts'
import { NAMES } from '../../operator/render/names.ts'
import { KINDS, OPTIONAL_KINDS } from '../../operator/render/object-kinds.ts'
import { render } from '../../operator/render/render.ts'
import type { RenderedObject } from '../../operator/render/rendered-object.ts'
import { DEFAULT_SPEC, SAMPLES, settled } from '../../operator/render/sample-installations.ts'
import { Applier } from '../../operator/runtime/apply.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { apiVersion, collectionPath, type KubeObject, objectPath } from '../../operator/runtime/resource.ts'
import { define, foreignDefinitions } from './foreign-kinds.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

const missing = missingPrograms('kube-apiserver')
const foreign = missing === undefined ? foreignDefinitions() : { missing }
const ROOT = join(import.meta.dirname, '../..')

/** A namespace that refuses pods which are not restricted. */
async function restrictedNamespace(client: HttpKubeClient, name: string): Promise<void> {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }
  await client.send({ method: 'POST', path: '/api/v1/namespaces', body })
}

/** The sample in a namespace, without kinds that the server lacks. */
function placed(sample: Installation, namespace: string): Installation {
  const { generator, optionalKinds } = sample
  return {
    ...sample,
    generator: { ...generator, metadata: { ...generator.metadata, namespace } },
    optionalKinds: 'files' in foreign ? optionalKinds : new Set(),
  }
}

/** Without what the server gives each object for itself. */
function essence(object: KubeObject): unknown {
  const { metadata, ...fields } = object
  const { labels, annotations } = metadata
  const text = JSON.stringify({ labels, annotations, ...fields }, (key, value: unknown) =>
    /^(?:clusterIPs?|nodePort|healthCheckNodePort|status|deployment\.kubernetes\.io.*)$/.test(key) &&
    value !== 'None'
      ? undefined
      : value,
  )
  return JSON.parse(text.replaceAll(metadata.namespace ?? '', 'here')) as unknown
}

function allObjects(installation: Installation): readonly RenderedObject[] {
  const jobs = installation.revisions.map((revision) => migrationJob(installation.generator, revision))
  return [...render(installation).objects, ...jobs]
}

function kindOf({ apiVersion: version, kind }: RenderedObject) {
  const found = Object.values(KINDS).find((each) => each.kind === kind && apiVersion(each) === version)
  assert.ok(found, `${version} ${kind} is a known kind`)
  return found
}

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('rendered objects on a real API server', { skip: missing }, () => {})
if ('missing' in foreign)
  test('objects of kinds that a cluster may lack', { skip: foreign.missing }, () => {})

describe('rendered objects on a real API server', { skip: missing !== undefined }, () => {
  let api: KubeApi
  let client: HttpKubeClient
  before(async () => {
    api = await KubeApi.start()
    client = api.client()
    await define(client, [join(ROOT, 'crds/idgen.io_idgenerators.yaml')], [ID_GENERATOR])
    if ('files' in foreign)
      await define(
        client,
        foreign.files,
        OPTIONAL_KINDS.map((kind) => KINDS[kind]),
      )
    // The sample with everything names one.
    const body = {
      apiVersion: 'node.k8s.io/v1',
      kind: 'RuntimeClass',
      metadata: { name: 'gvisor' },
      handler: 'runsc',
    }
    await client.send({ method: 'POST', path: '/apis/node.k8s.io/v1/runtimeclasses', body })
  })
  after(async () => {
    await api?.close()
  })

  for (const [name, sample] of Object.entries(SAMPLES)) {
    const namespace = `place-${name}`
    test(`the sample ${name} is a spec that the server takes`, async () => {
      const { apiVersion: version, kind, metadata, spec } = sample().generator
      const body = { apiVersion: version, kind, metadata: { name: metadata.name }, spec }
      const query = { dryRun: 'All', fieldValidation: 'Strict' }
      await client.send({ method: 'POST', path: collectionPath(ID_GENERATOR, 'default'), query, body })
    })

    test(`the objects of ${name} are valid to the last field, and applying them again changes nothing`, async () => {
      await restrictedNamespace(client, namespace)
      const applier = new Applier({ client, fieldManager: 'idgen-operator' })
      for (const object of allObjects(placed(sample(), namespace))) {
        const kind = kindOf(object)
        const path = objectPath(kind, `${namespace}/${object.metadata.name}`)
        const query = { fieldManager: 'idgen-operator', dryRun: 'All', fieldValidation: 'Strict' }
        await client.send({
          method: 'PATCH',
          path,
          query,
          body: object,
          contentType: 'application/apply-patch+yaml',
        })
        const first = await applier.apply<KubeObject>(kind, object)
        const second = await applier.apply<KubeObject>(kind, object)
        assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion, path)
      }
    })

    test(`pods of ${name} are let into a namespace for restricted ones`, async () => {
      const pods = allObjects(placed(sample(), namespace)).filter(
        ({ kind }) => kind === 'Deployment' || kind === 'Job',
      )
      assert.ok(pods.length >= 2)
      for (const { metadata, spec } of pods) {
        const { template } = spec as { template: { metadata: object; spec: object } }
        const about = { ...template.metadata, name: metadata.name, namespace }
        const body = { apiVersion: 'v1', kind: 'Pod', metadata: about, spec: template.spec }
        const path = `/api/v1/namespaces/${namespace}/pods`
        await client.send({ method: 'POST', path, query: { dryRun: 'All', fieldValidation: 'Strict' }, body })
      }
    })
  }

  test('an installation may become any other one, and nothing of the old one is left in its objects', async () => {
    await restrictedNamespace(client, 'place-of-changes')
    const applier = new Applier({ client, fieldManager: 'idgen-operator' })
    const names = Object.keys(SAMPLES)
    // Each after the one before, and all of them back again.
    for (const name of [...names, ...names.toReversed()]) {
      const sample = SAMPLES[name]?.()
      assert.ok(sample)
      for (const object of render(placed(sample, 'place-of-changes')).objects) {
        const kind = kindOf(object)
        const now = await applier.apply<KubeObject>(kind, object)
        const path = objectPath(kind, `place-${name}/${object.metadata.name}`)
        const fresh = await client.send<KubeObject>({ method: 'GET', path })
        assert.deepEqual(essence(now), essence(fresh), path)
      }
    }
  })

  test('no IdGenerator may be called like a Service of another one', async () => {
    const { apiVersion: version, kind, spec } = settled().generator
    const create = (name: string) =>
      client.send({
        method: 'POST',
        path: collectionPath(ID_GENERATOR, 'default'),
        query: { dryRun: 'All' },
        body: { apiVersion: version, kind, metadata: { name }, spec },
      })
    for (const name of [NAMES.stable('a'), NAMES.canary('a'), NAMES.metrics('a')])
      await assert.rejects(create(name), /must not end in -stable, -canary or -metrics/, name)
    await create('stable')
    await create('a-stable-b')
  })

  test('what samples take for defaults is what the server fills in', async () => {
    const made = await client.send<IdGenerator>({
      method: 'POST',
      path: collectionPath(ID_GENERATOR, 'default'),
      query: { dryRun: 'All' },
      body: {
        apiVersion: 'idgen.io/v1alpha1',
        kind: 'IdGenerator',
        metadata: { name: 'orders' },
        spec: { database: { secret: { name: 'orders-database' } } },
      },
    })
    assert.deepEqual(made.spec, DEFAULT_SPEC)
  })

  test('the server has every kind where it is looked for', async () => {
    const optional: readonly string[] = OPTIONAL_KINDS
    for (const kind of Object.values(KINDS)) {
      if ('missing' in foreign && optional.includes(kind.kind)) continue
      const root = kind.group === '' ? '/api' : `/apis/${kind.group}`
      const { resources } = await client.send<{
        resources: { name: string; kind: string; namespaced: boolean }[]
      }>({
        method: 'GET',
        path: `${root}/${kind.version}`,
      })
      assert.ok(
        resources.some((each) => each.name === kind.plural && each.kind === kind.kind && each.namespaced),
      )
    }
  })
})
