import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { splitImage } from './install-idgen.ts'

describe('the image of idgen', () => {
  test('is split into repository and tag, a port is no tag', () => {
    assert.deepEqual(splitImage('idgen:dev'), ['idgen', 'dev'])
    assert.deepEqual(splitImage('registry.test:5000/team/idgen:1.2'), [
      'registry.test:5000/team/idgen',
      '1.2',
    ])
    assert.deepEqual(splitImage('registry.test:5000/idgen'), ['registry.test:5000/idgen', 'latest'])
  })
})
