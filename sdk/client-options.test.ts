import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ClientOptions, settingsOf } from './client-options.ts'
import { IdgenClientError } from './core/client-error.ts'
import { IdgenClient } from './idgen-client.ts'
import { clientWorld } from './test-doubles/client-world.ts'

function refuses(options: Partial<ClientOptions>, message: RegExp): void {
  assert.throws(
    () => new IdgenClient({ endpoints: 'http://localhost:8080', ...options }),
    (error) => {
      assert.ok(error instanceof IdgenClientError)
      assert.equal(error.code, 'IDGEN_CLIENT_OPTION_INVALID')
      assert.match(error.message, message)
      return true
    },
  )
}

test('an option that cannot be is refused with its name, its value and what it may be', () => {
  refuses({ endpoints: [] }, /endpoints needs an address/)
  refuses({ endpoints: 'localhost:8080' }, /http:\/\/host:port.*"localhost:8080"/)
  refuses({ endpoints: 'grpc://localhost:1' }, /endpoints/)
  refuses({ endpoints: 'http://a?b' }, /"\?"/)
  refuses({ endpoints: [{ url: 'http://a', dc: 9 }] }, /dc .* 0 to 7, not 9/)
  refuses({ dc: 8 }, /dc must be a whole number from 0 to 7, not 8/)
  refuses({ deadlineMs: 0 }, /deadlineMs/)
  refuses({ attemptMs: 5001 }, /attemptMs .* 1 to 5000, not 5001/)
  refuses({ maxBlock: 2_000_000 }, /maxBlock .* 1000000, not 2000000/)
  refuses({ minBlock: 11, maxBlock: 10 }, /minBlock .* 1 to 10, not 11/)
  refuses({ keep: 1.5 }, /keep/)
  refuses({ aheadMs: 60_000 }, /aheadMs/)
  refuses({ lifetimeMs: Number.NaN }, /lifetimeMs .* NaN/)
})

test('an attempt leaves the service its own two seconds, and time for a second one', () => {
  const attemptMs = (deadlineMs?: number): number =>
    settingsOf({ endpoints: 'http://a', ...(deadlineMs !== undefined && { deadlineMs }) }, ['http']).attemptMs
  assert.equal(attemptMs(), 2500)
  assert.equal(attemptMs(60_000), 2500)
  assert.equal(attemptMs(1000), 500)
  assert.equal(attemptMs(1), 1)
})

test('a secret stands in no message', () => {
  const secret = (error: Error): boolean => !error.message.includes('hunter2')
  assert.throws(() => new IdgenClient({ endpoints: 'http://key:hunter2@host' }), secret)
  assert.throws(() => new IdgenClient({ endpoints: 'http://host', key: 'hunter2\r\n' }), secret)
})

test('a name that no tag can have is refused before anybody is asked', () => {
  const { client, transport } = clientWorld()
  for (const path of ['orders', 'a/b', 'a/b/c/d', 'A/b/c', 'a/b/../c', 'a/b/c?', `a/b/${'c'.repeat(64)}`, ''])
    assert.throws(() => client.numbers(path), { code: 'IDGEN_CLIENT_OPTION_INVALID' })
  assert.equal(transport.requests.length, 0)
})

test('a number of IDs that cannot be is refused', async () => {
  const { client } = clientWorld({ maxBlock: 10 })
  const numbers = client.numbers('acme/shop/orders')
  for (const count of [0, -1, 1.5, Number.NaN, 1_000_001])
    await assert.rejects(numbers.batch(count), { code: 'IDGEN_CLIENT_OPTION_INVALID' })
  await assert.rejects(numbers.prefetch(11), /maxBlock/)
})

test('a deadline that a timer would take for none is refused', async () => {
  const { client, transport } = clientWorld()
  transport.held = true
  for (const deadlineMs of [0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 32])
    await assert.rejects(client.numbers('acme/shop/orders').next({ deadlineMs }), /deadlineMs must be/)
})
