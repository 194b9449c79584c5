import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryTagService } from '../../test/cluster/memory-tag-service.ts'
import type { ServiceAccess } from './service-client-https.ts'
import { ServiceClientPool } from './service-client-pool.ts'

const ACCESS: ServiceAccess = { address: 'https://a:8443', servername: 'a', ca: 'one', key: 'k' }

function pool() {
  const closed: string[] = []
  let opened = 0
  const clients = new ServiceClientPool(({ ca = '', key }) => {
    opened += 1
    return Object.assign(new MemoryTagService(), { close: () => closed.push(`${ca} ${key}`) })
  })
  return { clients, closed, opened: () => opened }
}

describe('clients of services', () => {
  test('there is one per IdGenerator, until its authority or its keys change', () => {
    const { clients, closed, opened } = pool()
    const first = clients.for('ns/a', ACCESS)
    assert.equal(clients.for('ns/a', { ...ACCESS }), first)
    assert.notEqual(clients.for('ns/b', ACCESS), first)
    assert.notEqual(clients.for('ns/a', { ...ACCESS, ca: 'two' }), first)
    assert.deepEqual(closed, ['one k'])
    clients.for('ns/a', { ...ACCESS, ca: 'two', key: 'new' })
    assert.deepEqual([closed, opened()], [['one k', 'two k'], 4])
    clients.for('ns/a', { ...ACCESS, ca: 'two', key: 'new', otherKeys: ['k'] })
    assert.deepEqual([closed.at(-1), opened()], ['two new', 5])
    clients.close()
    assert.equal(closed.length, 5)
  })

  test('those that were not used for longest are closed when there are too many', () => {
    const { clients, closed } = pool()
    for (let n = 0; n < 201; n += 1) {
      clients.for(`ns/${n}`, { ...ACCESS, key: `k${n}` })
      clients.for('ns/0', { ...ACCESS, key: 'k0' })
    }
    assert.deepEqual(closed, ['one k1'])
  })
})
