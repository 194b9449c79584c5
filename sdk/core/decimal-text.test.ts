import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DecimalText } from './decimal-text.ts'

test('text is what BigInt would print, over carries and from run to run', () => {
  const value = fc.bigInt({ min: 0n, max: 2n ** 63n - 5000n })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(value, fc.array(fc.nat(4000), { maxLength: 30 })), { maxLength: 5 }),
      (runs) => {
        const text = new DecimalText()
        for (const [first, offsets] of runs)
          for (const offset of offsets) assert.equal(text.at(first, offset), String(first + BigInt(offset)))
      },
    ),
  )
})

test('text goes on from every value to the next', () => {
  const text = new DecimalText()
  for (const first of [0n, 990n, 999_000n, 2n ** 53n - 1500n])
    for (let offset = 0; offset < 2500; offset += 1)
      assert.equal(text.at(first, offset), String(first + BigInt(offset)))
})
