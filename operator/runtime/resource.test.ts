import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { apiVersion, collectionPath, objectKey, objectPath, splitKey } from './resource.ts'
import { THINGS } from './scripted-kube.ts'

const PODS = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
const NODES = { group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }

describe('paths in the API', () => {
  test('the core group lies elsewhere than all the others', () => {
    assert.equal(collectionPath(PODS), '/api/v1/pods')
    assert.equal(collectionPath(THINGS, 'ns'), '/apis/example.com/v1/namespaces/ns/things')
    assert.equal(apiVersion(PODS), 'v1')
    assert.equal(apiVersion(THINGS), 'example.com/v1')
  })

  test('an object without a namespace has none in its path', () => {
    assert.equal(objectPath(NODES, 'n1'), '/api/v1/nodes/n1')
    assert.equal(collectionPath(NODES, 'ns'), '/api/v1/nodes')
  })

  test('a subresource stands at the end, and names are encoded', () => {
    assert.equal(objectPath(THINGS, 'ns/a', 'status'), '/apis/example.com/v1/namespaces/ns/things/a/status')
    assert.equal(
      objectPath(THINGS, 'ns/system:a%b'),
      '/apis/example.com/v1/namespaces/ns/things/system%3Aa%25b',
    )
  })

  test('a key and its parts are the same thing', () => {
    assert.equal(objectKey({ namespace: 'ns', name: 'a' }), 'ns/a')
    assert.deepEqual(splitKey('ns/a'), { namespace: 'ns', name: 'a' })
    assert.deepEqual(splitKey('a'), { name: 'a' })
  })
})
