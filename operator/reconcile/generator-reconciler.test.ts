import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GeneratorScene, QUICK } from '../../test/cluster/generator-scene.ts'
import { KubeError } from '../runtime/kube-client.ts'

async function readyScene(spec: Parameters<GeneratorScene['apply']>[0] = {}): Promise<GeneratorScene> {
  const scene = new GeneratorScene()
  scene.apply(spec)
  await scene.startOperator()
  await scene.clock.advance(3000)
  assert.equal(scene.told('Ready'), 'True Ready')
  return scene
}

describe('reconcile of an IdGenerator', () => {
  test('applying it brings pods after its migrations, and a status', async () => {
    const scene = await readyScene()
    const kinds = scene.cluster.writes.map((write) => write.replace(/^.*\/([^/]+)\/[^/]+$/, '$1'))
    assert.ok(kinds.indexOf('jobs') < kinds.indexOf('deployments'), kinds.join(' '))
    assert.deepEqual(scene.sizes(), ['idgen:v1 3'])
    assert.deepEqual(scene.warnings, [])
    await scene.killOperator()
  })

  test('over ten minutes of resyncs nothing is written, and a new operator writes nothing either', async () => {
    const scene = await readyScene()
    const versions = (): string[] =>
      [...scene.cluster.objects].map(([path, { metadata }]) => `${path} ${metadata.resourceVersion}`)
    const before = versions()
    scene.cluster.writes.length = 0
    // The lists are read anew every ten minutes, the Secrets looked at every minute.
    await scene.clock.advance(25 * 60_000)
    await scene.killOperator()
    await scene.startOperator()
    await scene.clock.advance(15 * 60_000)
    assert.deepEqual(scene.cluster.writes, [])
    assert.deepEqual(versions(), before)
    await scene.killOperator()
  })
})

describe('an operator that is killed', () => {
  /** Kills at the n-th write, before it or after; the answer is lost then. */
  async function killedAt(scene: GeneratorScene, write: number, when: 'before' | 'after'): Promise<boolean> {
    let count = 0
    let hit = false
    scene.cluster.hook = (moment) => {
      if (moment !== when) return
      count += 1
      if (count < write) return
      hit = true
      throw new Error('the operator is gone')
    }
    await scene.startOperator()
    for (let step = 0; step < 200 && !hit; step += 1) {
      await scene.clock.advance(100)
      if (scene.told('Ready') === 'True Ready' && scene.told('Reconciling') === '') break
    }
    await scene.killOperator()
    scene.cluster.hook = () => {}
    return hit
  }

  for (const when of ['before', 'after'] as const) {
    test(`${when} any write of a first deployment, is followed by one that ends it`, async () => {
      for (let write = 1; ; write += 1) {
        const scene = new GeneratorScene()
        scene.apply()
        const hit = await killedAt(scene, write, when)
        await scene.startOperator()
        await scene.clock.advance(15_000)
        assert.equal(scene.told('Ready'), 'True Ready', `write ${write}`)
        assert.deepEqual(scene.sizes(), ['idgen:v1 3'], `write ${write}`)
        assert.equal(scene.of('Secret').length, 4, `write ${write}`)
        await scene.killOperator()
        if (!hit) {
          assert.ok(write > 15, `${write} writes are fewer than there are objects`)
          return
        }
      }
    })

    test(`${when} any write of a rollout, is followed by one that ends it, and pods stay available`, async () => {
      for (let write = 1; ; write += 1) {
        const scene = await readyScene()
        await scene.killOperator()
        scene.apply({ image: 'idgen:v2' })
        const hit = await killedAt(scene, write, when)
        await scene.startOperator()
        for (let step = 0; step < 60; step += 1) {
          await scene.clock.advance(330)
          assert.ok(scene.available() >= 3, `write ${write}`)
        }
        assert.equal(scene.told('Ready'), 'True Ready', `write ${write}`)
        assert.deepEqual(scene.sizes(), ['idgen:v1 0', 'idgen:v2 3'], `write ${write}`)
        assert.equal(scene.generator().status?.rollout?.state, 'Promoted')
        await scene.killOperator()
        if (!hit) {
          assert.ok(write > 8, `${write} writes are fewer than a rollout has`)
          return
        }
      }
    })
  }
})

describe('what can go wrong', () => {
  test('a Secret that vanishes restarts no pods, and they can still be scaled down', async () => {
    const scene = await readyScene()
    const [before] = scene.of('Deployment')
    scene.cluster.remove('/api/v1/namespaces/shop/secrets/orders-database')
    await scene.clock.advance(120_000)
    assert.equal(scene.told('CredentialsValid'), 'False SecretMissing')
    assert.equal(scene.of('Deployment')[0]?.metadata.resourceVersion, before?.metadata.resourceVersion)
    scene.apply({ replicas: 1 })
    await scene.clock.advance(3000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 1'])
    await scene.killOperator()
  })

  test('a Secret that changes restarts the pods of the same revision', async () => {
    const scene = await readyScene()
    const checksum = (): unknown => {
      const template = scene.of('Deployment')[0]?.spec?.['template'] as { metadata: { annotations: object } }
      return template.metadata.annotations
    }
    const before = checksum()
    scene.secret('orders-database', { url: 'YW5vdGhlcg==' })
    await scene.clock.advance(120_000)
    assert.notDeepEqual(checksum(), before)
    assert.equal(scene.of('Deployment').length, 1)
    await scene.killOperator()
  })

  test("stable's Deployment, deleted by hand in the middle of a rollout, comes back", async () => {
    const scene = await readyScene()
    const steps = [
      { weight: 34, hold: '1h', requireApproval: false },
      { weight: 100, hold: '0s', requireApproval: false },
    ]
    // What the new revision reads says nothing about what the old one needs.
    scene.secret('others', { url: 'YW5vdGhlcg==' })
    const database = { migrate: true, secret: { name: 'others', key: 'url' } }
    scene.apply({ image: 'idgen:v2', database, canary: { ...QUICK, steps } })
    await scene.clock.advance(5000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 2', 'idgen:v2 1'])
    const stable = scene.generator().status?.stableRevision
    scene.cluster.remove(`/apis/apps/v1/namespaces/shop/deployments/orders-${stable}`)
    await scene.clock.advance(5000)
    assert.equal(scene.generator().status?.stableRevision, stable)
    assert.deepEqual(scene.sizes(), ['idgen:v1 2', 'idgen:v2 1'])
    await scene.killOperator()
  })

  test('a migration that fails holds the new revision back, and what serves goes on', async () => {
    const scene = await readyScene()
    scene.cluster.fates.migrates = () => false
    scene.apply({ image: 'idgen:v2', replicas: 4 })
    await scene.clock.advance(5000)
    assert.equal(scene.told('DatabaseReady'), 'False MigrationFailed')
    assert.deepEqual(scene.sizes(), ['idgen:v1 3'], "the fourth is the new revision's")
    scene.cluster.fates.migrates = () => true
    await scene.clock.advance(60_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 0', 'idgen:v2 4'])
    await scene.killOperator()
  })

  test('a revision that never gets through its migrations is given up, stays blocked and can be retried', async () => {
    const scene = await readyScene()
    scene.cluster.fates.migrates = () => false
    scene.apply({ image: 'idgen:v2' })
    await scene.clock.advance(50_000)
    assert.equal(scene.told('RolloutProgressing'), 'True CanaryStep', 'the deadline is a minute')
    await scene.clock.advance(20_000)
    assert.equal(scene.told('Ready'), 'False RolledBack')
    assert.equal(scene.told('DatabaseReady'), 'False MigrationGivenUp')
    assert.deepEqual(scene.sizes(), ['idgen:v1 3'])
    const [blocked] = scene.generator().status?.blockedRevisions ?? []
    assert.match(blocked?.message ?? '', /NotMigrated/)
    scene.cluster.writes.length = 0
    await scene.clock.advance(30 * 60_000)
    assert.deepEqual(scene.cluster.writes, [], 'nothing is tried again by itself')

    scene.cluster.fates.migrates = () => true
    scene.apply({ image: 'idgen:v2' }, { 'idgen.io/retry': blocked?.revision ?? '' })
    await scene.clock.advance(60_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 0', 'idgen:v2 3'])
    assert.equal(scene.told('Ready'), 'True Ready')
    await scene.killOperator()
  })

  test('revisions beyond the history go with all they have, and so do records that never had pods', async () => {
    const scene = await readyScene({ revisionHistoryLimit: 1 })
    for (const version of ['v2', 'v3', 'v4']) {
      scene.apply({ revisionHistoryLimit: 1, image: `idgen:${version}` })
      await scene.clock.advance(30_000)
    }
    assert.deepEqual(scene.sizes(), ['idgen:v3 0', 'idgen:v4 3'])
    assert.equal(scene.of('ControllerRevision').length, 2)
    scene.cluster.fates.migrates = () => false
    scene.apply({ revisionHistoryLimit: 1, image: 'idgen:v5' })
    await scene.clock.advance(5000)
    scene.apply({ revisionHistoryLimit: 1, image: 'idgen:v4' })
    await scene.clock.advance(5000)
    assert.equal(scene.of('ControllerRevision').length, 2)
    await scene.killOperator()
  })

  test('a command that was taken acts once, and its annotation goes', async () => {
    const scene = await readyScene()
    const steps = [10, 20, 30, 100].map((weight) => ({ weight, hold: '1h', requireApproval: false }))
    const spec = { image: 'idgen:v2', replicas: 10, canary: { ...QUICK, steps } }
    scene.apply(spec)
    await scene.clock.advance(5000)
    const canary = scene.generator().status?.canaryRevision ?? ''
    scene.apply(spec, { 'idgen.io/promote': canary })
    await scene.clock.advance(5000)
    assert.equal(scene.generator().status?.rollout?.stepIndex, 1)
    assert.equal(scene.generator().metadata.annotations?.['idgen.io/promote'], undefined)
    await scene.clock.advance(60_000)
    assert.equal(scene.generator().status?.rollout?.stepIndex, 1)
    await scene.killOperator()
  })

  test("somebody else's object of the same name is left alone, and told of", async () => {
    const scene = new GeneratorScene()
    const path = '/api/v1/namespaces/shop/services/orders'
    const metadata = { name: 'orders', namespace: 'shop' }
    const theirs = scene.cluster.put(path, { apiVersion: 'v1', kind: 'Service', metadata, spec: { a: 1 } })
    scene.apply()
    await scene.startOperator()
    await scene.clock.advance(5000)
    assert.deepEqual(scene.cluster.objects.get(path), theirs)
    assert.equal(scene.told('Ready'), 'False ApplyFailed')
    assert.match(JSON.stringify(scene.generator().status), /Service orders is there and not the operator's/)
    assert.equal(scene.told('Available'), 'True PodsAvailable')
    scene.cluster.remove(path)
    await scene.clock.advance(400_000)
    assert.equal(scene.told('Ready'), 'True Ready')
    await scene.killOperator()
  })

  for (const [what, plural, condition] of [
    ['the migration Job', 'jobs', 'False ApplyFailed'],
    ['a Secret of its own', 'secrets', 'False SecretMissing'],
  ] as const)
    test(`${what} that a quota or a policy refuses is told of, and made when it may be`, async () => {
      const scene = new GeneratorScene()
      scene.apply()
      scene.cluster.hook = (when, { method, path }) => {
        if (when === 'before' && method === 'POST' && path.endsWith(`/${plural}`))
          throw new KubeError(`POST ${path}: 403 exceeded quota: small`, 403)
      }
      await scene.startOperator()
      await scene.clock.advance(5000)
      assert.equal(scene.told('Ready'), condition)
      assert.match(JSON.stringify(scene.generator().status?.conditions), /exceeded quota: small/)
      scene.cluster.hook = () => {}
      await scene.clock.advance(120_000)
      assert.equal(scene.told('Ready'), 'True Ready')
      await scene.killOperator()
    })

  test('pods are not taken away by what a lagging cache made an operator decide', async () => {
    const scene = await readyScene()
    scene.apply({ image: 'idgen:v2' })
    await scene.clock.advance(4000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 2', 'idgen:v2 1'])
    await scene.killOperator()
    // What the one before it did last is not heard by the next one.
    scene.cluster.silent = true
    const [v1, v2] = scene.of('Deployment').toSorted((a, b) => (a.metadata.uid < b.metadata.uid ? -1 : 1))
    const change = (one: typeof v1, replicas: number): void => {
      const path = `/apis/apps/v1/namespaces/shop/deployments/${one?.metadata.name}`
      scene.cluster.put(path, { ...one, spec: { ...one?.spec, replicas } })
    }
    let changed = false
    scene.cluster.hook = () => {
      if (changed) return
      changed = true
      change(v1, 0)
      change(v2, 3)
    }
    await scene.startOperator()
    await scene.clock.advance(2000)
    assert.ok(changed)
    assert.deepEqual(scene.sizes(), ['idgen:v1 0', 'idgen:v2 3'])
    scene.cluster.silent = false
    await scene.killOperator()
  })

  test('an object that only lost its labels is still ours', async () => {
    const scene = await readyScene()
    const path = '/api/v1/namespaces/shop/services/orders'
    const service = scene.cluster.objects.get(path)
    // It leaves the caches, which hold what has the labels.
    scene.cluster.put(path, { ...service, metadata: { ...service?.metadata, labels: {} } })
    await scene.clock.advance(5000)
    const labels = scene.cluster.objects.get(path)?.metadata['labels']
    assert.match(JSON.stringify(labels), /"idgen.io\/generator":"orders"/)
    await scene.killOperator()
  })

  test('an IdGenerator that is going is left alone', async () => {
    const scene = await readyScene()
    const path = '/apis/idgen.io/v1alpha1/namespaces/shop/idgenerators/orders'
    const { metadata, ...rest } = scene.cluster.objects.get(path) ?? { metadata: {} }
    scene.cluster.put(path, { ...rest, metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } })
    scene.cluster.writes.length = 0
    scene.cluster.remove('/api/v1/namespaces/shop/services/orders')
    await scene.clock.advance(60_000)
    assert.deepEqual(scene.cluster.writes, [])
    await scene.killOperator()
  })
})
