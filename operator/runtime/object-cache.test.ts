import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ManualClock, settle } from './manual-clock.ts'
import { ObjectCache } from './object-cache.ts'
import { ScriptedKube, THINGS, type Thing, thing } from './scripted-kube.ts'

/** A cache of things by their size; `lists` is what each path answers. */
function world(namespaces: readonly string[], lists: Readonly<Record<string, readonly Thing[]>>) {
  const kube = new ScriptedKube()
  kube.answer = ({ path }) => ({ metadata: { resourceVersion: '10' }, items: lists[path] ?? [] })
  const cache = new ObjectCache<Thing>({
    client: kube,
    clock: new ManualClock(),
    random: () => 0.5,
    resource: THINGS,
    namespaces,
    labelSelector: 'a=b',
    index: ({ spec }) => (spec?.size === undefined ? undefined : String(spec.size)),
  })
  const named = (size: string): string[] => cache.by(size).map(({ metadata }) => metadata.name)
  return { kube, cache, named }
}

function inNamespace(namespace: string, name: string, size: number): Thing {
  const object = thing(name, '1', { size })
  return { ...object, metadata: { ...object.metadata, namespace } }
}

describe('object cache', () => {
  test('all namespaces are one list and one watch', async () => {
    const { kube, cache } = world([], { '/apis/example.com/v1/things': [thing('a', '1')] })
    cache.start()
    await cache.whenSynced()
    await settle()
    assert.equal(cache.get('ns/a')?.metadata.name, 'a')
    assert.equal(kube.watches.length, 1)
    assert.equal(kube.current.request.query?.['labelSelector'], 'a=b')
    await cache.stop()
  })

  test('several namespaces look like one store, and no other namespace is asked for', async () => {
    const { kube, cache } = world(['one', 'two'], {
      '/apis/example.com/v1/namespaces/one/things': [inNamespace('one', 'a', 1)],
      '/apis/example.com/v1/namespaces/two/things': [inNamespace('two', 'b', 1)],
    })
    assert.equal(cache.synced, false)
    cache.start()
    await cache.whenSynced()
    assert.ok(cache.synced)
    assert.deepEqual([...cache.values()].map(({ metadata }) => metadata.name).sort(), ['a', 'b'])
    assert.equal(cache.size, 2)
    assert.equal(cache.get('two/b')?.metadata.name, 'b')
    assert.equal(cache.get('three/b'), undefined)
    assert.ok(kube.sent.every(({ path }) => path.includes('/namespaces/')))
    await cache.stop()
  })

  test('the index follows changes and deletions', async () => {
    const { kube, cache, named } = world([], { '/apis/example.com/v1/things': [thing('a', '1')] })
    cache.start()
    await cache.whenSynced()
    await settle()
    kube.current.send('ADDED', thing('b', '11', { size: 2 }))
    kube.current.send('MODIFIED', thing('a', '12', { size: 2 }))
    await settle()
    assert.deepEqual([named('1'), named('2').sort()], [[], ['a', 'b']])
    // The last state may differ from the one that was indexed.
    kube.current.send('DELETED', thing('a', '13', { size: 3 }))
    await settle()
    assert.deepEqual([named('2'), named('3')], [['b'], []])
    await cache.stop()
  })

  test('every listener hears, also when another one throws', async () => {
    const { cache } = world([], { '/apis/example.com/v1/things': [thing('a', '1')] })
    const heard: string[] = []
    cache.onChange(() => {
      throw new Error('broken')
    })
    cache.onChange(({ type, key }) => heard.push(`${type} ${key}`))
    cache.start()
    await cache.whenSynced()
    assert.deepEqual(heard, ['added ns/a'])
    await cache.stop()
  })
})
