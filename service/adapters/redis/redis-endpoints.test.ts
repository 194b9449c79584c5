import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { IdgenError } from '../../core/errors.ts'
import { redisEndpoints } from './redis-endpoints.ts'

function faultOf(urls: readonly string[], cluster: boolean): string {
  try {
    redisEndpoints(urls, cluster)
  } catch (thrown) {
    assert.ok(thrown instanceof IdgenError && thrown.code === 'IDGEN_CONFIG_INVALID')
    return thrown.message
  }
  assert.fail(`${urls.join()} was taken`)
}

describe('redisEndpoints', () => {
  test('reads host and port, with the port of Redis where none is given', () => {
    assert.deepEqual(redisEndpoints(['redis://cache'], false), {
      nodes: [{ host: 'cache', port: 6379 }],
      username: undefined,
      password: undefined,
      db: 0,
      tls: false,
    })
  })

  test('reads user, password, database, TLS and an IPv6 address', () => {
    assert.deepEqual(redisEndpoints(['rediss://me:p%40ss@[::1]:7000/3'], false), {
      nodes: [{ host: '::1', port: 7000 }],
      username: 'me',
      password: 'p@ss',
      db: 3,
      tls: true,
    })
  })

  test('reads a password without a user', () => {
    const { username, password } = redisEndpoints(['redis://:secret@cache'], false)
    assert.deepEqual([username, password], [undefined, 'secret'])
  })

  test('takes the user of the first node for all nodes of a cluster', () => {
    const { nodes, username } = redisEndpoints(['redis://me:x@a:1', 'redis://b:2', 'redis://me:x@c:3'], true)
    assert.deepEqual(
      nodes.map(({ host, port }) => `${host}:${port}`),
      ['a:1', 'b:2', 'c:3'],
    )
    assert.equal(username, 'me')
  })

  test('refuses what it cannot follow, and shows no password', () => {
    const refused: [readonly string[], boolean, RegExp][] = [
      [[], true, /no server/],
      [['redis://a', 'redis://b'], false, /redis\.cluster/],
      [['http://a'], false, /redis:\/\/cache:6379/],
      [['cache:6379'], false, /redis:\/\/cache:6379/],
      [['redis://:s3cret@'], false, /redis:\/\/cache:6379/],
      [['redis://a/x'], false, /database/],
      [['redis://a/1'], true, /database 0/],
      [['redis://a', 'rediss://b'], true, /mixes/],
      [['redis://me:s3cret@a', 'redis://me:s3cret2@b'], true, /another user or password/],
      [['redis://:s3cret%@a'], false, /%25/],
    ]
    for (const [urls, cluster, expected] of refused) {
      const message = faultOf(urls, cluster)
      assert.match(message, expected)
      assert.doesNotMatch(message, /s3cret/)
    }
  })
})
