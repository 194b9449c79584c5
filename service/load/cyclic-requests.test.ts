import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CyclicRequests } from './cyclic-requests.ts'

test('every window is the requests of the tags in turn, from wherever it begins', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1, maxLength: 7 }),
      fc.integer({ min: 1, max: 20 }),
      fc.nat(1_000_000),
      fc.nat(19),
      (requests, windowMax, from, less) => {
        const count = Math.max(1, windowMax - less)
        const expected = Array.from({ length: count }, (_, i) => requests[(from + i) % requests.length]).join(
          '',
        )
        assert.equal(new CyclicRequests(requests, windowMax).window(from, count).toString(), expected)
      },
    ),
  )
})
