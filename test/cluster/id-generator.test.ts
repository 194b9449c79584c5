import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { KINDS } from '../../operator/render/object-kinds.ts'
import { installDefinitions } from './custom-resources.ts'
import { GeneratorWorld, told } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'

const missing = missingPrograms('kube-apiserver', 'kube-controller-manager')

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('an IdGenerator on a real API server', { skip: missing }, () => {})

describe('an IdGenerator on a real API server', { skip: missing !== undefined }, () => {
  let api: KubeApi
  const worlds: GeneratorWorld[] = []
  before(async () => {
    api = await KubeApi.start()
    await api.startControllers()
    await installDefinitions(api.client())
  })
  after(async () => {
    await Promise.all(worlds.map((world) => world.close()))
    await api?.close()
  })

  test('applying it brings everything, and its status tells', async () => {
    const world = await GeneratorWorld.start(api)
    worlds.push(world)
    await world.startOperator()
    await world.applyGenerator()
    const generator = await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    console.log(JSON.stringify(generator.status, null, 1))
    console.log(
      await world.owned(
        Object.values(KINDS)
          .slice(0, 11)
          .filter((k) => k.kind !== 'Certificate'),
      ),
    )
    console.log((await world.events()).map((e) => `${e.type} ${e.reason}: ${e.note}`))
    console.log(world.operators[0]?.output())
    assert.deepEqual(world.node.failures, [])
  })
})
