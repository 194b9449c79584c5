import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { IdgenError } from '../../core/errors.ts'
import { cacheUnavailable, fromRedis } from './redis-error.ts'

describe('fromRedis', () => {
  test('names what was done and why it failed, and keeps the cause', () => {
    const thrown = new Error('LOADING Redis is loading the dataset in memory')
    const error = fromRedis(thrown, 'taking a block')
    assert.equal(error.code, 'IDGEN_CACHE_UNAVAILABLE')
    assert.match(error.message, /while taking a block: LOADING/)
    assert.equal(error.cause, thrown)
  })

  test('keeps no arguments of the failed command, which may be a password', () => {
    const thrown = Object.assign(new Error('WRONGPASS'), { command: { name: 'auth', args: ['s3cret'] } })
    assert.doesNotMatch(inspect(fromRedis(thrown, 'connecting'), { depth: 9 }), /s3cret/)
  })

  test('takes what is no Error, and leaves an IdgenError as it is', () => {
    assert.match(fromRedis('gone', 'asking').message, /gone/)
    const own = cacheUnavailable('left alone')
    assert.equal(fromRedis(own, 'asking'), own)
    assert.ok(own instanceof IdgenError)
  })
})
