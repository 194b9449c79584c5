import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { COMMANDS } from '../../operator/api/marks.ts'
import { KINDS } from '../../operator/render/object-kinds.ts'
import type { KubeObject } from '../../operator/runtime/resource.ts'
import { until } from './cluster-world.ts'
import { installDefinitions } from './custom-resources.ts'
import { condition, GeneratorWorld, QUICK_CANARY, told, type WorldOptions } from './generator-world.ts'
import { KubeApi } from './kube-api.ts'
import { missingPrograms } from './kube-programs.ts'
import { PodMetrics } from './pod-metrics.ts'

const missing = missingPrograms('kube-apiserver', 'kube-controller-manager')

// A group that is left out says nothing; a test says why.
if (missing !== undefined) test('rollouts on a real API server', { skip: missing }, () => {})

interface Sized extends KubeObject {
  readonly spec: { readonly replicas: number }
}

describe('rollouts on a real API server', { skip: missing !== undefined }, () => {
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

  async function startReady(
    canary: object = QUICK_CANARY,
    options: WorldOptions = {},
  ): Promise<{ readonly world: GeneratorWorld; readonly first: string }> {
    const world = await GeneratorWorld.start(api, options)
    worlds.push(world)
    await world.startOperator()
    await world.applyGenerator({ canary })
    const ready = await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
    return { world, first: ready.status?.stableRevision ?? '' }
  }

  /** "image replicas" of each revision's Deployment. */
  async function sizes(world: GeneratorWorld): Promise<string[]> {
    return (await world.list<Sized>(KINDS.Deployment))
      .map(({ metadata, spec }) => `${metadata.annotations?.['idgen.io/image']} ${spec.replicas}`)
      .sort()
  }

  test('a new image goes through its steps and is promoted, and no pod of it is made twice', async () => {
    const { world, first } = await startReady()
    await world.applyGenerator({ canary: QUICK_CANARY, image: 'idgen:v2' })
    const during = await world.becomes('a canary runs', (it) => it.status?.canaryRevision !== undefined)
    assert.equal(during.status?.stableRevision, first)
    const canary = during.status?.canaryRevision ?? ''
    const held = await world.becomes('it is held', (it) => it.status?.rollout?.pause?.reason === 'Hold')
    assert.deepEqual(
      [held.status?.share, told(held, 'Ready'), told(held, 'Reconciling')],
      ['33% (34% wanted)', 'True RollingOut', 'True RollingOut'],
    )
    const done = await world.becomes('it is promoted', (it) => it.status?.stableRevision === canary)
    assert.equal(done.status?.rollout?.state, 'Promoted')
    await until('only its pods are left', async () => (await sizes(world)).join() === 'idgen:v1 0,idgen:v2 3')
    const settled = await world.becomes('it is settled', (it) => told(it, 'Ready') === 'True Ready')
    assert.equal(settled.status?.stableImage, 'idgen:v2')
    assert.equal(told(settled, 'Reconciling'), '')
    const reasons = new Set((await world.events()).map(({ reason }) => reason))
    for (const reason of ['RevisionCreated', 'CanaryStepStarted', 'CanaryStepCompleted', 'CanaryPromoted'])
      assert.ok(reasons.has(reason), reason)
  })

  test('an image whose pods crash is rolled back, stays blocked, and is tried again when somebody says so', async () => {
    const { world, first } = await startReady()
    world.crashing.add('idgen:bad')
    await world.applyGenerator({ canary: QUICK_CANARY, image: 'idgen:bad' })
    const back = await world.becomes('it is rolled back', (it) => it.status?.rollout?.state === 'RolledBack')
    assert.equal(back.status?.stableRevision, first)
    const [blocked] = back.status?.blockedRevisions ?? []
    assert.deepEqual([blocked?.reason, blocked?.image], ['ProgressDeadlineExceeded', 'idgen:bad'])
    assert.match(blocked?.message ?? '', /CrashLoopBackOff/)
    const stalled = await world.becomes('it says so', (it) => told(it, 'Stalled') === 'True RolledBack')
    assert.deepEqual(
      [told(stalled, 'Ready'), told(stalled, 'Available')],
      ['False RolledBack', 'True PodsAvailable'],
    )
    await until('its pods are gone', async () => (await sizes(world)).join() === 'idgen:bad 0,idgen:v1 3')
    const metrics = (await world.operators[0]?.ask('/metrics'))?.text ?? ''
    assert.match(metrics, /^idgen_operator_rollout_failed\{.*generator="orders"\} 1$/m)
    world.crashing.clear()
    await world.annotate({ [COMMANDS.retry]: blocked?.revision ?? '' })
    await world.becomes('it is promoted', (it) => it.status?.stableRevision === blocked?.revision)
    const settled = await world.generator()
    assert.equal(settled.metadata.annotations?.[COMMANDS.retry], undefined)
    assert.deepEqual(settled.status?.takenCommands ?? [], [])
  })

  test('people promote, pause and abort by naming the revision', async () => {
    const canary = { ...QUICK_CANARY, steps: [{ weight: 34, hold: '24h' }, { weight: 100 }] }
    const { world, first } = await startReady(canary)
    await world.applyGenerator({ canary, image: 'idgen:v2' })
    const held = await world.becomes('it is held', (it) => it.status?.rollout?.pause?.reason === 'Hold')
    const second = held.status?.canaryRevision ?? ''
    await world.annotate({ [COMMANDS.promote]: first })
    await until('a command for another revision is told of', async () =>
      (await world.events()).some(({ reason }) => reason === 'RolloutCommandIgnored'),
    )
    await world.annotate({ [COMMANDS.pause]: second })
    await world.becomes('it is paused', (it) => told(it, 'Paused') === 'True User')
    await world.annotate({ [COMMANDS.pause]: null })
    await world.annotate({ [COMMANDS.promote]: second })
    await world.becomes('it is promoted', (it) => it.status?.stableRevision === second)
    await world.applyGenerator({ canary, image: 'idgen:v3' })
    const third = await world.becomes(
      'the next is held',
      (it) => it.status?.rollout?.pause?.reason === 'Hold',
    )
    await world.annotate({ [COMMANDS.abort]: third.status?.canaryRevision ?? '' })
    const aborted = await world.becomes(
      'it is rolled back',
      (it) => it.status?.rollout?.state === 'RolledBack',
    )
    assert.equal(aborted.status?.stableRevision, second)
    assert.equal(aborted.status?.blockedRevisions?.[0]?.reason, 'Aborted')
    // Back to what is stable: nothing to roll out.
    await world.applyGenerator({ canary, image: 'idgen:v2' })
    await world.becomes('it is ready', (it) => told(it, 'Ready') === 'True Ready')
  })

  test('an operator that is killed again and again brings a rollout to its end', async () => {
    // On a busy machine all those starts take longer than a quick canary waits for its pods.
    const canary = { ...QUICK_CANARY, progressDeadline: '60s' }
    const { world } = await startReady(canary)
    await world.applyGenerator({ canary, image: 'idgen:v2' })
    let kills = 0
    for (; kills < 12; kills += 1) {
      const current = world.operators.at(-1)
      // At any point: while it starts, lists, decides, writes and applies.
      await new Promise((resolve) => setTimeout(resolve, 150 + kills * 170))
      await current?.end('SIGKILL')
      // The lease of the one before must not keep the next one waiting for its end.
      await world.patch(
        { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease', plural: 'leases', namespaced: true },
        'idgen-operator',
        { spec: { holderIdentity: '' } },
      )
      await world.startOperator()
      const { status } = await world.generator()
      const known = status?.revisions ?? []
      const available = known.reduce((sum, { available = 0 }) => sum + available, 0)
      assert.ok(available >= 3, `${available} pods are available after kill ${kills}`)
    }
    const done = await world.becomes(
      'it is promoted',
      (it) => told(it, 'Ready') === 'True Ready' && it.status?.stableImage === 'idgen:v2',
    )
    assert.equal(done.status?.rollout?.state, 'Promoted')
    await until('only its pods are left', async () => (await sizes(world)).join() === 'idgen:v1 0,idgen:v2 3')
  })

  test('a canary that fails its requests is rolled back, and one that answers well is promoted', async () => {
    const pods = await PodMetrics.start()
    try {
      const canary = {
        ...QUICK_CANARY,
        steps: [{ weight: 34, hold: '2s' }, { weight: 100 }],
        analysis: {
          interval: '1s',
          initialDelay: '1s',
          minSamples: 50,
          failureLimit: 0,
          onNoData: 'Hold',
          metrics: [{ name: 'errorRate', max: '0.05' }],
        },
      }
      const { world, first } = await startReady(canary, { ips: (pod) => pods.addressOf(pod) })
      pods.failing.add('idgen:v2')
      await world.applyGenerator({ canary, image: 'idgen:v2' })
      const back = await world.becomes(
        'it is rolled back',
        (it) => it.status?.rollout?.state === 'RolledBack',
      )
      assert.equal(back.status?.stableRevision, first)
      assert.equal(back.status?.blockedRevisions?.[0]?.reason, 'AnalysisFailed')
      const sample = back.status?.rollout?.analysis?.samples?.at(-1)
      assert.equal(sample?.verdict, 'Fail')
      assert.equal(sample?.metrics?.[0]?.name, 'errorRate')
      assert.match(condition(back, 'RolloutHealthy')?.message ?? '', /errorRate/)

      await world.applyGenerator({ canary, image: 'idgen:v3' })
      const done = await world.becomes('it is promoted', (it) => it.status?.stableImage === 'idgen:v3')
      assert.equal(done.status?.rollout?.analysis?.phase, 'Passing')
    } finally {
      await pods.close()
    }
  })
})
