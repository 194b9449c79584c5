import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientDcOf, DcTraffic, UNKNOWN_DC } from './dc-traffic.ts'

test('a data centre is one digit from 0 to 7, and everything else is unknown', () => {
  assert.deepEqual(
    ['0', '7'].map((text) => clientDcOf(text)),
    [0, 7],
  )
  for (const text of ['8', '9', '/', '', '-1', '00', '1, 2', ' 1', 'x', 'é', undefined, 1, ['1'], null])
    assert.equal(clientDcOf(text), UNKNOWN_DC, String(text))
})

test('requests are counted by the data centre of the client', () => {
  const traffic = new DcTraffic(3)
  for (const text of ['0', '7', '7', undefined]) traffic.count(clientDcOf(text), 1)
  const told: Record<string, number> = {}
  traffic.each((dc, requests) => {
    told[dc] = requests
  })
  assert.deepEqual(told, { '0': 1, '7': 2, unknown: 1 })
})
