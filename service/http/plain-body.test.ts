import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countAsText, PLAIN_BODY_MAX } from './plain-body.ts'

test('a body that asks for IDs as text says how many', () => {
  for (const body of ['{}', '{"count":1}', '{"count": 1}', '{"as":"text"}', '{"count": 1, "as": "text"}'])
    assert.equal(countAsText(body), 1, body)
  assert.equal(countAsText('{"count":1000}'), 1000)
  assert.equal(countAsText('{"count": 10000, "as": "text"}'), 10_000)
})

test('what it reads is what JSON says', () => {
  const bodies = fc.oneof(
    fc.integer().map((count) => JSON.stringify({ count })),
    fc.record({ count: fc.nat(), as: fc.constantFrom('text', 'number') }).map((one) => JSON.stringify(one)),
    fc.stringMatching(/^\{"count": ?[-+0-9.eE]{1,9}\}$/),
    fc.string({ maxLength: PLAIN_BODY_MAX }),
  )
  fc.assert(
    fc.property(bodies, (body) => {
      const count = countAsText(body)
      if (count === undefined) return
      const { count: asked = 1, as = 'text', ...rest } = JSON.parse(body) as Record<string, unknown>
      assert.deepEqual([asked, as, rest], [count, 'text', {}])
    }),
  )
})

test('anything else is not for it', () => {
  for (const body of [
    '',
    '{"count":0}',
    '{"count":01}',
    '{"count":-1}',
    '{"count":1.0}',
    '{"count":1e3}',
    '{"count":12345678}',
    '{"count":"1"}',
    '{"count":2,"as":"number"}',
    '{"count":2,"count":3}',
    '{"as":"text","count":2}',
    '{"count":2}\n',
    ' {"count":2}',
  ])
    assert.equal(countAsText(body), undefined, body)
})
