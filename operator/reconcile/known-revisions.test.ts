import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { GeneratorScene } from '../../test/cluster/generator-scene.ts'
import { LABELS } from '../api/marks.ts'
import { endingPods, type KnownRevision } from './known-revisions.ts'
import type { Deployment, Pod } from './kube-kinds.ts'

interface About {
  readonly ending?: boolean
  readonly phase?: string
  readonly component?: string
}

function pod(revision: string, { ending = false, phase = 'Running', component = 'server' }: About = {}): Pod {
  const labels = { [LABELS.component]: component, [LABELS.revision]: revision }
  const metadata = { name: 'p', uid: 'p', resourceVersion: '1', labels }
  const deletionTimestamp = '2026-01-01T00:00:00Z'
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: ending ? { ...metadata, deletionTimestamp } : metadata,
    status: { phase },
  }
}

function known(revision: string, replicas: number): KnownRevision {
  const metadata = { name: revision, uid: revision, resourceVersion: '1' }
  const deployment: Deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas } }
  return { revision, createdAt: '', record: undefined, deployment, pods: [] }
}

describe('pods that end', () => {
  const rows: readonly [string, readonly Pod[], number][] = [
    ['none of those that were asked for', [pod('a'), pod('a')], 0],
    ['those on their way out', [pod('a'), pod('a', { ending: true })], 1],
    ['those above what was asked for', [pod('a'), pod('a'), pod('a'), pod('b')], 1],
    ['those of a revision that is deleted', [pod('gone'), pod('gone', { ending: true })], 2],
    [
      'no pod that has ended',
      [pod('a', { ending: true, phase: 'Succeeded' }), pod('gone', { phase: 'Failed' })],
      0,
    ],
    ['no pod of a Job', [pod('gone', { component: 'migration', ending: true })], 0],
  ]
  for (const [name, pods, count] of rows)
    test(`are ${name}`, () => {
      const revisions = new Map([
        ['a', known('a', 2)],
        ['b', known('b', 3)],
      ])
      assert.equal(endingPods(pods, revisions), count)
    })

  test('leave a new revision less room, until they have ended', async () => {
    const scene = new GeneratorScene()
    scene.apply({ replicas: 192 })
    await scene.startOperator()
    await scene.clock.advance(5000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 192'])
    const paths = Array.from({ length: 40 }, (_, n) => `/api/v1/namespaces/shop/pods/ends-${n}`)
    const labels = {
      [LABELS.managedBy]: 'idgen-operator',
      [LABELS.generator]: 'orders',
      [LABELS.component]: 'server',
    }
    for (const [n, path] of paths.entries())
      scene.cluster.put(path, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: `ends-${n}`, namespace: 'shop', labels, deletionTimestamp: '2026-01-01T00:00:00Z' },
      })
    await scene.clock.advance(1000)
    const hold = [{ weight: 50, hold: '1h', requireApproval: false }]
    const canary = { ...scene.generator().spec.canary, steps: hold }
    scene.apply({ replicas: 192, image: 'idgen:v2', canary })
    let most = 0
    for (let step = 0; step < 100; step += 1) {
      await scene.clock.advance(100)
      const asked = scene.sizes().map((text) => Number(text.split(' ')[1]))
      most = Math.max(
        most,
        asked.reduce((sum, one) => sum + one, 0),
      )
    }
    assert.equal(most, 240 - 40)
    for (const path of paths) scene.cluster.remove(path)
    await scene.clock.advance(60_000)
    assert.deepEqual(scene.sizes(), ['idgen:v1 96', 'idgen:v2 96'])
    await scene.killOperator()
  })
})
