import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Applier } from './apply.ts'
import type { KubeObject } from './resource.ts'
import { ScriptedKube, THINGS, thing } from './scripted-kube.ts'
import { SteadyApplier } from './steady-applier.ts'

/** A server that has the object in the state `state`; applying it does not change that. */
function world(state: Partial<KubeObject['metadata']> = {}) {
  const kube = new ScriptedKube()
  const object = thing('a', '1')
  let live = { ...object, metadata: { ...object.metadata, ...state } }
  kube.answer = () => live
  const steady = new SteadyApplier(new Applier({ client: kube, fieldManager: 'us' }))
  const wanted = (size: number) => ({
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name: 'a', namespace: 'ns' },
    spec: { size },
  })
  const signal = new AbortController().signal
  return {
    kube,
    steady,
    change: (metadata: Partial<KubeObject['metadata']>) => {
      live = { ...live, metadata: { ...live.metadata, ...metadata } }
    },
    apply: (size = 1, found: KubeObject | undefined = live) =>
      steady.apply('ns/owner', THINGS, wanted(size), found, signal),
  }
}

describe('steady applier', () => {
  test('what is as it was left is not asked about again', async () => {
    const { kube, apply } = world()
    assert.equal(await apply(), true)
    assert.equal(await apply(), false)
    assert.equal(kube.sent.length, 1)
  })

  test('another wish is applied, and so is one whose object is gone', async () => {
    const { steady, apply } = world()
    await apply()
    assert.equal(await apply(2), true)
    assert.equal(await apply(2), false)
    const signal = new AbortController().signal
    const wanted = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a', namespace: 'ns' } }
    assert.equal(await steady.apply('ns/owner', THINGS, wanted, undefined, signal), true)
  })

  test('a change by somebody else is corrected, a new status is not one', async () => {
    const { apply, change } = world({ generation: 1, labels: { a: 'b' } })
    await apply()
    change({ resourceVersion: '2' })
    assert.equal(await apply(), false, 'a status')
    change({ generation: 2 })
    assert.equal(await apply(), true, 'a spec')
    change({ labels: {} })
    assert.equal(await apply(), true, 'a label')
    change({ uid: 'another' })
    assert.equal(await apply(), true, 'made anew')
    assert.equal(await apply(), false)
  })

  test('a kind that counts no generation is looked at by its resource version', async () => {
    const { apply, change } = world()
    await apply()
    change({ resourceVersion: '2' })
    assert.equal(await apply(), true)
  })

  test('an object of a guarded kind is changed only from the state that was looked at', async () => {
    const kube = new ScriptedKube()
    const live = thing('a', '7')
    kube.answer = () => live
    const steady = new SteadyApplier(new Applier({ client: kube, fieldManager: 'us' }), new Set(['Thing']))
    const wanted = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a', namespace: 'ns' } }
    const { signal } = new AbortController()
    assert.equal(await steady.apply('ns/owner', THINGS, wanted, undefined, signal), true)
    const other = { ...wanted, spec: {} }
    assert.equal(await steady.apply('ns/owner', THINGS, other, live, signal), true)
    assert.equal(await steady.apply('ns/owner', THINGS, other, live, signal), false)
    assert.deepEqual(
      kube.sent.map(({ body }) => (body as KubeObject).metadata),
      [wanted.metadata, { ...wanted.metadata, uid: 'uid-a', resourceVersion: '7' }],
    )
  })

  test('after a refusal it is tried again, and an owner that is gone leaves nothing behind', async () => {
    const { kube, steady, apply } = world()
    await apply()
    const { answer } = kube
    kube.answer = () => {
      throw new Error('refused')
    }
    await assert.rejects(apply(2), /refused/)
    kube.answer = answer
    assert.equal(await apply(1), true)
    steady.forget('ns/owner')
    assert.equal(await apply(1), true)
  })
})
