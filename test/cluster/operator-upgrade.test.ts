import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { IdGenerator } from '../../operator/api/kinds.ts'
import { KINDS } from '../../operator/render/object-kinds.ts'
import type { KubeObject, Resource } from '../../operator/runtime/resource.ts'
import { pause, until } from './cluster-world.ts'
import { installDefinitions } from './custom-resources.ts'
import { GeneratorWorld, told } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'
import { operatorCopy } from './operator-copy.ts'

const missing = missingPrograms('kube-apiserver', 'kube-controller-manager')

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('operators of two versions on a real API server', { skip: missing }, () => {})

const REPLICA_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
}

interface Pods extends KubeObject {
  readonly spec: {
    readonly replicas: number
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly livenessProbe: { readonly periodSeconds: number } }[]
      }
    }
  }
}

interface File extends KubeObject {
  readonly data: Readonly<Record<string, string>>
}

/** Another version of the operator: it renders other probes, and another default into the file. */
const OTHER = {
  'render/pod-template.ts': ['periodSeconds: 10', 'periodSeconds: 11'],
  'render/config-file.ts': ["['database.pool.max', 20]", "['database.pool.max', 19]"],
} as const

const CANARY = {
  steps: [{ weight: 34, hold: '24h' }, { weight: 100 }],
  abortScaleDownDelay: '0s',
  analysis: { enabled: false },
}

describe('operators of two versions on a real API server', { skip: missing !== undefined }, () => {
  let api: KubeApi
  let other: string
  const worlds: GeneratorWorld[] = []
  before(async () => {
    api = await KubeApi.start()
    await api.startControllers()
    await installDefinitions(api.client())
    other = await operatorCopy(api.folder, OTHER)
  })
  after(async () => {
    await Promise.all(worlds.map((world) => world.close()))
    await api?.close()
  })

  /** Made ready by the other version. */
  async function startReady(spec: object): Promise<{ world: GeneratorWorld; first: string }> {
    const world = await GeneratorWorld.start(api)
    worlds.push(world)
    await world.startOperator({}, other)
    await world.applyGenerator(spec)
    const ready = await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    return { world, first: ready.status?.stableRevision ?? '' }
  }

  async function changeOperator(world: GeneratorWorld, root?: string): Promise<void> {
    await world.operators.at(-1)?.end('SIGTERM')
    await world.startOperator({}, root)
    await until('it leads', () => said(world).includes('this process leads'), 30_000)
  }

  const said = (world: GeneratorWorld): string => world.operators.at(-1)?.output() ?? ''

  async function deployment(world: GeneratorWorld, revision: string): Promise<Pods> {
    const found = await world.find<Pods>(KINDS.Deployment, `orders-${revision}`)
    assert.ok(found, `the Deployment of ${revision} is there`)
    return found
  }

  const period = ({ spec }: Pods): number | undefined =>
    spec.template.spec.containers[0]?.livenessProbe.periodSeconds

  async function fileOf(world: GeneratorWorld, revision: string): Promise<string> {
    return (await world.find<File>(KINDS.ConfigMap, `orders-${revision}`))?.data['idgen.yaml'] ?? ''
  }

  /** Each template that a Deployment ever had is one. */
  async function templatesOf(world: GeneratorWorld, revision: string): Promise<number> {
    const sets = await world.list(REPLICA_SETS)
    return sets.filter(({ metadata }) => metadata.labels?.['idgen.io/revision'] === revision).length
  }

  const isHeld = ({ status }: IdGenerator): boolean => status?.rollout?.pause?.reason === 'Hold'

  test('an upgrade goes through the canary, a downgrade takes it back, and the pods before stay as they were', async () => {
    const { world, first } = await startReady({ canary: CANARY })
    const before = await deployment(world, first)
    assert.equal(period(before), 11)
    await changeOperator(world)
    const held = await world.becomes('its canary is held', isHeld)
    const second = held.status?.canaryRevision ?? ''
    assert.notEqual(second, first)
    assert.equal(held.status?.stableRevision, first)
    assert.equal(period(await deployment(world, second)), 10)
    assert.match(await fileOf(world, second), /^database\.pool\.max: 20$/m)
    const during = await deployment(world, first)
    assert.deepEqual(during.spec.template, before.spec.template)
    assert.match(await fileOf(world, first), /^database\.pool\.max: 19$/m)
    const notes = (await world.events()).map(({ note }) => note)
    assert.ok(notes.some((note) => note.includes('this version of the operator makes other pods')))

    await changeOperator(world, other)
    await world.becomes('it is taken back', (it) => it.status?.rollout?.state === 'RolledBack')
    await until('the first has all pods', async () => (await deployment(world, first)).spec.replicas === 3)
    const back = await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    assert.deepEqual(back.status?.blockedRevisions ?? [], [])

    await changeOperator(world)
    await world.becomes('it is held again', isHeld)
    await world.annotate({ 'idgen.io/promote': second })
    await world.becomes('it is promoted', (it) => it.status?.stableRevision === second)
    assert.equal(await templatesOf(world, first), 1, 'the first Deployment never had another template')
  })

  test('where there are no steps an upgrade changes no pod, and what is deleted comes back as it was', async () => {
    const { world, first } = await startReady({ canary: { ...CANARY, strategy: 'Immediate' } })
    const before = await deployment(world, first)
    await changeOperator(world)
    await world.remove(KINDS.ConfigMap, `orders-${first}`)
    await until('its file is back', async () => (await fileOf(world, first)) !== '')
    assert.match(await fileOf(world, first), /^database\.pool\.max: 19$/m)
    // Whatever it would do to pods is done by then.
    await pause(2000)
    const after = await deployment(world, first)
    assert.deepEqual(
      [after.metadata.uid, after.metadata.generation],
      [before.metadata.uid, before.metadata.generation],
    )
    await world.remove(KINDS.Deployment, `orders-${first}`)
    await until('its Deployment is back', async () => {
      const found = await world.find<Pods>(KINDS.Deployment, `orders-${first}`)
      return found !== undefined && found.metadata.uid !== before.metadata.uid
    })
    assert.equal(period(await deployment(world, first)), 11)
    const settled = await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    assert.equal(settled.status?.stableRevision, first)
    assert.deepEqual(settled.status?.canaryRevision, undefined)
    await world.applyGenerator({ canary: { ...CANARY, strategy: 'Immediate' }, image: 'idgen:v2' })
    const next = await world.becomes('the next is stable', (it) => it.status?.stableImage === 'idgen:v2')
    assert.equal(period(await deployment(world, next.status?.stableRevision ?? '')), 10)
    assert.equal(await templatesOf(world, first), 1, 'the first Deployment never had another template')
  })

  test('a revision that failed is not tried again because an operator would render it differently', async () => {
    const canary = { ...CANARY, progressDeadline: '3s' }
    const { world, first } = await startReady({ canary })
    world.crashing.add('idgen:bad')
    await world.applyGenerator({ canary, image: 'idgen:bad' })
    const back = await world.becomes('it is blocked', (it) => it.status?.blockedRevisions?.length === 1)
    const failed = back.status?.blockedRevisions?.[0]?.revision ?? ''
    await changeOperator(world)
    await pause(3000)
    const still = await world.generator()
    assert.deepEqual([still.status?.stableRevision, still.status?.canaryRevision], [first, undefined])
    world.crashing.clear()
    await world.annotate({ 'idgen.io/retry': failed })
    const tried = await world.becomes('it is tried with the pods of today', isHeld)
    const second = tried.status?.canaryRevision ?? ''
    assert.notEqual(second, failed)
    assert.equal(period(await deployment(world, second)), 10)
  })
})
