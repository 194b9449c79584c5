import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KubeError } from '../runtime/kube-client.ts'
import { ManualClock, settle } from '../runtime/manual-clock.ts'
import { ObjectCache } from '../runtime/object-cache.ts'
import type { KubeObject } from '../runtime/resource.ts'
import { keptLog, ScriptedKube, THINGS } from '../runtime/scripted-kube.ts'
import { OptionalKinds } from './optional-kinds.ts'

function world() {
  const kube = new ScriptedKube()
  const clock = new ManualClock()
  const { log, lines } = keptLog()
  const server = { answer: (): unknown => ({ resources: [{ name: 'things' }, { name: 'things/status' }] }) }
  let changes = 0
  kube.answer = ({ path }) =>
    path === '/apis/example.com/v1' ? server.answer() : { metadata: { resourceVersion: '1' }, items: [] }
  const kinds = new OptionalKinds({
    client: kube,
    clock,
    random: () => 0.5,
    log,
    kinds: [THINGS],
    newCache: (resource) =>
      new ObjectCache<KubeObject>({ client: kube, clock, random: () => 0.5, resource, namespaces: [] }),
    onChange: () => {
      changes += 1
    },
  })
  const gone = (): never => {
    throw new KubeError('no', 404)
  }
  return { kube, clock, lines, server, kinds, gone, changes: () => changes }
}

describe('optional kinds', () => {
  test('a kind that the cluster has is watched', async () => {
    const { kube, kinds, changes } = world()
    kinds.start()
    await kinds.whenSynced()
    await settle()
    assert.deepEqual(kinds.present, ['Thing'])
    assert.ok(kinds.cacheOf('Thing')?.synced)
    assert.equal(changes(), 1)
    await kinds.stop()
    assert.ok(kube.current.closed)
  })

  test('a kind that is installed later is found, and one that is taken away is let go of', async () => {
    const { kube, clock, kinds, server, gone, changes } = world()
    const { answer } = server
    server.answer = gone
    kinds.start()
    await kinds.whenSynced()
    assert.deepEqual([kinds.present, changes()], [[], 0])
    server.answer = answer
    await clock.advance(200_000)
    assert.deepEqual([kinds.present, changes()], [['Thing'], 1])
    await clock.advance(200_000)
    assert.equal(changes(), 1)
    server.answer = gone
    await clock.advance(200_000)
    assert.deepEqual([kinds.present, changes()], [[], 2])
    assert.ok(kube.current.closed)
    await kinds.stop()
  })

  test('a server that does not answer takes nothing away', async () => {
    const { clock, kinds, server, lines } = world()
    const { answer } = server
    server.answer = () => {
      throw new KubeError('busy', 503)
    }
    kinds.start()
    await settle()
    assert.equal(kinds.synced, false)
    server.answer = answer
    await clock.advance(60_000)
    assert.deepEqual(kinds.present, ['Thing'])
    server.answer = () => {
      throw new KubeError('busy', 503)
    }
    await clock.advance(200_000)
    assert.deepEqual(kinds.present, ['Thing'])
    assert.ok(lines.length > 0)
    await kinds.stop()
  })
})
