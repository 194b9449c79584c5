import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serverNames } from './server-names.ts'

test('every Service is found by its short and its long names', () => {
  const names = serverNames('orders', 'shop', [])
  for (const service of ['orders', 'orders-stable', 'orders-canary'])
    for (const end of ['', '.shop', '.shop.svc', '.shop.svc.cluster.local'])
      assert.ok(names.includes(service + end), service + end)
  assert.ok(names.includes('localhost'))
  assert.ok(names.includes('127.0.0.1'))
  assert.equal(names.length, 14)
})

test('further names are taken once, in small letters, wildcards and addresses among them', () => {
  const names = serverNames('orders', 'shop', [
    'IDs.example.com',
    'ids.example.com',
    '*.example.com',
    '10.0.0.7',
  ])
  assert.deepEqual(names.slice(12, 15), ['ids.example.com', '*.example.com', '10.0.0.7'])
})

test('what can stand in no certificate is named', () => {
  for (const bad of [
    'a b',
    'a,b',
    'ex_ample.com',
    'a.*.com',
    '-a.com',
    'a..b',
    '',
    'müller.de',
    'x'.repeat(64),
  ])
    assert.throws(
      () => serverNames('orders', 'shop', ['good.example.com', bad]),
      (thrown: Error) =>
        thrown.message.includes(`"${bad}" can stand in no certificate`) && !thrown.message.includes('good'),
    )
})
