import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GeneratorScene, QUICK } from '../../test/cluster/generator-scene.ts'
import type { RevisionRecord } from '../render/revision-record.ts'

interface Template {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> }
  readonly spec: { readonly containers: unknown }
}

const CONTAINERS = [{ name: 'idgen', image: 'idgen:v1', args: ['as', 'it', 'was'] }]

/** Ready, with pods that no operator of today would make. */
async function madeElsewhere(): Promise<GeneratorScene> {
  const scene = new GeneratorScene()
  scene.apply()
  await scene.startOperator()
  await scene.clock.advance(3000)
  await scene.killOperator()
  const [record] = scene.of('ControllerRevision')
  assert.ok(record)
  const { inputs, pods } = record['data'] as RevisionRecord
  const template = { ...pods.template, spec: { ...pods.template.spec, containers: CONTAINERS } }
  const path = `/apis/apps/v1/namespaces/shop/controllerrevisions/${record.metadata.name}`
  scene.cluster.put(path, { ...record, data: { inputs, pods: { ...pods, template } } })
  return scene
}

function template(scene: GeneratorScene): Template {
  return scene.of('Deployment')[0]?.spec?.['template'] as Template
}

describe('pods that another version of the operator made', () => {
  test('are restarted as they were when a Secret changes', async () => {
    const scene = await madeElsewhere()
    await scene.startOperator()
    await scene.clock.advance(3000)
    const before = template(scene)
    assert.deepEqual(before.spec.containers, CONTAINERS)
    scene.secret('orders-database', { url: 'YW5vdGhlcg==' })
    await scene.clock.advance(120_000)
    assert.notDeepEqual(template(scene).metadata.annotations, before.metadata.annotations)
    assert.deepEqual(template(scene).spec.containers, CONTAINERS)
    await scene.killOperator()
  })

  test('are those of stable until another revision follows it', async () => {
    const scene = await madeElsewhere()
    scene.apply({ image: 'idgen:v2', canary: { ...QUICK, strategy: 'Immediate' } })
    await scene.startOperator()
    await scene.clock.advance(10_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 0', 'idgen:v2 3'])
    assert.deepEqual(template(scene).spec.containers, CONTAINERS)
    await scene.killOperator()
  })
})
