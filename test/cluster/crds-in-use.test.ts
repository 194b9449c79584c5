import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { BIZ_TAG, ID_GENERATOR } from '../../operator/api/kinds.ts'
import type { HttpKubeClient } from '../../operator/runtime/http-kube-client.ts'
import { newNamespace } from './cluster-world.ts'
import {
  type AnyResource,
  bizTag,
  type Definition,
  definitions,
  idGenerator,
  installDefinitions,
  ResourceNamespace,
  type Schema,
} from './custom-resources.ts'
import { KubeApi } from './kube-api.ts'
import { kubeProgram, missingPrograms } from './kube-programs.ts'

const missing = missingPrograms('kube-apiserver', 'kubectl')

describe('the custom resources in use', { skip: missing ?? false }, () => {
  let api: KubeApi
  let client: HttpKubeClient
  let namespace: ResourceNamespace
  before(async () => {
    api = await KubeApi.start()
    client = api.client()
    await installDefinitions(client)
    namespace = new ResourceNamespace(client, await newNamespace(client))
  })
  after(() => api.close())

  async function kubectl(...args: string[]): Promise<string> {
    const program = kubeProgram('kubectl') ?? 'kubectl'
    const all = ['--kubeconfig', await api.kubeconfig(), '--namespace', namespace.name, ...args]
    const { stdout } = await promisify(execFile)(program, all, { timeout: 60_000, env: { HOME: api.folder } })
    return stdout
  }

  test('two managers each keep their own condition and their own data centre', async () => {
    await namespace.apply(BIZ_TAG, bizTag('shared'))
    const one = { conditions: [condition('Ready', 'A')], datacenters: [{ id: 0, highWater: '5' }] }
    const two = { conditions: [condition('Accepted', 'B')], datacenters: [{ id: 1, highWater: '7' }] }
    const later = { conditions: [condition('Ready', 'C')], datacenters: [{ id: 0, highWater: '6' }] }
    await namespace.applyStatus(BIZ_TAG, 'shared', one, 'one')
    await namespace.applyStatus(BIZ_TAG, 'shared', two, 'two')
    const { status } = await namespace.applyStatus(BIZ_TAG, 'shared', later, 'one')
    const conditions = status?.['conditions'] as { type: string; reason: string }[]
    const reasons = Object.fromEntries(conditions.map(({ type, reason }) => [type, reason]))
    assert.deepEqual(reasons, { Ready: 'C', Accepted: 'B' })
    assert.deepEqual(status?.['datacenters'], [
      { id: 0, highWater: '6' },
      { id: 1, highWater: '7' },
    ])
  })

  test('a status is not written with the spec, nor a spec with the status', async () => {
    const body = { ...idGenerator('apart'), status: { replicas: 9 } }
    assert.equal((await namespace.apply(ID_GENERATOR, body)).status, undefined)
    const path = namespace.path(ID_GENERATOR, 'apart', 'status')
    const { spec, status, metadata } = await client.send<AnyResource>({
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: { spec: { replicas: 9 }, status: { replicas: 2 } },
    })
    assert.deepEqual([spec['replicas'], status, metadata.generation], [3, { replicas: 2 }, 1])
  })

  test('the scale of a generator is read and written as that of a Deployment', async () => {
    await namespace.apply(ID_GENERATOR, idGenerator('scaled'))
    const status = { replicas: 2, selector: 'idgen.io/generator=scaled' }
    await namespace.applyStatus(ID_GENERATOR, 'scaled', status)
    const path = namespace.path(ID_GENERATOR, 'scaled', 'scale')
    const scale = await client.send<AnyResource>({ method: 'GET', path })
    assert.deepEqual([scale.spec, scale.status], [{ replicas: 3 }, status])
    await kubectl('scale', 'idg/scaled', '--replicas=5')
    assert.equal((await namespace.get(ID_GENERATOR, 'scaled')).spec['replicas'], 5)
  })

  test('tags are found by the generator that they name', async () => {
    await namespace.create(BIZ_TAG, bizTag('of-orders'))
    await namespace.create(BIZ_TAG, bizTag('of-another', { generatorRef: { name: 'another' } }))
    const found = await kubectl('get', 'bt', '--field-selector=spec.generatorRef.name=another', '-o', 'name')
    assert.equal(found, 'biztag.idgen.io/of-another\n')
  })

  test('kubectl get tells the state at a glance, and more when asked', async () => {
    await namespace.apply(ID_GENERATOR, idGenerator('glance', { datacenter: 2 }))
    await namespace.applyStatus(ID_GENERATOR, 'glance', {
      conditions: [condition('Ready', 'CanaryStep', 'at 5 %')],
      readyOfDesired: '4/4',
      stableRevision: 'aaaaaaaaaa',
      stableImage: 'idgen:1',
      canaryRevision: 'bbbbbbbbbb',
      share: '25% (5% wanted)',
      usedPercent: '0.2',
      bizTags: { ready: 2, total: 3 },
    })
    await namespace.apply(BIZ_TAG, bizTag('glance', { generatorRef: { name: 'glance' } }))
    await namespace.applyStatus(BIZ_TAG, 'glance', {
      conditions: [condition('Ready', 'Synced', 'all is well')],
      path: 'shop/orders/invoice',
      algorithm: 'segment',
      usedPercent: '0.1',
    })
    assert.deepEqual(columns(await kubectl('get', 'idg', 'glance')), [
      'NAME READY REASON REPLICAS REVISION CANARY SHARE USED % AGE'.split(/ (?!%)/),
      ['glance', 'True', 'CanaryStep', '4/4', 'aaaaaaaaaa', 'bbbbbbbbbb', '25% (5% wanted)', '0.2'],
    ])
    assert.deepEqual(columns(await kubectl('get', 'idg', 'glance', '-o', 'wide'))[0]?.slice(8), [
      'DC',
      'IMAGE',
      'TAGS',
      'MESSAGE',
      'AGE',
    ])
    assert.deepEqual(columns(await kubectl('get', 'bt', 'glance', '-o', 'wide')), [
      'NAME READY REASON GENERATOR PATH USED % ALGORITHM DELETION MESSAGE AGE'.split(/ (?!%)/),
      [
        'glance',
        'True',
        'Synced',
        'glance',
        'shop/orders/invoice',
        '0.1',
        'segment',
        'Retain',
        'all is well',
      ],
    ])
    const all = await kubectl('get', 'idgen', '-o', 'name')
    assert.ok(all.includes('idgenerator.idgen.io/glance\n') && all.includes('biztag.idgen.io/glance\n'), all)
  })

  test('kubectl wait sees the condition Ready', async () => {
    await namespace.apply(ID_GENERATOR, idGenerator('waited'))
    const waiting = kubectl('wait', '--for=condition=Ready', 'idg/waited', '--timeout=30s')
    await namespace.applyStatus(ID_GENERATOR, 'waited', { conditions: [condition('Ready', 'AsWanted')] })
    assert.match(await waiting, /condition met/)
  })

  test('kubectl explain describes every field', async () => {
    assert.match(await kubectl('explain', 'bt.spec.deletionPolicy'), /Retain leaves the tag and its numbers/)
    for (const kind of ['idg', 'bt']) {
      const text = await kubectl('explain', kind, '--recursive')
      assert.match(text, /observedGeneration/)
    }
    for (const [kind, path] of definitions().flatMap(undescribed))
      assert.fail(`${kind}: ${path} has no description`)
  })
})

/** Fields that `kubectl explain` would say nothing about; those of every object are Kubernetes' own. */
function undescribed({ spec }: Definition): [string, string][] {
  const walk = (schema: Schema, path: string): string[] => [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
      ...(field.description === undefined ? [`${path}.${name}`] : []),
      ...walk(field, `${path}.${name}`),
    ]),
    ...(schema.items === undefined ? [] : walk(schema.items, `${path}[]`)),
  ]
  const schema = spec.versions[0]?.schema.openAPIV3Schema ?? {}
  return walk(schema, '')
    .filter((path) => !/^\.(?:apiVersion|kind|metadata)/.test(path))
    .map((path) => [spec.names.kind, path])
}

function condition(type: string, reason: string, message = ''): object {
  return { type, status: 'True', reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' }
}

/** Header and rows, without the age, which is no fixed text. */
function columns(table: string): string[][] {
  const [header = [], ...rows] = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
  return [header, ...rows.map((row) => row.slice(0, -1))]
}
