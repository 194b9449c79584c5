import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Change, deepFreeze, ObjectStore } from './object-store.ts'
import { type Thing, thing } from './scripted-kube.ts'

function told(changes: readonly Change<Thing>[]): string[] {
  return changes.map(({ type, key, object }) => `${type} ${key} ${object.metadata.uid}`)
}

describe('object store', () => {
  test('a list tells what it changes, and what not', () => {
    const store = new ObjectStore<Thing>()
    store.replace([thing('a', '1'), thing('b', '1'), thing('c', '1')])
    const changes = store.replace([thing('a', '1'), thing('b', '2'), thing('d', '1')])
    assert.deepEqual(told(changes), [
      'resynced ns/a uid-a',
      'updated ns/b uid-b',
      'added ns/d uid-d',
      'deleted ns/c uid-c',
    ])
    assert.ok(changes.every(({ listed }) => listed))
    assert.deepEqual([...store.values()].map(({ metadata }) => metadata.name).toSorted(), ['a', 'b', 'd'])
  })

  test('the same name with another uid is a deletion and an addition, in a list and in an event', () => {
    const store = new ObjectStore<Thing>()
    store.put(thing('a', '1'))
    assert.deepEqual(told(store.put(thing('a', '2', { uid: 'other' }))), [
      'deleted ns/a uid-a',
      'added ns/a other',
    ])
    assert.deepEqual(told(store.replace([thing('a', '3', { uid: 'third' })])), [
      'deleted ns/a other',
      'added ns/a third',
    ])
  })

  test('an event that comes again changes nothing', () => {
    const store = new ObjectStore<Thing>()
    store.put(thing('a', '1'))
    assert.deepEqual(store.put(thing('a', '1')), [])
    assert.deepEqual(store.remove(thing('b', '1')), [])
  })

  test('an update carries what it was before', () => {
    const store = new ObjectStore<Thing>()
    store.put(thing('a', '1', { size: 1 }))
    const [change] = store.put(thing('a', '2', { size: 2 }))
    assert.equal(change?.previous?.spec?.size, 1)
    assert.equal(change?.object.spec?.size, 2)
    assert.equal(change?.listed, false)
  })

  test('nobody can change what everybody reads', () => {
    const store = new ObjectStore<Thing>()
    store.put(thing('a', '1'))
    const object = store.get('ns/a')
    assert.throws(() => Object.assign(object?.spec ?? {}, { size: 2 }), TypeError)
    assert.throws(() => Object.assign(object?.metadata ?? {}, { name: 'x' }), TypeError)
    assert.ok(Object.isFrozen(deepFreeze([{ a: [1] }])[0]?.a))
  })
})
